"""Plugins with very many components."""

import time

from flowerablate.discovery import discover


def test_a_plugin_of_very_many_components_is_listed_in_time(tmp_path):
    (tmp_path / "flowerablate_local.py").write_text(
        "import flowerablate as fa\n@fa.hookimpl\ndef flowerablate_register(register):\n"
        "    for i in range(30_000):\n"
        "        register(fa.StepSpec(name=f'x{i}', summary='s', build=lambda c: None))\n"
    )
    begin = time.perf_counter()
    assert "x29999" in discover(tmp_path).registry.slot("step")
    assert time.perf_counter() - begin < 20

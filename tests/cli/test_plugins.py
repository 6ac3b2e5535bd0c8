from __future__ import annotations

import json

import pytest

from flowerablate.cli.plugins import _parts
from flowerablate.discovery import Catalogue, Failure
from flowerablate.registry import Owner, Registry

BROKEN = "1 / 0"
CLASHING = (
    "import flowerablate as fa\n@fa.hookimpl\ndef flowerablate_register_step(register):\n"
    "    register(fa.StepSpec('morphology', 'A step.', build=lambda context: None))\n"
)
GOOD = CLASHING.replace("morphology", "homemade")


def test_plugins_are_listed_with_distribution_version_and_components(bare_command):
    code, out, _ = bare_command("plugins")
    assert code == 0
    lines = {line.split()[0]: line for line in out.splitlines() if line[:1].strip()}
    assert lines["morphology"].split()[1] == "flowerablate"
    assert "step 8: morphology, erode, dilate, open, close, gradient, tophat, blackhat" in lines["morphology"]


def test_the_local_plugin_is_listed_with_its_hash(bare_command, tmp_path):
    (tmp_path / "flowerablate_local.py").write_text(GOOD)
    _, out, _ = bare_command("plugins", "--format", "json")
    found = next(each for each in json.loads(out)["plugins"] if each["plugin"] == "flowerablate_local")
    assert found["components"] == {"step": ["homemade"]}
    assert len(found["digest"]) == 32


@pytest.mark.parametrize("place", ["studies", "studies/roses.toml"])
def test_the_local_plugin_of_another_folder_or_study_can_be_asked_for(bare_command, tmp_path, place):
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "roses.toml").write_text("")
    (tmp_path / "studies" / "flowerablate_local.py").write_text(GOOD)
    assert "homemade" not in bare_command("plugins")[1]
    assert "homemade" in bare_command("plugins", "--local", place)[1]


def test_a_plugin_that_failed_is_shown_with_the_reason_and_is_no_error(bare_command, tmp_path):
    (tmp_path / "flowerablate_local.py").write_text(BROKEN)
    code, out, _ = bare_command("plugins")
    assert code == 0
    assert "failed to load" in out
    assert "flowerablate_local.py" in out
    assert "ZeroDivisionError: division by zero" in out


def test_a_clash_is_shown_with_both_owners_and_is_an_error(bare_command, tmp_path):
    (tmp_path / "flowerablate_local.py").write_text(CLASHING)
    code, out, _ = bare_command("plugins")
    assert code == 1
    assert "step 'morphology' is registered twice: by morphology (flowerablate" in out
    assert "and by flowerablate_local (flowerablate_local.py" in out


def test_json_tells_failures_and_clashes_too(bare_command, tmp_path):
    (tmp_path / "flowerablate_local.py").write_text(CLASHING)
    code, out, _ = bare_command("plugins", "--format", "json")
    assert code == 1
    clash = json.loads(out)["clashes"][0]
    assert clash["plugin"] == "flowerablate_local"
    assert "registered twice" in clash["reason"]
    (tmp_path / "flowerablate_local.py").write_text(BROKEN)
    failure = json.loads(bare_command("plugins", "--format", "json")[1])["failures"][0]
    assert failure["reason"] == "ZeroDivisionError: division by zero"


def test_an_owner_is_not_told_twice():
    owner = Owner("tidy", "dist-tidy", "1.0")
    catalogue = Catalogue(Registry(), (), (), (Failure(owner, f"two plugins are called 'tidy': {owner} and x"),))
    from rich.console import Console

    console = Console(width=200)
    with console.capture() as capture:
        for part in _parts(catalogue):
            console.print(part)
    assert capture.get().count(str(owner)) == 1

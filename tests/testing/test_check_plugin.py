"""The suites find what they promise to find: each fault below is one that a plugin author could make."""

from __future__ import annotations

import types
from dataclasses import replace

import pytest

import flowerablate as fa
from flowerablate.contracts import SPECS, slots
from flowerablate.testing import check_plugin


def plugin_with(*specs, hook="flowerablate_register", decorate=True):
    module = types.ModuleType("a_plugin")

    def register_all(register):
        for spec in specs:
            register(spec)

    setattr(module, hook, fa.hookimpl(register_all) if decorate else register_all)
    return module


GOOD = fa.StepSpec("odd", "Odd.", build=lambda context: None)


def test_a_good_plugin_gives_its_specs():
    assert check_plugin(plugin_with(GOOD)) == [GOOD]


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (plugin_with(), "registers nothing"),
        (plugin_with(GOOD, hook="flowerablate_register_stp"), "unknown hook"),
        (plugin_with(GOOD, decorate=False), "lacks the @flowerablate.hookimpl decorator"),
        (plugin_with(GOOD, hook="flowerablate_register_model"), "takes a ModelSpec, not a StepSpec"),
        (plugin_with(GOOD, GOOD), "registered twice"),
        (plugin_with(replace(GOOD, name="OddStep")), "a name consists of lower-case letters"),
        (plugin_with(replace(GOOD, summary=" ")), "the summary is empty"),
        (plugin_with(replace(GOOD, params=(fa.Param("size", 3, ""),))), "'size': the summary is empty"),
        (plugin_with(replace(GOOD, params=(fa.Param("size", 3, "s", low=1, off=0),))), "off must be a whole number"),
        (plugin_with(replace(GOOD, build=lambda: None)), r"build must take \(context\)"),
        (
            plugin_with(replace(GOOD, build=lambda context, sise: None, params=(fa.Param("size", 3, "s"),))),
            r"build must take \(context, size\)",
        ),
        (plugin_with(replace(GOOD, stand_in=lambda context: None)), "stand_in is for random steps"),
    ],
)
def test_a_faulty_plugin_is_reported_with_its_fix(module, message):
    with pytest.raises(AssertionError, match=message):
        check_plugin(module)


@pytest.mark.parametrize("slot", slots(from_plugins=True))
def test_the_build_of_every_slot_takes_a_context_before_the_parameters(slot):
    if slot == "measure":  # which cannot have parameters
        params, bad, good_build = (), lambda: None, lambda context: None
    else:
        params, bad, good_build = (fa.Param("width", 3, "cells"),), lambda width: None, lambda context, width: None
    wanted = ", ".join(["context", *(param.name for param in params)])
    with pytest.raises(AssertionError, match=rf"build must take \({wanted}\)"):
        check_plugin(plugin_with(SPECS[slot]("odd", "Odd.", build=bad, params=params)))
    good = SPECS[slot]("odd", "Odd.", build=good_build, params=params)
    assert check_plugin(plugin_with(good)) == [good]


def test_a_data_set_that_reads_paths_needs_a_parameter_for_them():
    spec = fa.DatasetSpec("odd", "Odd.", build=lambda context: None, reads=lambda path: False)
    with pytest.raises(AssertionError, match="must have a parameter path"):
        check_plugin(plugin_with(spec, hook="flowerablate_register_dataset"))


def test_a_plugin_that_imports_something_heavy_at_its_top_is_reported(tmp_path, monkeypatch):
    (tmp_path / "heavy_plugin.py").write_text(
        "import scipy\nimport flowerablate as fa\n@fa.hookimpl\ndef flowerablate_register_step(register):\n"
        "    register(fa.StepSpec('odd', 'Odd.', build=lambda context: None))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import heavy_plugin

    with pytest.raises(AssertionError, match="importing heavy_plugin loads scipy"):
        check_plugin(heavy_plugin)

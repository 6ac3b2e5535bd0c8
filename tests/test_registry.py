from __future__ import annotations

import pytest

from flowerablate import ModelSpec, PluginError, StepSpec, StudyError
from flowerablate.contracts import TRAINING, slots
from flowerablate.registry import Owner, Registry

ROSES = Owner("roses", "flowerablate-roses", "1.2")
LOCAL = Owner("flowerablate_local", "flowerablate_local.py", "", "0123456789abcdef0123")


def step(name):
    return StepSpec(name, "A step.", build=lambda context: None)


def test_a_component_is_found_with_its_owner():
    registry = Registry()
    registry.add([step("blur")], ROSES)
    assert registry.find("step", "blur").owner == ROSES


def test_a_name_that_is_taken_raises_and_names_both_owners():
    registry = Registry()
    registry.add([step("blur")], ROSES)
    with pytest.raises(PluginError) as caught:
        registry.add([step("blur")], LOCAL)
    assert "step 'blur' is registered twice" in str(caught.value)
    assert str(ROSES) in str(caught.value)
    assert str(LOCAL) in str(caught.value)


def test_where_one_name_clashes_none_of_the_plugins_components_are_added():
    registry = Registry()
    registry.add([step("blur")], ROSES)
    with pytest.raises(PluginError):
        registry.add([step("sharpen"), step("blur")], LOCAL)
    assert list(registry.slot("step")) == ["blur"]


def test_one_plugin_cannot_register_a_name_twice():
    registry = Registry()
    with pytest.raises(PluginError, match="registered twice"):
        registry.add([step("blur"), step("blur")], ROSES)
    assert registry.slot("step") == {}


def test_the_same_name_in_another_slot_is_another_component():
    registry = Registry()
    registry.add([step("blur"), ModelSpec("blur", "A model.", build=lambda context: None)], ROSES)
    assert registry.find("step", "blur") != registry.find("model", "blur")


def test_a_misspelt_name_gets_the_nearest_one_and_the_place_where_it_stood():
    registry = Registry()
    registry.add([step("sharpen"), step("blur")], ROSES)
    with pytest.raises(StudyError, match=r"steps\.edge: no step is called 'sharpn'; did you mean 'sharpen'\?"):
        registry.find("step", "sharpn", "steps.edge")


def test_an_unknown_slot_gets_the_nearest_one():
    with pytest.raises(StudyError, match=r"no slot is called 'modle'; did you mean 'model'\?"):
        Registry().slot("modle")


@pytest.mark.parametrize("slot", slots(from_plugins=True))
def test_every_slot_that_plugins_fill_begins_empty(slot):
    assert Registry().slot(slot) == {}


def test_the_settings_of_training_are_there_from_the_beginning():
    assert Registry().find("train", "standard").spec is TRAINING
    assert Registry().find("train", "standard").owner.is_ours


def test_components_are_listed_by_name():
    registry = Registry()
    registry.add([step("sharpen"), step("blur")], ROSES)
    assert list(registry.slot("step")) == ["blur", "sharpen"]


def test_an_owner_reads_as_plugin_distribution_version_and_digest():
    assert str(ROSES) == "roses (flowerablate-roses 1.2)"
    assert str(LOCAL) == "flowerablate_local (flowerablate_local.py 0123456789ab)"
    assert str(Owner("lilies", "dist", "2.0", "0123456789abcdef")) == "lilies (dist 2.0 0123456789ab)"
    assert str(Owner("odd", "unknown", "")) == "odd (unknown)"

"""The recipes for transforms of other libraries run as they stand, and keep the contract of a step."""

import re
import sys
import types
from pathlib import Path

import pytest

from flowerablate.testing import check_component, check_plugin, check_step

DOCUMENT = Path(__file__).parents[2] / "docs" / "how-to" / "library-transforms.md"
RECIPES = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), flags=re.DOTALL)


def specs_of(recipe):
    for library in re.findall(r"^    (?:import|from) (albumentations|torchvision)\b", recipe, flags=re.MULTILINE):
        pytest.importorskip(library)
    module = types.ModuleType("recipe")
    exec(compile(recipe, str(DOCUMENT), "exec"), vars(module))
    return check_plugin(module)


def test_there_is_a_recipe_for_both_libraries():
    assert [sum(library in recipe for recipe in RECIPES) for library in ("albumentations", "torchvision")] == [1, 1]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: re.findall(r'name="([\w-]+)"', recipe)[0])
def test_a_recipe_keeps_the_contract_of_a_step(recipe, tmp_path):
    for spec in specs_of(recipe):
        check_component(spec, cache=tmp_path)


@pytest.mark.parametrize("recipe", RECIPES[:2], ids=["albumentations", "torchvision"])
def test_a_random_recipe_works_on_grey_images_and_leaves_other_generators_alone(recipe):
    import random

    import numpy as np
    import torch

    (spec,) = specs_of(recipe)
    before = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
    check_step(spec, channels=1)
    assert (random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()) == before


def test_a_recipe_that_imports_inside_build_can_be_listed_without_its_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "albumentations", None)
    module = types.ModuleType("recipe")
    exec(compile(RECIPES[0], str(DOCUMENT), "exec"), vars(module))
    found = []
    module.flowerablate_register(found.append)
    assert [spec.name for spec in found] == ["bend-and-hide"]

"""A study of little noise images, ready to be tuned in a moment."""

from collections.abc import Callable
from pathlib import Path

import pytest

from flowerablate.discovery import discover
from flowerablate.study.read import read_study
from flowerablate.study.resolve import resolve
from flowerablate.study.templates import default_study
from flowerablate.tuning.tuning_plan import TuningPlan, plan_tuning
from flowerablate.wiring.assemble import Assembler

SMALL = {
    "steps": {
        "resize": {"use": "resize", "size": 16, "fit": "cover", "removable": False},
        "flip": {"use": "horizontal_flip"},
        "normalize": {"use": "normalize"},
    },
    "input.image_size": 16,
    "model": {"use": "resnet8", "width": 4},
    "train.epochs": 2,
    "train.batch_size": 4,
}


@pytest.fixture
def assembler(tmp_path: Path, own_cache: Path) -> Assembler:
    return Assembler(discover(tmp_path).registry, tmp_path, own_cache)


@pytest.fixture
def base(assembler: Assembler):
    """The default pipeline."""
    return resolve(read_study(default_study(), None), assembler.lookup)


@pytest.fixture
def make_plan(assembler: Assembler, image_folder: Path) -> Callable[..., TuningPlan]:
    """Make a plan of the small study: ``make_plan("optimizer.lr", seeds=2, pruner="none", **keys)``."""

    def make(*search: str, seeds: int = 1, pruner: str = "none", **keys: object) -> TuningPlan:
        dataset = {"dataset": {"use": "folder", "path": str(image_folder)}}
        study = read_study(default_study(), None, (), {**SMALL, **dataset, **keys})
        return plan_tuning(study, search, seeds, pruner, assembler)

    return make

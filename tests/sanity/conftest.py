"""Puts small studies with planted faults on the bench."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from flowerablate.discovery import discover
from flowerablate.sanity import RUNGS, Bench, Rung, climb, overfit, set_up
from flowerablate.study.read import read_study
from flowerablate.study.resolve import resolve
from flowerablate.study.templates import default_study
from flowerablate.wiring.assemble import Assembler

STUDY = """
[dataset]
use = "folder"
path = "images"
[input]
image_size = 16
[steps.resize]
use = "resize"
size = 16
removable = false
[steps.normalize]
use = "normalize"
[model]
use = "sound"
[optimizer]
use = "nesterov"
lr = 0.1
[train]
epochs = 6
batch_size = 16
"""

Put = Callable[..., Bench]
Try = Callable[..., Rung]


@pytest.fixture(scope="session")
def study_folder(tmp_path_factory: pytest.TempPathFactory, make_images) -> Path:
    """A folder with 96 images of two classes, a sound study and a plugin full of faults."""
    folder = tmp_path_factory.mktemp("sanity")
    make_images(folder / "images", per_class=48, size=16)
    shutil.copy(Path(__file__).with_name("faulty_plugin.py"), folder / "flowerablate_local.py")
    (folder / "study.toml").write_text(STUDY)
    return folder


@pytest.fixture
def put(study_folder: Path, tmp_path: Path, tmp_path_factory) -> Put:
    """Put the study on the bench, with overrides such as ``model.use=blind``; *more* is added to the file."""

    def set_it_up(*overrides: str, more: str = "", without: str = "", subset: str = "100") -> Bench:
        path = tmp_path / "study.toml"
        path.write_text((STUDY.replace(without, "") if without else STUDY) + more)
        registry = discover(study_folder).registry
        assembler = Assembler(registry, study_folder, tmp_path_factory.getbasetemp() / "cache")
        pipeline = resolve(read_study(default_study(), path, overrides), assembler.lookup)
        data = assembler.load_data(pipeline, skip_bad=False)
        return set_up(pipeline, assembler, data, seed=0, subset=subset, out=tmp_path / "out")

    return set_it_up


@pytest.fixture
def climbed(put: Put, monkeypatch: pytest.MonkeyPatch) -> Try:
    """Climb one rung with the study and its overrides; what cannot be learnt is given up sooner than for users."""
    monkeypatch.setattr(overfit, "MAX_STEPS", 80)

    def one(name: str, *overrides: str, **settings: str) -> Rung:
        assert name in RUNGS
        return next(rung for rung in climb(put(*overrides, **settings), [name]) if rung.name == name)

    return one

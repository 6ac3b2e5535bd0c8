"""Fixtures for all rooms: where the real photographs are, and small folders of images made on the spot."""

import functools
import gc
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from hypothesis import settings
from PIL import Image

from flowerablate.contracts import ExecutorSpec
from flowerablate.train.threads import wait_politely

# The networks of the tests are tiny, and the workers of pytest-xdist share the cores. Read when torch is loaded.
os.environ.setdefault("OMP_NUM_THREADS", "1")
wait_politely()
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs, and their children, ignore Ctrl-C
for _profile, _examples in {"quick": 30, "thorough": 200}.items():  # --hypothesis-profile=thorough looks for longer
    # A busy machine must not fail a test for being slow.
    settings.register_profile(_profile, deadline=None, max_examples=_examples)
settings.load_profile("quick")
typer.main.get_command = functools.cache(typer.main.get_command)  # else all commands are built anew for each call
ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(Path(__file__).resolve().parent))  # helpers that several rooms' tests import


def pytest_collection_finish() -> None:
    """Take what is loaded by now, and stays, off the garbage collector, which else goes over all of it each time."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """A worker for each core with ``-n auto``, but no more than eight: each loads torch and collects all tests."""
    return min(os.cpu_count() or 1, 8)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Let a worker that is done take tests from the other: a few of the command line cost as much as all of a room."""
    from xdist.scheduler import WorkStealingScheduling

    return WorkStealingScheduling(config, log) if config.option.dist == "load" else None


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real photographs and X-rays, beside the checkout or where $FLOWERABLATE_DATA says."""
    folder = Path(os.environ.get("FLOWERABLATE_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("the folder of real images is not here")
    return folder


@pytest.fixture
def image_folder(tmp_path: Path) -> Path:
    """Two classes of twelve images that a tiny network can tell apart: reddish and greenish noise."""
    return make_image_folder(tmp_path / "images")


@pytest.fixture(scope="session")
def make_images() -> Callable[..., Path]:
    """Make such a folder: ``make_images(root, per_class=12, size=24)``."""
    return make_image_folder


def make_image_folder(root: Path, per_class: int = 12, size: int = 24) -> Path:
    numbers = np.random.default_rng(0)
    for channel, name in enumerate(("green", "red")):
        (root / name).mkdir(parents=True)
        for index in range(per_class):
            pixels = numbers.integers(0, 120, (size, size + index % 3, 3), dtype=np.uint8)
            pixels[..., 1 - channel] += 100
            Image.fromarray(pixels).save(root / name / f"{index:02}.png")
    return root


@pytest.fixture(autouse=True)
def away_from_the_sources(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Let processes that a test starts import the installed package, not the sources in the folder of the checkout.

    A test that asks for no folder of its own, as most do, is not given one: it runs in one that must stay empty.
    """
    if "tmp_path" in request.fixturenames:
        monkeypatch.chdir(request.getfixturevalue("tmp_path"))
        yield
        return
    empty = tmp_path_factory.getbasetemp() / "empty"
    empty.mkdir(exist_ok=True)
    monkeypatch.chdir(empty)
    yield
    left = [path.name for path in empty.iterdir()]
    if left:
        shutil.rmtree(empty)
    assert not left, "a test that writes into its working directory needs tmp_path"


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep every test out of the user's cache; the tests of one session, of all its workers, share theirs."""
    base = tmp_path_factory.getbasetemp()
    cache = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "cache"
    monkeypatch.setenv("FLOWERABLATE_CACHE", str(cache))
    return cache


@pytest.fixture(autouse=True, scope="session")
def in_this_process() -> Iterator[None]:
    """Run trials in the process of the test, where it can replace parts of them, unless a test names an executor."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ExecutorSpec, "default_use", "inline")
        yield


STEPS = {
    "morphology": "morphology",
    "crop": "random_resized_crop",
    "flip": "horizontal_flip",
    "rotation": "rotate",
    "light": "brightness_contrast",
}
TINY = """
[dataset]
use = "synthetic-flowers"
[input]
image_size = 16
[steps.resize]
use = "resize"
size = 20
removable = false
{steps}
[optimizer]
use = "nesterov"
lr = 0.1
[train]
epochs = 2
batch_size = {batch_size}
[ablation]
seeds = 2
"""


@pytest.fixture(scope="session")
def tiny_study() -> Callable[..., str]:
    """A study that trains in a moment, TOML: ``tiny_study(*steps, batch_size=4, normalize="", more="")``.

    *steps* are names in ``STEPS``, all unless some are given; *more* is added to the file.
    """

    def text(*steps: str, batch_size: int = 4, normalize: str = "", more: str = "") -> str:
        uses = {name: STEPS[name] for name in steps or STEPS}
        if normalize:
            uses["normalize"] = normalize
        tables = "\n".join(f'[steps.{name}]\nuse = "{use}"' for name, use in uses.items())
        return TINY.format(steps=tables, batch_size=batch_size) + more

    return text


@pytest.fixture(scope="session")
def train_study() -> Callable[..., Path]:
    """Train a study in a folder: ``train_study(here, text, "--disable=flip", data="images")``; return the runs."""
    from flowerablate.cli import main

    def train(here: Path, text: str, *words: str, data: Path | str = "images") -> Path:
        (here / "tiny.toml").write_text(text)
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(here)
            patch.setenv("FLOWERABLATE_CACHE", str(here / "cache"))
            patch.setattr(sys, "argv", ["flowerablate", "run", "tiny.toml", "--data", str(data), *words])
            with pytest.raises(SystemExit) as done:
                main()
        assert not done.value.code
        return here / "runs"

    return train


@dataclass(frozen=True)
class TrainedStudy:
    """A small study that has been run: its *images*, its ledger in *runs*, and the *trial* folder of base, seed 0."""

    images: Path
    runs: Path
    trial: Path


@pytest.fixture(scope="session")
def trained_study(
    tmp_path_factory: pytest.TempPathFactory, tiny_study: Callable[..., str], train_study: Callable[..., Path]
) -> TrainedStudy:
    """Train it once, in a moment: a base and one variant, two seeds. Tests read it, and change copies only."""
    here = tmp_path_factory.mktemp("trained")
    images = make_image_folder(here / "images")
    metrics = '[metrics]\nprimary = "accuracy"\nsecondary = ["roc_auc", "macro_f1"]'
    text = tiny_study("crop", "flip", normalize="standardize_dataset", more=metrics)
    runs = train_study(here, text, "--set=steps.normalize.removable=false", "--disable=flip")
    for path in sorted((runs / "tiny" / "trials").glob("*/trial.json")):
        record = json.loads(path.read_text())
        if record["seed"] == 0 and any(not claim["change"] for claim in record["claims"]):
            return TrainedStudy(images, runs, path.parent)
    raise AssertionError("the base was not trained")


@pytest.fixture
def short_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the probe compare 576 images, not ten thousand: enough for what vanishes on each image or on none."""
    from flowerablate.probe import causes, design
    from flowerablate.probe.pixels import Extent

    for module in (causes, design):
        monkeypatch.setattr(module, "PROOF", Extent(training=256, epochs=2, evaluation=64))


@pytest.fixture
def one_thread():
    """Keep torch to one thread: the tensors are tiny, and a machine at work has no cores to spare."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)

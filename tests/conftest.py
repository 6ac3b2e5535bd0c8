"""Fixtures for all rooms: where the real photographs are, and small folders of pictures made on the spot."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flowerablate.train.threads import wait_politely

wait_politely()  # several test runs may share the cores
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs, and their children, ignore Ctrl-C
ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(Path(__file__).resolve().parent))  # helpers that several rooms' tests import


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real photographs and X-rays, beside the checkout or where $FLOWERABLATE_DATA says."""
    folder = Path(os.environ.get("FLOWERABLATE_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("the folder of real images is not here")
    return folder


@pytest.fixture
def picture_folder(tmp_path: Path) -> Path:
    """Two classes of twelve pictures that a tiny network can tell apart: reddish and greenish noise."""
    return make_picture_folder(tmp_path / "pictures")


@pytest.fixture(scope="session")
def make_pictures() -> Callable[..., Path]:
    """Make such a folder: ``make_pictures(root, per_class=12, size=24)``."""
    return make_picture_folder


def make_picture_folder(root: Path, per_class: int = 12, size: int = 24) -> Path:
    numbers = np.random.default_rng(0)
    for channel, name in enumerate(("green", "red")):
        (root / name).mkdir(parents=True)
        for index in range(per_class):
            pixels = numbers.integers(0, 120, (size, size + index % 3, 3), dtype=np.uint8)
            pixels[..., 1 - channel] += 100
            Image.fromarray(pixels).save(root / name / f"{index:02}.png")
    return root


@pytest.fixture(autouse=True)
def away_from_the_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let processes that a test starts import the installed package, not the sources in the folder of the checkout."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep every test out of the user's cache; the tests of one session share theirs."""
    cache = tmp_path_factory.getbasetemp() / "cache"
    monkeypatch.setenv("FLOWERABLATE_CACHE", str(cache))
    return cache


@dataclass(frozen=True)
class TrainedStudy:
    """A small study that has been run: its *pictures*, its ledger in *runs*, and the *trial* folder of base, seed 0."""

    pictures: Path
    runs: Path
    trial: Path


@pytest.fixture(scope="session")
def trained_study(tmp_path_factory: pytest.TempPathFactory) -> TrainedStudy:
    """Train it once, in a moment: a base and one variant, two seeds. Tests read it, and change copies only."""
    here = tmp_path_factory.mktemp("trained")
    (here / "tiny.toml").write_text(TRAINED)
    pictures = make_picture_folder(here / "pictures")
    words = ["run", here / "tiny.toml", "--data", pictures, "--runs", here / "runs", "--disable", "flip", "--seeds", 2]
    environment = {**os.environ, "FLOWERABLATE_CACHE": str(here / "cache"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "flowerablate", *map(str, words)]
    subprocess.run(command, cwd=here, env=environment, check=True, capture_output=True)
    for path in sorted((here / "runs" / "tiny" / "trials").glob("*/trial.json")):
        record = json.loads(path.read_text())
        if record["seed"] == 0 and any(not claim["change"] for claim in record["claims"]):
            return TrainedStudy(pictures, here / "runs", path.parent)
    raise AssertionError("the base was not trained")


TRAINED = """
name = "tiny"
[input]
image_size = 16
[steps.resize]
use = "resize"
size = 20
removable = false
[steps.crop]
use = "random_resized_crop"
[steps.flip]
use = "horizontal_flip"
[steps.normalize]
use = "standardize_dataset"
removable = false
[train]
epochs = 2
batch_size = 4
[metrics]
primary = "accuracy"
secondary = ["roc_auc", "macro_f1"]
[ablation]
seeds = 2
"""


@pytest.fixture
def one_thread():
    """Keep torch to one thread: the tensors are tiny, and a machine at work has no cores to spare."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)

"""Fixtures for all rooms: where the real photographs are, and small folders of pictures made on the spot."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flowerablate.train.threads import wait_politely

wait_politely()  # several test runs may share the cores
ROOT = Path(__file__).resolve().parents[1]


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

"""Makes the slow twins in tests/reference importable as ``reference``, and this folder; gives the tests images."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path += [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parent)]

import numpy as np
import pytest
from numpy.typing import NDArray


def smooth(rng: np.random.Generator, height: int, width: int, channels: int) -> NDArray[np.uint8]:
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    waves = [np.sin(x / rng.uniform(3, 20) + y / rng.uniform(3, 20) + rng.uniform(0, 6)) for _ in range(channels)]
    return np.clip(127 + 110 * np.stack(waves, axis=2) + rng.normal(0, 5, (height, width, channels)), 0, 255).astype(
        np.uint8
    )


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20)


@pytest.fixture
def images(rng: np.random.Generator) -> list[NDArray[np.uint8]]:
    """Seven images of different sizes, three channels."""
    sizes = [(48, 64), (64, 48), (33, 35), (120, 90), (20, 77), (57, 57), (9, 8)]
    return [smooth(rng, height, width, 3) for height, width in sizes]

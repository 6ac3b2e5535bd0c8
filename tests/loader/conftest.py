"""Small packed images in memory and on disk, and data sets over them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flowerablate_mixing.mixing import Mixup
from PIL import Image

from flowerablate.contracts import BatchOp, NativeOp, Samples
from flowerablate.data.store import PackedImages, open_store
from flowerablate.loader import PackedDataset
from flowerablate.preprocess import BatchOps, NamedOp, Preprocess

COUNT, SIZE = 23, 8
FLIP = NamedOp("flip", NativeOp("horizontal_flip", {"probability": 0.5}))
LIGHT = NamedOp("light", NativeOp("brightness_contrast", {"brightness": 0.3, "contrast": 0.3, "probability": 1.0}))
NORMALIZE = NamedOp("normalize", NativeOp("normalize", {"mean": (0.5,) * 3, "std": (0.2,) * 3}))
MIXUP = NamedOp("mixup", BatchOp(Mixup(1.0, 1.0)))
MakeDataset = Callable[..., PackedDataset]


@pytest.fixture
def images() -> PackedImages:
    pixels = np.random.default_rng(1).integers(0, 256, (COUNT, SIZE, SIZE, 3), dtype=np.uint8)
    return PackedImages(
        pixels.reshape(-1),
        np.arange(COUNT, dtype=np.int64) * SIZE * SIZE * 3,
        np.full(COUNT, SIZE, np.int32),
        np.full(COUNT, SIZE, np.int32),
        3,
    )


@pytest.fixture
def mapped(images: PackedImages, tmp_path: Path) -> PackedImages:
    """The same images in a store."""
    paths = [tmp_path / f"{number:02}.png" for number in range(COUNT)]
    for number, path in enumerate(paths):
        Image.fromarray(images.image(number)).save(path)
    keys = tuple(path.name for path in paths)
    samples = Samples(("one", "two"), keys, tuple(paths), (0,) * COUNT)
    return open_store(tmp_path, samples, "store", 3, lambda image: image, lambda what, done, total: None)


@pytest.fixture
def dataset(images: PackedImages) -> MakeDataset:
    """Makes a data set of all images but the first; labels tell them apart."""

    def make(
        source: PackedImages = images, *, ops: Any = (FLIP, LIGHT, NORMALIZE), mixing: bool = False, **options: Any
    ) -> PackedDataset:
        options = {"indices": np.arange(1, COUNT, dtype=np.int64), "seed": 3} | options
        return PackedDataset(
            Preprocess(ops, 3),
            source,
            np.arange(COUNT, dtype=np.uint64) + 100,
            np.arange(COUNT, dtype=np.int64),
            batch_ops=BatchOps([MIXUP], COUNT) if mixing else None,
            **options,
        )

    return make

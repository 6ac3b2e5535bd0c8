"""Shows whether the native core computes what NumPy does; imports little, for ``doctor`` starts it several times."""

from __future__ import annotations

import json

import numpy as np

from . import _native


def self_check() -> None:
    """Run a small chain through the native core and print as JSON which path it took and whether NumPy agrees."""
    height, width = 37, 53  # no multiple of any vector's length
    image = (np.arange(height * width * 3, dtype=np.uint32) * 2654435761 >> 13).astype(np.uint8)
    image = image.reshape(height, width, 3)
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    morphology: dict[str, str | int] = {"op": "open", "size": 3, "shape": "rectangle"}
    normalize: dict[str, tuple[float, ...]] = {"mean": mean, "std": std}
    chain = _native.Chain([("morphology", morphology, 1), ("normalize", normalize, 2)], 3)
    out = np.zeros((4, 3, height, width), np.float32)
    sizes = np.array([height], np.int32), np.array([width], np.int32)
    indices, ids = np.zeros(4, np.int64), np.arange(4, dtype=np.uint64)
    chain.run(image.reshape(-1), np.zeros(1, np.int64), *sizes, indices, ids, out, seed=1, epoch=0)

    opened = image
    for reduce in (np.min, np.max):  # an opening is an erosion, then a dilation; the edge repeated changes neither
        padded = np.pad(opened, ((1, 1), (1, 1), (0, 0)), mode="edge")
        opened = reduce(np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(0, 1)), axis=(-2, -1))
    floats = opened.transpose(2, 0, 1).astype(np.float32) * np.float32(1 / 255)
    expected = (floats - np.array(mean, np.float32)[:, None, None]) / np.array(std, np.float32)[:, None, None]
    equal = all(bool(np.array_equal(each, expected)) for each in out)
    print(json.dumps({"simd": _native.simd_path(), "threads": _native.threads(), "equal": equal}))

"""Computes what steps learn from a replicate's training images: mean and standard deviation to normalise by."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..contracts import NativeOp
from ..data.store import PackedImages
from .chain import IntegerPixels, Preprocess
from .steps import NamedOp, Op, waits_for_training_images

_BATCH = 32
"""Images per batch when computing moments."""


@dataclass(frozen=True)
class Moments:
    """Exact sums over *count* pixels of each channel's values and their squares. *top*: maximum of the dtype."""

    count: int
    sums: tuple[int, ...]
    squares: tuple[int, ...]
    top: int


def fit(
    train: Preprocess,
    evaluate: Preprocess,
    images: PackedImages,
    indices: NDArray[np.int64],
    ids: NDArray[np.uint64],
) -> tuple[Preprocess, Preprocess]:
    """Return both chains with the statistics of the training images, *indices* [n] of *images*, filled in.

    The statistics are those of the output of the evaluation chain, so they do not depend on random draws, and both
    chains get the same. *ids* are those of all samples. Chains that wait for nothing are returned unchanged.
    """
    if not any(waits_for_training_images(named.op) for chain in (train, evaluate) for named in chain.ops):
        return train, evaluate
    pixels = evaluate.with_ops(tuple(named for named in evaluate.ops if not waits_for_training_images(named.op)))
    moments = moments_of(_batches(pixels, images, indices, ids))
    fitted = [
        chain.with_ops(tuple(NamedOp(named.name, resolved(named.op, moments)) for named in chain.ops))
        for chain in (train, evaluate)
    ]
    return fitted[0], fitted[1]


def resolved(op: Op, moments: Moments) -> Op:
    """Return *op* with the statistics that it waits for: mean and standard deviation of values in [0, 1].

    The standard deviation is at least one level, so a constant channel becomes 0.
    """
    if not isinstance(op, NativeOp) or not waits_for_training_images(op):
        return op
    sums, squares, count, top = moments.sums, moments.squares, moments.count, moments.top
    if not op.params["per_channel"]:
        channels = len(sums)
        sums, squares, count = (sum(sums),) * channels, (sum(squares),) * channels, count * channels
    variances = [count * square - total * total for total, square in zip(sums, squares, strict=True)]  # times count^2
    mean = tuple(total / (count * top) for total in sums)
    std = tuple(max(math.sqrt(variance) / (count * top), 1 / top) for variance in variances)
    return replace(op, params={"mean": mean, "std": std})


def moments_of(batches: Iterable[IntegerPixels]) -> Moments:
    """Return the moments of *batches* of pixels, each [B, H, W, C]."""
    count, top = 0, 255
    totals: list[int] = []
    for batch in batches:
        top = int(np.iinfo(batch.dtype).max)
        pixels = batch.reshape(-1, batch.shape[-1])
        exact = 2**53 // top**2  # up to this many pixels float64 sums are exact
        for start in range(0, len(pixels), exact):
            values = pixels[start : start + exact].astype(np.float64)
            sums = np.ones(len(values)) @ values
            squares = np.einsum("nc,nc->c", values, values)
            found = [int(total) for total in (*sums, *squares)]
            totals = [a + b for a, b in zip(totals or [0] * len(found), found, strict=True)]
        count += len(pixels)
    channels = len(totals) // 2
    return Moments(count, tuple(totals[:channels]), tuple(totals[channels:]), top)


def _batches(
    chain: Preprocess, images: PackedImages, indices: NDArray[np.int64], ids: NDArray[np.uint64]
) -> Iterable[IntegerPixels]:
    height, width = chain.output_size(int(images.heights[indices[0]]), int(images.widths[indices[0]]))
    for start in range(0, len(indices), _BATCH):
        chosen = indices[start : start + _BATCH]
        batch = np.empty((len(chosen), height, width, chain.channels), chain.output_dtype)
        chain.run(images, chosen, ids[chosen], batch, seed=0, epoch=0)
        yield batch

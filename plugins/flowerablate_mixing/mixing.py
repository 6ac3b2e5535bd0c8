"""Mixup and cutmix, which change a batch in place.

The partner of a sample is the next sample of its batch; that of the last is the first. The order of an epoch is drawn
from seed and epoch, so partners are random, but the same in both arms of a comparison. Partners are used as they were
before the step. The draws of a sample depend on (seed, epoch, sample, step's name), not on the batch: draw 0 is below
the probability if the sample is mixed; draw 1 gives the fraction; for cutmix, draw 2 is the row of the box's centre and
draw 3 its column.

Values are multiplied and added in float32, rounded once each, so that the result is the same on every processor.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from flowerablate import Draws

Floats = NDArray[np.float32]


def beta_fractions(alpha: float, uniform: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn *uniform* numbers in [0, 1) into draws of Beta(alpha, alpha), by the inverse of its distribution function.

    One uniform number gives one fraction, so that the number of draws is fixed; with rejection sampling it would vary.
    The fractions are rounded to float32, because the last bits of a double differ between versions of SciPy.
    """
    from scipy.special import betaincinv

    fractions: NDArray[np.float64] = betaincinv(alpha, alpha, uniform).astype(np.float32).astype(np.float64)
    return fractions


@dataclass(frozen=True)
class Mixup:
    """``x = f x_i + (1 - f) x_next``, labels likewise, with f from Beta(alpha, alpha) (Zhang et al. 2018)."""

    alpha: float
    probability: float

    def __call__(self, images: Floats, targets: Floats, draws: Draws, spare: Floats) -> None:
        numbers = draws.uniform(2)
        fractions = beta_fractions(self.alpha, numbers[:, 1])
        fractions[numbers[:, 0] >= self.probability] = 1.0
        first, scaled = spare
        for i, partner in _partners(images, first):
            if fractions[i] < 1.0:
                _blend(images[i], partner, fractions[i], scaled)
        _blend_labels(targets, fractions)


@dataclass(frozen=True)
class CutMix:
    """Paste a box of the next image at the same place (Yun et al. 2019).

    The box has the aspect ratio of the image and the fraction 1 - f of its area, with f from Beta(alpha, alpha); its
    sides are rounded down to whole pixels. Its centre is uniform over the pixels, and the box is clipped to the image.
    Labels are mixed by the fraction of the pixels that were actually pasted.
    """

    alpha: float
    probability: float

    def __call__(self, images: Floats, targets: Floats, draws: Draws, spare: Floats) -> None:
        height, width = images.shape[2:]
        numbers = draws.uniform(4)
        sides = np.sqrt(1.0 - beta_fractions(self.alpha, numbers[:, 1]))
        top, bottom = _interval(numbers[:, 2], sides, height)
        left, right = _interval(numbers[:, 3], sides, width)
        bottom[numbers[:, 0] >= self.probability] = 0
        kept = 1.0 - np.maximum(bottom - top, 0) * (right - left) / (height * width)
        for i, partner in _partners(images, spare[0]):
            if kept[i] < 1.0:
                box = (slice(None), slice(top[i], bottom[i]), slice(left[i], right[i]))
                images[i][box] = partner[box]
        _blend_labels(targets, kept)


def _interval(
    uniform: NDArray[np.float64], fraction: NDArray[np.float64], length: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first and past-the-last pixel of a piece of *fraction* times *length*, centred on a uniform pixel."""
    piece = (fraction * length).astype(np.int64)
    start = (uniform * length).astype(np.int64) - piece // 2
    return np.maximum(start, 0), np.minimum(start + piece, length)


def _partners(batch: Floats, first: Floats) -> Iterator[tuple[int, Floats]]:
    """Yield each index of *batch* and the unchanged next element; *first* receives a copy of the first element."""
    first[...] = batch[0]
    last = len(batch) - 1
    for i in range(last):
        yield i, batch[i + 1]
    yield last, first


def _blend(to: Floats, partner: Floats, fraction: float, scaled: Floats) -> None:
    np.multiply(to, np.float32(fraction), out=to)
    np.multiply(partner, np.float32(1.0 - fraction), out=scaled)
    np.add(to, scaled, out=to)


def _blend_labels(targets: Floats, fractions: NDArray[np.float64]) -> None:
    first, scaled = targets[0].copy(), np.empty_like(targets[0])
    for i, partner in _partners(targets, first):
        if fractions[i] < 1.0:
            _blend(targets[i], partner, fractions[i], scaled)

"""What mixup and cutmix do to a batch, in place.

The partner of a sample is the next one of its batch, and of the last one the first. The order of an epoch is drawn from
seed and epoch, so each sample meets a partner at random, and the same one in both arms of a comparison. Partners are
taken as they were before the step. What a sample draws depends on (seed, epoch, sample, step's name) and not on the
batch: draw 0, mixed where it is below the probability; draw 1, the share; cutmix: draw 2, the row of the box's centre,
and draw 3, its column.

Values are multiplied and added in float32, one rounding each, so that the result is the same on every processor.
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


def share_of(alpha: float, uniform: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn *uniform* numbers in [0, 1) into draws of Beta(alpha, alpha), by the inverse of its distribution function.

    One uniform number gives one share, so that no sample's number of draws depends on its luck, as it would with
    rejection. The shares are rounded to float32: the last bits of a double are not the same in every version of SciPy.
    """
    from scipy.special import betaincinv

    shares: NDArray[np.float64] = betaincinv(alpha, alpha, uniform).astype(np.float32).astype(np.float64)
    return shares


@dataclass(frozen=True)
class Mixup:
    """``x = share x_i + (1 - share) x_next``, labels likewise, share from Beta(alpha, alpha): Zhang et al. 2018."""

    alpha: float
    probability: float

    def __call__(self, images: Floats, targets: Floats, draws: Draws, spare: Floats) -> None:
        numbers = draws.uniform(2)
        shares = share_of(self.alpha, numbers[:, 1])
        shares[numbers[:, 0] >= self.probability] = 1.0
        first, scaled = spare
        for i, partner in _partners(images, first):
            if shares[i] < 1.0:
                _blend(images[i], partner, shares[i], scaled)
        _blend_labels(targets, shares)


@dataclass(frozen=True)
class CutMix:
    """Paste a box of the next image at the same place: Yun et al. 2019.

    The box has the shape of the image and the area share 1 - share, share from Beta(alpha, alpha); its sides are cut
    down to whole pixels. Its centre is uniform over the pixels, and what lies outside the image is cut off. The label
    goes by the share of the pixels that were pasted in the end.
    """

    alpha: float
    probability: float

    def __call__(self, images: Floats, targets: Floats, draws: Draws, spare: Floats) -> None:
        height, width = images.shape[2:]
        numbers = draws.uniform(4)
        sides = np.sqrt(1.0 - share_of(self.alpha, numbers[:, 1]))
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
    uniform: NDArray[np.float64], share: NDArray[np.float64], length: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return first and past-the-last pixel of a piece that is *share* of *length* long, around a uniform pixel."""
    piece = (share * length).astype(np.int64)
    start = (uniform * length).astype(np.int64) - piece // 2
    return np.maximum(start, 0), np.minimum(start + piece, length)


def _partners(batch: Floats, first: Floats) -> Iterator[tuple[int, Floats]]:
    """Yield each place of *batch* and the element behind it, unchanged; *first* keeps the one that is changed first."""
    first[...] = batch[0]
    last = len(batch) - 1
    for i in range(last):
        yield i, batch[i + 1]
    yield last, first


def _blend(to: Floats, partner: Floats, share: float, scaled: Floats) -> None:
    np.multiply(to, np.float32(share), out=to)
    np.multiply(partner, np.float32(1.0 - share), out=scaled)
    np.add(to, scaled, out=to)


def _blend_labels(targets: Floats, shares: NDArray[np.float64]) -> None:
    first, scaled = targets[0].copy(), np.empty_like(targets[0])
    for i, partner in _partners(targets, first):
        if shares[i] < 1.0:
            _blend(targets[i], partner, shares[i], scaled)

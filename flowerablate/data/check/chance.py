"""How alike the images of a class are anyway, so that images that are merely alike are not taken for copies.

The likeness of all pairs of a class has a lower tail of distances d = 1 - cosine, in which the fraction of pairs below
d grows like a power of d. Its exponent is estimated from two quantiles (a Pareto tail, whose exponent Hill 1975 takes
from all order statistics) and extrapolated to the distance below which, of all pairs of the class, one is expected in
20 such data sets. Copies themselves do not enter: the two closest images of each image are left out, and the quantiles
are counted as if they were there.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

EXPECTED = 0.05
"""Pairs of a class that are as alike by chance, in expectation."""

MIN_IMAGES = 20
"""Images below which a class is not judged."""

_SAMPLE = 1500
_LEFT_OUT = 2
_QUANTILES = 0.01, 0.05


def chance_likeness(images: NDArray[np.float32]) -> float:
    """Return the cosine above which a pair of a class is more alike than chance; -1 for fewer than 20 images.

    *images*: unit vectors of all its images, float32 [N, D], N in the thousands: 1500 of them are compared.
    """
    if len(images) < MIN_IMAGES:
        return -1.0
    some = images[:: -(-len(images) // _SAMPLE)]
    likeness = some @ some.T
    np.fill_diagonal(likeness, -np.inf)
    count = len(some)
    distances = np.sort(1 - np.sort(likeness, axis=1)[:, 1 : count - _LEFT_OUT], axis=None)
    low = max(_QUANTILES[0], 2 * _LEFT_OUT / count)
    high = max(_QUANTILES[1], 3 * low)

    def distance(quantile: float) -> float:
        place = int(quantile * count * (count - 1)) - _LEFT_OUT * count
        return float(distances[min(max(place, 0), len(distances) - 1)])

    growth = math.log(max(distance(high), 1e-9) / max(distance(low), 1e-9))
    exponent = math.log(high / low) / max(growth, 1e-9)
    pairs = len(images) * (len(images) - 1) / 2
    return 1 - distance(low) * float((EXPECTED / (pairs * low)) ** (1 / exponent))

"""The resolution of a metric: the step in which its values come, and the standard deviation that rounding to it causes.

On N test images an accuracy is a whole number of N-ths. Differences within a step look equal, and their standard
deviation too small or zero. So it is taken to be at least that of rounding to the step h, h / sqrt(12), that of a
uniform distribution of that width (Sheppard 1898, doi:10.1112/plms/s1-29.1.353).
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from ..contracts import TrialResult

TEST_IMAGES = "test images"
"""The fact of a trial that holds the number of its test images."""

_NEAR = 1.2e-7
"""How far from a whole number of images a value may be, as a fraction of all: a float32 rounds so."""


def resolution_of(results: Iterable[TrialResult], metric: str) -> float:
    """Return the step in which *metric* comes: 1 over the number of test images, the largest one if trials differ.

    0 where it is not known: the number is not recorded, a value is no whole number of images, as most metrics are, or
    all are 0 or 1, as finer ones may be too.
    """
    step, between = 0.0, False
    for result in results:
        value, images = result.metrics.get(metric, math.nan), result.facts.get(TEST_IMAGES, 0.0)
        if not math.isfinite(value):
            continue
        if images < 1 or abs(value - round(value * images) / images) > _NEAR:
            return 0.0
        step, between = max(step, 1 / images), between or 0 < value < 1
    return step if between else 0.0


def rounding_sd(step: float, squared_weights: float = 2.0) -> float:
    """Return the standard deviation that rounding to *step* causes in a contrast with this sum of *squared_weights*.

    It is that of one rounded value for a difference of two, whose weights are 1 and -1.
    """
    return step * math.sqrt(squared_weights / 2 / 12)

"""The resolution of a metric: the step in which its values come, and the standard deviation that rounding to it causes.

On N test images an accuracy is a whole number of N-ths. Differences within a step look equal, and their standard
deviation too small or zero. So it is taken to be at least that of rounding to the step h, h / sqrt(12), that of a
uniform distribution of that width (Sheppard 1898, doi:10.1112/plms/s1-29.1.353).

Of a metric whose step is not known, such as a macro F1, it is taken to be the smallest distance between two of the
study's values: where values come in equal steps, the true one is no larger.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise

from ..contracts import TrialResult
from .effects import RESOLUTION

TEST_IMAGES = "test images"
"""The fact of a trial that holds the number of its test images."""

LARGEST_CLASS = "largest class"
"""The fact of a trial that holds the fraction of its test images that are of the largest class."""

_NEAR = 1.2e-7
"""How far from a whole number of images a value may be, as a fraction of all: a float32 rounds so."""


def resolution_of(results: Iterable[TrialResult], metric: str) -> float:
    """Return the step in which *metric* comes: 1 over the number of test images, the largest one if trials differ.

    If the number is not recorded, or a value is no whole number of images, as those of most metrics are not, or if all
    are 0 or 1, as those of finer metrics may be too: the smallest distance between two values, 0 if all are equal.
    """
    done = list(results)
    return known_step(done, metric) or _smallest_distance(
        {value for result in done if math.isfinite(value := result.metrics.get(metric, math.nan))}
    )


def known_step(results: Iterable[TrialResult], metric: str) -> float:
    """Return 1 over the number of test images if *metric* comes in such steps; 0 if that is not known."""
    step, between = 0.0, False
    for result in results:
        value, images = result.metrics.get(metric, math.nan), result.facts.get(TEST_IMAGES, 0.0)
        if not math.isfinite(value):
            continue
        if images < 1 or abs(value - round(value * images) / images) > _NEAR:
            return 0.0
        step, between = max(step, 1 / images), between or 0 < value < 1
    return step if between else 0.0


def _smallest_distance(values: Iterable[float]) -> float:
    ordered = sorted(values)
    rounding = RESOLUTION * max(map(abs, ordered), default=0.0)
    return min((high - low for low, high in pairwise(ordered) if high - low > rounding), default=0.0)


def rounding_sd(step: float, squared_weights: float = 2.0) -> float:
    """Return the standard deviation that rounding to *step* causes in a contrast with this sum of *squared_weights*.

    It is that of one rounded value for a difference of two, whose weights are 1 and -1.
    """
    return step * math.sqrt(squared_weights / 2 / 12)

"""Score intervals of a fraction and of an area under the ROC curve, for images that may come in groups.

A Wald interval, estimate ± z standard errors, takes the standard error at the estimate. Near 1 that is too small, and
at 1 it is 0. A score interval takes it at each value that could be the true one, and holds those values *t* for which
``|estimate - t| <= z standard error(t)``. For a fraction it is that of Wilson (1927, JASA 22:209-212), for an area
under the ROC curve that of Newcombe (2006, doi:10.1002/sim.2324, method 5), whose standard error is that of Hanley and
McNeil (1982, doi:10.1148/radiology.143.1.7063747) for exponential scores.

**Groups.** Where images come in groups, such as patients, n images say as much as ``n / deff`` independent ones. The
design effect *deff* is the variance between groups over the variance that independent images would have, at least 1
(Kish 1965, *Survey Sampling*); with it, the interval takes the quantile of t with one degree of freedom fewer than
there are groups (Korn and Graubard 1998, Survey Methodology 24:193-201), or fewer still where few groups make most of
the variance. How alike the images of a group are is seen only in groups with errors. Where k groups have some, P groups
count for at most ``P (1 + k)`` images, a rule of ours: without any error, each group counts as one image.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtri, stdtrit

Interval = tuple[float, float]
UNDEFINED = (math.nan, math.nan)
"""The interval where there is none."""


@dataclass(frozen=True)
class Grouping:
    """Which images belong together: *of*, int64 [N], the group of each image, from 0 to *count* - 1."""

    of: NDArray[np.int64]
    count: int

    @classmethod
    def by(cls, names: Sequence[str]) -> Grouping:
        """Return the grouping of images by the *names* of their groups."""
        found, of = np.unique(np.asarray(names, dtype=np.str_), return_inverse=True)
        return cls(of.astype(np.int64).reshape(-1), len(found))

    def quantile(self, level: float, added: NDArray[np.float64]) -> float:
        """Return the half width of an interval at *level* in standard errors; nan with a single group.

        The degrees of freedom are those of the variance between groups, by Satterthwaite's rule from what the images
        *added*, float64 [N]: few where few groups make most of it, at most one fewer than there are groups.
        """
        if self.count < 2:
            return math.nan
        squares = np.bincount(self.of, added, self.count) ** 2
        total = math.fsum(squares)
        variation = self.count / (self.count - 1) * math.fsum((squares - total / self.count) ** 2)
        df = 2 * total**2 / variation if variation > 0 else math.inf
        return float(stdtrit(max(1.0, min(self.count - 1.0, df)), 0.5 + level / 2))

    def variance(self, added: NDArray[np.float64]) -> float:
        """Return the variance of a sum over groups of what the images *added*, float64 [N], whose sum is zero."""
        sums = np.bincount(self.of, added, self.count)
        return self.count / (self.count - 1) * math.fsum(sums**2) if self.count > 1 else math.nan

    def among(self, chosen: NDArray[np.bool_]) -> int:
        """Return in how many groups an image is *chosen*, bool [N]."""
        return len(np.unique(self.of[chosen]))

    def members_of(self, groups: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the images of *groups*; those of a group that is named twice come twice."""
        return np.concatenate([self._members[group] for group in groups])

    @cached_property
    def _members(self) -> list[NDArray[np.int64]]:
        sizes = np.bincount(self.of, minlength=self.count)
        return np.split(np.argsort(self.of, kind="stable"), np.cumsum(sizes)[:-1])

    def design_effect(self, added: NDArray[np.float64], telling: int) -> float:
        """Return the variance between groups over that of independent images, at least 1.

        With *telling* groups, in which images differ from those without an error, it is at least so large that all
        images count for no more than ``count (1 + telling)``.
        """
        n = len(added)
        alone = n / (n - 1) * math.fsum(added**2) if n > 1 else 0.0
        least = max(1.0, n / (self.count * (1 + telling)))
        return max(least, self.variance(added) / alone) if alone > 0 and self.count > 1 else least


def normal_quantile(level: float) -> float:
    """Return the half width of a normal interval at *level* in standard errors."""
    return float(ndtri(0.5 + level / 2))


def wilson_interval(fraction: float, of: float, z: float) -> Interval:
    """Return Wilson's interval of a *fraction* of *of* images, a number that need not be whole."""
    middle = (fraction + z * z / (2 * of)) / (1 + z * z / of)
    half = z * math.sqrt(fraction * (1 - fraction) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    low = 0.0 if fraction == 0 else max(0.0, middle - half)
    high = 1.0 if fraction == 1 else min(1.0, middle + half)
    return low, high


def fraction_interval(hits: NDArray[np.bool_], level: float, grouping: Grouping | None) -> Interval:
    """Return the interval of the fraction of *hits*, bool [N], 1 or more; undefined with a single group."""
    fraction, n = float(hits.mean()), float(len(hits))
    if grouping is None:
        return wilson_interval(fraction, n, normal_quantile(level))
    if grouping.count < 2:
        return UNDEFINED
    added = (hits.astype(np.float64) - fraction) / n
    effect = grouping.design_effect(added, min(grouping.among(hits), grouping.among(~hits)))
    return wilson_interval(fraction, n / effect, grouping.quantile(level, added))


def hanley_mcneil_variance(area: float, positives: float, negatives: float) -> float:
    """Return the variance of an estimated *area* from so many images, as Newcombe's method 5 has it."""
    spare = (positives + negatives) / 2 - 1
    shared = (1 - area) / (2 - area) + area / (1 + area)
    return area * (1 - area) * (1 + spare * shared) / (positives * negatives)


def area_interval(
    area: float,
    parts: NDArray[np.float64],
    positives: Sequence[NDArray[np.bool_]],
    level: float,
    grouping: Grouping | None,
) -> Interval:
    """Return the interval of *area*, the mean of K areas under ROC curves on the same N images.

    *parts*, float64 [K, N]: what each image adds to each area (:func:`.delong.area_per_image`); *positives*: K times
    bool [N], the images that each area ranks above the others. Of several areas, the variance is the mean of those of
    the single ones, times what DeLong's covariances say is left of it by taking the mean.
    """
    n = parts.shape[1]
    centred = np.asarray(parts - parts.mean(axis=1, keepdims=True), np.float64) / n
    single = float((centred**2).sum(axis=1).mean())
    together = np.asarray(centred.mean(axis=0), np.float64)
    left = math.fsum(together**2) / single if single > 0 else 1.0
    sizes = [(float(truth.sum()), float(n - truth.sum())) for truth in positives]
    z = normal_quantile(level)
    if grouping is not None:
        if grouping.count < 2:
            return UNDEFINED
        telling = min(grouping.among(parts.min(axis=0) < 1), grouping.among(parts.max(axis=0) > 0))
        z, effect = grouping.quantile(level, together), grouping.design_effect(together, telling)
        sizes = [(max(1.0, m / effect), max(1.0, k / effect)) for m, k in sizes]

    def excess(true: float) -> float:
        variance = left * sum(hanley_mcneil_variance(true, m, k) for m, k in sizes) / len(sizes)
        return (area - true) ** 2 - z * z * variance

    return _lower_root(excess, area), 1 - _lower_root(lambda true: excess(1 - true), 1 - area)


def _lower_root(excess: Callable[[float], float], area: float) -> float:
    """Return where *excess*, which is positive at 0 and negative just below *area*, is zero."""
    if area <= 0:
        return 0.0
    return float(brentq(excess, 0.0, min(area, 1 - 1e-12)))

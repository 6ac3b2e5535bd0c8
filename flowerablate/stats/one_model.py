"""Metrics of one trained model on one set of images, with intervals over the images.

The intervals hold for this model on other images of the same kind, or on other groups of images, such as patients,
where the images have groups. They do not include the randomness of training. Fractions and areas under the ROC curve
get score intervals (:mod:`.score_intervals`), which are defined at 1. Another metric that is a mean over images gets
an interval from the variance of what each image adds, or each group; any other the percentile bootstrap over images,
or groups. If all images add the same, or no resample differs, the latter two would give an interval of zero width
although there is variation: then the interval is undefined. Both are cut at the limits of the metric, which keeps their
coverage: no true value lies beyond.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..contracts import Area, Metric, MetricInfo
from ..keyed import key64
from .delong import area_per_image
from .effects import RESOLUTION
from .score_intervals import (
    UNDEFINED,
    Grouping,
    Interval,
    area_interval,
    fraction_interval,
    normal_quantile,
    wilson_interval,
)
from .wording import count

RESAMPLES = 1000


@dataclass(frozen=True)
class Estimate:
    """A *value* with its interval from *low* to *high*, nan if undefined, and *how* the interval was computed."""

    value: float
    low: float
    high: float
    how: str


@dataclass(frozen=True)
class ClassMetrics:
    """The metrics of one class against the rest; *images* counts the images of the class."""

    name: str
    images: int
    sensitivity: Estimate
    specificity: Estimate
    precision: Estimate


@dataclass(frozen=True)
class Bin:
    """The images with a confidence above *low* and at most *high*: number, mean *confidence* and *accuracy*."""

    low: float
    high: float
    images: int
    confidence: float
    accuracy: float


def wilson(right: int, of: int, level: float = 0.95) -> Estimate:
    """Return the fraction *right* / *of* with Wilson's score interval; nan if *of* is 0."""
    if not of:
        return Estimate(math.nan, math.nan, math.nan, "Wilson")
    return Estimate(right / of, *wilson_interval(right / of, of, normal_quantile(level)), "Wilson")


def estimate_metric(
    metric: Metric,
    info: MetricInfo,
    labels: NDArray[np.int64],
    scores: NDArray[np.float64],
    level: float = 0.95,
    resamples: int = RESAMPLES,
    groups: Sequence[str] | None = None,
) -> Estimate:
    """Return *metric* of N images, from *labels*, int64 [N], and *scores*, float64 [N, K], with its interval.

    Scores are probabilities or logits, as the metric needs. *groups*: the group of each image, such as its patient.
    """
    value = float(metric.value(labels, scores))
    grouping = None if groups is None else Grouping.by(groups)
    over = "images" if grouping is None else count(grouping.count, "group")
    if metric.areas is not None and math.isfinite(value):
        return Estimate(value, *_of_areas(metric.areas(labels, scores), value, level, grouping), f"Newcombe, {over}")
    if metric.per_image is not None:
        parts = np.asarray(metric.per_image(labels, scores), np.float64)
        if info.percent and _is_fraction(metric, labels, scores, parts):
            return _fraction(parts == 1, level, grouping)
        return Estimate(value, *_within(_of_mean(parts, level, grouping), metric, info), f"mean over {over}")
    found = _resampled(metric, info, labels, scores, level, resamples, grouping) if math.isfinite(value) else UNDEFINED
    how = "bootstrap" if grouping is None else f"bootstrap of {over}"
    return Estimate(value, *_within(found, metric, info), how)


def _of_areas(areas: Sequence[Area], value: float, level: float, grouping: Grouping | None) -> Interval:
    parts = np.stack([area_per_image(positive, score) for positive, score in areas])
    return area_interval(value, parts, [positive for positive, _ in areas], level, grouping)


def _of_mean(parts: NDArray[np.float64], level: float, grouping: Grouping | None) -> Interval:
    if len(parts) < 2 or not np.isfinite(parts).all() or not _varies(parts):
        return UNDEFINED
    mean, n = float(parts.mean()), len(parts)
    if grouping is None:
        half = normal_quantile(level) * float(parts.std(ddof=1)) / math.sqrt(n)
    else:
        added = (parts - mean) / n
        half = grouping.quantile(level, added) * math.sqrt(grouping.variance(added))
    return mean - half, mean + half


def _resampled(
    metric: Metric,
    info: MetricInfo,
    labels: NDArray[np.int64],
    scores: NDArray[np.float64],
    level: float,
    resamples: int,
    grouping: Grouping | None,
) -> Interval:
    random = np.random.default_rng(key64("bootstrap over images", info.name))
    units = len(labels) if grouping is None else grouping.count
    drawn = random.integers(0, units, (resamples, units))
    chosen = drawn if grouping is None else (grouping.members_of(row) for row in drawn)
    values = np.array([metric.value(labels[rows], scores[rows]) for rows in chosen], np.float64)
    values = values[np.isfinite(values)]  # a resample may lack a class
    if len(values) < resamples / 2 or not _varies(values):
        return UNDEFINED
    low, high = np.quantile(values, [0.5 - level / 2, 0.5 + level / 2])
    return float(low), float(high)


def _fraction(hits: NDArray[np.bool_], level: float, grouping: Grouping | None) -> Estimate:
    how = "Wilson" if grouping is None else f"Wilson, {count(grouping.count, 'group')}"
    if not len(hits):
        return Estimate(math.nan, *UNDEFINED, how)
    return Estimate(float(hits.mean()), *fraction_interval(hits, level, grouping), how)


def confusion_matrix(labels: NDArray[np.int64], predicted: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """Return how many images of each class (rows) were predicted as each class (columns), int64 [K, K]."""
    counts: NDArray[np.int64] = np.bincount(labels * classes + predicted, minlength=classes**2)
    return counts.reshape(classes, classes)


def by_class(
    labels: NDArray[np.int64],
    predicted: NDArray[np.int64],
    names: tuple[str, ...],
    level: float = 0.95,
    groups: Sequence[str] | None = None,
) -> list[ClassMetrics]:
    """Return sensitivity, specificity and precision of each class, with score intervals over images, or *groups*.

    *labels* and *predicted*: int64 [N], the true and the predicted class of each image.
    """

    def fraction(hits: NDArray[np.bool_], among: NDArray[np.bool_]) -> Estimate:
        grouping = None if groups is None else Grouping.by([groups[place] for place in np.flatnonzero(among).tolist()])
        return _fraction(hits[among], level, grouping)

    found = []
    for place, name in enumerate(names):
        of, called = labels == place, predicted == place
        estimates = fraction(called, of), fraction(~called, ~of), fraction(of, called)
        found.append(ClassMetrics(name, int(of.sum()), *estimates))
    return found


def reliability(labels: NDArray[np.int64], probabilities: NDArray[np.float64], bins: int = 10) -> list[Bin]:
    """Return the bins of the confidence, (m - 1) / M < c <= m / M, that contain images: how calibrated is the model?"""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    places = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    return [
        Bin(
            place / bins,
            (place + 1) / bins,
            int(chosen.sum()),
            float(confidence[chosen].mean()),
            float(right[chosen].mean()),
        )
        for place in range(bins)
        if (chosen := places == place).any()
    ]


def calibration_error(bins: list[Bin]) -> float:
    """Return the expected calibration error: the mean over images of |accuracy - confidence| in their bin."""
    total = sum(bin.images for bin in bins)
    return math.fsum(bin.images * abs(bin.accuracy - bin.confidence) for bin in bins) / total if total else math.nan


def _is_fraction(
    metric: Metric, labels: NDArray[np.int64], scores: NDArray[np.float64], parts: NDArray[np.float64]
) -> bool:
    """Whether *parts* count images: each is 0 or 1, whatever the other images are.

    The parts of an area of 1 are all 1, too, but are about pairs of images, and are undefined within one class.
    """
    if metric.per_image is None or not np.isin(parts, (0.0, 1.0)).all():
        return False
    alone = labels == labels[0]
    return bool(np.array_equal(metric.per_image(labels[alone], scores[alone]), parts[alone]))


def _varies(values: NDArray[np.float64]) -> bool:
    """Whether *values* differ by more than rounding: sums in another order may differ in their last bits."""
    return float(np.ptp(values)) > RESOLUTION * float(np.abs(values).max())


def _within(interval: Interval, metric: Metric, info: MetricInfo) -> Interval:
    """Return *interval* without what lies beyond the limits of *metric*, 0 and 1 for a fraction that names none.

    An undefined interval stays so.
    """
    (low, high), (least, most) = interval, metric.limits
    if info.percent and (least, most) == (-math.inf, math.inf):
        least, most = 0.0, 1.0
    return (max(least, low), min(most, high)) if math.isfinite(low) else interval

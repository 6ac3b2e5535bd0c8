"""Metrics of one trained model on one set of images, with intervals over the images.

The intervals hold for this model on other images of the same kind. They do not include the randomness of training.
Fractions get Wilson's interval (1927, JASA 22:209-212). A metric that is a mean over images gets a normal interval from
the variance of what each image adds, which for the area under the ROC curve is DeLong's (see :mod:`.delong`). Any other
metric gets the percentile bootstrap over images. If all images add the same, or no resample differs, as for an area of
1, the latter two would give an interval of zero width although there is variation: then the interval is undefined.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from ..contracts import Metric, MetricInfo
from ..keyed import key64

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
    z = float(norm.ppf(0.5 + level / 2))
    fraction = right / of
    middle = (fraction + z * z / (2 * of)) / (1 + z * z / of)
    half = z * math.sqrt(fraction * (1 - fraction) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    low = 0.0 if right == 0 else max(0.0, middle - half)
    high = 1.0 if right == of else min(1.0, middle + half)
    return Estimate(fraction, low, high, "Wilson")


def estimate_metric(
    metric: Metric,
    info: MetricInfo,
    labels: NDArray[np.int64],
    scores: NDArray[np.float64],
    level: float = 0.95,
    resamples: int = RESAMPLES,
) -> Estimate:
    """Return *metric* of N images, from *labels*, int64 [N], and *scores*, float64 [N, K], with its interval.

    Scores are probabilities or logits, as the metric needs.
    """
    value = float(metric.value(labels, scores))
    if metric.per_image is not None:
        parts = np.asarray(metric.per_image(labels, scores), np.float64)
        if info.percent and _is_fraction(metric, labels, scores, parts):
            return wilson(int(parts.sum()), len(parts), level)
        if len(parts) < 2 or not np.isfinite(parts).all() or np.ptp(parts) == 0:
            return Estimate(value, math.nan, math.nan, "mean over images")
        half = float(norm.ppf(0.5 + level / 2)) * float(parts.std(ddof=1)) / math.sqrt(len(parts))
        return Estimate(value, *_within(value - half, value + half, info), "mean over images")
    if not math.isfinite(value):
        return Estimate(value, math.nan, math.nan, "bootstrap")
    numbers = np.random.default_rng(key64("bootstrap over images", info.name))
    drawn = numbers.integers(0, len(labels), (resamples, len(labels)))
    values = np.array([metric.value(labels[row], scores[row]) for row in drawn], np.float64)
    values = values[np.isfinite(values)]  # a resample may lack a class
    if len(values) < resamples / 2 or np.ptp(values) == 0:
        return Estimate(value, math.nan, math.nan, "bootstrap")
    low, high = np.quantile(values, [0.5 - level / 2, 0.5 + level / 2])
    return Estimate(value, float(low), float(high), "bootstrap")


def confusion_matrix(labels: NDArray[np.int64], predicted: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """Return how many images of each class (rows) were predicted as each class (columns), int64 [K, K]."""
    counts: NDArray[np.int64] = np.bincount(labels * classes + predicted, minlength=classes**2)
    return counts.reshape(classes, classes)


def by_class(counts: NDArray[np.int64], names: tuple[str, ...], level: float = 0.95) -> list[ClassMetrics]:
    """Return sensitivity, specificity and precision of each class of a confusion matrix, with Wilson's intervals."""
    found = []
    for place, name in enumerate(names):
        hit, of = int(counts[place, place]), int(counts[place].sum())
        predicted, total = int(counts[:, place].sum()), int(counts.sum())
        others, false = total - of, predicted - hit
        estimates = wilson(hit, of, level), wilson(others - false, others, level), wilson(hit, predicted, level)
        found.append(ClassMetrics(name, of, *estimates))
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


def _within(low: float, high: float, info: MetricInfo) -> tuple[float, float]:
    return (max(0.0, low), min(1.0, high)) if info.percent else (low, high)

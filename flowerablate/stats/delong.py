"""The area under the ROC curve as a mean over images, and its variance over test images.

DeLong, DeLong and Clarke-Pearson 1988 (doi:10.2307/2531595): the area is the probability that a positive scores above a
negative, ties counting half. So each positive *i* has a component ``V10[i]``, the fraction of the negatives that it
beats, and each negative *j* has ``V01[j]``, the fraction of the positives that beat it. Both average to the area, and
``var(V10) / positives + var(V01) / negatives`` is its variance; with covariances in their place, the same holds for the
difference of two areas on the same images. The components come from midranks (Sun and Xu 2014,
doi:10.1109/LSP.2014.2337313) in O(N log N), not from all pairs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Areas:
    """Areas under K ROC curves that share their images, and the [K, K] *covariance* of these areas."""

    values: NDArray[np.float64]
    covariance: NDArray[np.float64]

    def difference(self, first: int, second: int) -> tuple[float, float]:
        """Return area *first* minus area *second*, and the standard error of that difference."""
        variance = self.covariance[first, first] + self.covariance[second, second] - 2 * self.covariance[first, second]
        return float(self.values[first] - self.values[second]), math.sqrt(max(0.0, float(variance)))


def structural_components(
    positive: ArrayLike, scores: ArrayLike
) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    """Return the area, V10 of the positives and V01 of the negatives, each in the order of the images.

    *positive*: bool [N]; *scores*: float [N], larger for positives. Raises :class:`ValueError` if there are no
    positives or no negatives, if the lengths differ, or if a score is not a number: then there is no area.
    """
    truth, score = np.asarray(positive, dtype=bool), np.asarray(scores, dtype=np.float64)
    if truth.ndim != 1 or truth.shape != score.shape:
        raise ValueError(f"{truth.shape} truths and {score.shape} scores: one score for each image is needed")
    if np.isnan(score).any():
        raise ValueError("a score is not a number")
    positives, negatives = score[truth], score[~truth]
    if not len(positives) or not len(negatives):
        raise ValueError("an area under the ROC curve needs a positive and a negative image")
    beaten = (midranks(score)[truth] - midranks(positives)) / len(negatives)
    beating = 1 - (midranks(score)[~truth] - midranks(negatives)) / len(positives)
    return math.fsum(beaten) / len(beaten), beaten, beating


def midranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rank of each value, counted from 1; equal values share the mean of their ranks."""
    order = np.sort(values)
    first, last = np.searchsorted(order, values, "left"), np.searchsorted(order, values, "right")
    return (first + last + 1) / 2


def delong(positive: ArrayLike, scores: ArrayLike) -> Areas:
    """Return the areas of K scores, float [K, N], of the same N images, with DeLong's covariance of them.

    Needs two positives and two negatives (else :class:`ValueError`): a single one has no variance.
    """
    rows = np.atleast_2d(np.asarray(scores, dtype=np.float64))
    parts = [structural_components(positive, row) for row in rows]
    tens, ones = np.stack([part[1] for part in parts]), np.stack([part[2] for part in parts])
    if tens.shape[1] < 2 or ones.shape[1] < 2:
        raise ValueError("DeLong's variance needs two positive and two negative images")
    covariance = np.atleast_2d(np.cov(tens)) / tens.shape[1] + np.atleast_2d(np.cov(ones)) / ones.shape[1]
    return Areas(np.array([part[0] for part in parts]), covariance)


def area_per_image(positive: ArrayLike, scores: ArrayLike) -> NDArray[np.float64]:
    """Return N numbers, one per image, whose mean is the area and whose ``variance / N`` is DeLong's variance of it.

    Each structural component is moved away from the area, the further the rarer its kind is among the images. So code
    that treats a metric as a mean over images is correct for the area too, and for differences of areas. A kind with a
    single image keeps its component without the correction for n - 1, which would divide by zero.
    """
    truth = np.asarray(positive, dtype=bool)
    area, beaten, beating = structural_components(truth, scores)
    parts = np.empty(len(truth))
    for kind, components in ((truth, beaten), (~truth, beating)):
        n, of_kind = len(truth), len(components)
        corrected = of_kind / max(1, of_kind - 1) * (n - 1) / n
        parts[kind] = area + (components - area) * (n / of_kind) * math.sqrt(corrected)
    return parts


def macro_area_per_image(labels: NDArray[np.int64], probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the same for K classes, *probabilities* [N, K]: with two the area of class 1, else the mean over classes.

    The mean is over the areas of one class against the rest, with equal weights (``roc_auc_score(...,
    multi_class="ovr", average="macro")``). Raises :class:`ValueError` if a class has no image.
    """
    classes = probabilities.shape[1]
    if classes == 2:
        return area_per_image(labels == 1, probabilities[:, 1])
    parts = np.stack([area_per_image(labels == k, probabilities[:, k]) for k in range(classes)])
    mean: NDArray[np.float64] = parts.mean(axis=0)
    return mean

"""Whether something other than an image's content, such as its size, predicts the class."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...keyed import key64

_FOLDS = 5
_BINS = 12
_SIGMAS = 4.0
"""Standard errors above one half that an AUC must reach: with several features and classes, two are not enough."""


@dataclass(frozen=True)
class Separation:
    """How well a feature separates one class from the rest: out-of-fold area under the ROC curve; chance is .5.

    *surprising*: more than chance with this number of images.
    """

    label: int
    auc: float
    surprising: bool


def separation(values: NDArray[np.float64], labels: NDArray[np.int64]) -> Separation | None:
    """Return the class that *values*, [N], separate best from the others; None if no class can be judged.

    The rule is a histogram of at most twelve bins with equal numbers of images. The fraction of the class in each bin
    is learned on four fifths of the images and applied to the last fifth. So a class of square images between flat and
    tall ones is found too, and a rule that only memorises gains nothing. A class with fewer than ten images, or with
    fewer than ten outside it, is not judged.
    """
    edges = np.unique(np.quantile(values, np.linspace(0, 1, _BINS + 1)[1:-1]))
    bins = np.searchsorted(edges, values, side="right")
    best: Separation | None = None
    for label in np.unique(labels):
        mine = labels == label
        if min(mine.sum(), (~mine).sum()) < 10:
            continue
        auc = _auc(_out_of_fold(bins, mine), mine)
        if best is None or auc > best.auc:
            best = Separation(int(label), auc, auc > 0.5 + _SIGMAS * _null_error(mine))
    return best


def _out_of_fold(bins: NDArray[np.int64], mine: NDArray[np.bool_]) -> NDArray[np.float64]:
    scores = np.zeros(len(bins))
    fold = np.empty(len(bins), np.int64)
    for side in (mine, ~mine):  # each fold gets both in proportion
        order = np.argsort([key64("data check", int(place)) for place in np.flatnonzero(side)])
        fold[np.flatnonzero(side)[order]] = np.arange(side.sum()) % _FOLDS
    for part in range(_FOLDS):
        learn = fold != part
        ours = np.bincount(bins[learn & mine], minlength=_BINS) + 1.0
        others = np.bincount(bins[learn & ~mine], minlength=_BINS) + 1.0
        scores[fold == part] = np.log((ours / ours.sum()) / (others / others.sum()))[bins[fold == part]]
    return scores


def _auc(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """Return the Mann-Whitney statistic of *scores* as a fraction; ties count half."""
    from scipy.stats import rankdata

    ours = int(positive.sum())
    others = len(scores) - ours
    return float((rankdata(scores)[positive].sum() - ours * (ours + 1) / 2) / (ours * others))


def _null_error(positive: NDArray[np.bool_]) -> float:
    """Return the standard error of the area for uninformative scores (Mann and Whitney, 1947)."""
    ours = int(positive.sum())
    others = len(positive) - ours
    return math.sqrt((ours + others + 1) / (12 * ours * others))

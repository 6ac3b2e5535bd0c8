"""The influence of each test image on the metric of one trial."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..contracts import Metric
from ..keyed import key64
from ..ledger import Predictions
from .images import Influence

MAX_UNITS = 200
"""Maximum number of units for metrics that must be recomputed without each unit."""


def influence_of(metric: Metric, predictions: Predictions) -> Influence | None:
    """Return the influence of each unit of test images on *metric*; None if it is not finite.

    A unit is an image or, where the images have groups, such as patients, a group: images of one patient are alike, so
    only patients are independent. A metric that is a mean over images has ``per_image``: image *j* adds
    ``(y_j - mean) / N``, and a group the sum over its images, whose squares give the variance between groups (for the
    area under the ROC curve that of Obuchowski 1997, doi:10.2307/2533958). For other metrics, such as macro F1, units
    are left out: the influence is ``(N - n_u) / N`` times what the value loses without unit *u* of n_u images, which
    gives the same for a mean (the jackknife; Efron and Stein 1981, doi:10.1214/aos/1176345462). Above ``MAX_UNITS``
    units, a hash of their names makes that many of them, so that an image is in the same one in every trial.
    """
    order = sorted(range(len(predictions.keys)), key=predictions.keys.__getitem__)
    keys = tuple(predictions.keys[index] for index in order)
    named = None if predictions.groups is None else tuple(predictions.groups[index] for index in order)
    labels = predictions.labels[order]
    scores = predictions.scores(metric.needs)[order]
    if not np.isfinite(metric.value(labels, scores)):
        return None
    groups, group_of = _distinct(named or keys)
    if metric.per_image is not None:
        added = np.asarray(metric.per_image(labels, scores), dtype=np.float64)
        units, values = groups, np.zeros(len(groups))
        np.add.at(values, group_of, (added - added.mean()) / len(keys))
    else:
        units, unit_of = _at_most(groups, group_of)
        values = _left_out(metric, labels, scores, unit_of, len(units))
    if not np.isfinite(values).all():
        return None
    return Influence(keys, units, values, () if named is None else groups)


def _distinct(names: tuple[str, ...]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Return the distinct *names*, sorted, and the place of each name among them."""
    distinct = tuple(sorted(set(names)))
    place = {name: index for index, name in enumerate(distinct)}
    return distinct, np.array([place[name] for name in names], dtype=np.int64)


def _at_most(names: tuple[str, ...], unit_of: NDArray[np.int64]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Return at most ``MAX_UNITS`` units that the *names* form, and the unit of each image."""
    if len(names) <= MAX_UNITS:
        return names, unit_of
    hashed = np.array([key64("stats", "group of images", name) % MAX_UNITS for name in names], dtype=np.int64)
    found, place = np.unique(hashed, return_inverse=True)
    return tuple(f"unit {number}" for number in found), place.astype(np.int64)[unit_of]


def _left_out(
    metric: Metric,
    labels: NDArray[np.int64],
    scores: NDArray[np.float64],
    unit_of: NDArray[np.int64],
    units: int,
) -> NDArray[np.float64]:
    whole = metric.value(labels, scores)
    values = np.empty(units)
    for unit in range(units):
        rest = unit_of != unit
        values[unit] = (whole - metric.value(labels[rest], scores[rest])) * (np.count_nonzero(rest) / len(rest))
    centred: NDArray[np.float64] = values - values.mean()
    return centred

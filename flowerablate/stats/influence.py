"""The influence of each test image on the metric of one trial."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..contracts import Metric
from ..keyed import key64
from ..ledger import Predictions
from .images import Influence

GROUPS = 200
"""Maximum number of units of images for metrics that must be recomputed without each unit."""


def influence_of(metric: Metric, predictions: Predictions) -> Influence | None:
    """Return the influence of each test image on *metric*; None if it is not finite.

    A metric that is a mean over images has ``per_image``: image *j* adds ``(y_j - mean) / N``. For other metrics, such
    as macro F1, units of images are left out: the influence is ``(N - n_u) / N`` times what the value loses without
    unit *u* of n_u images, which gives the same for a mean (the jackknife; Efron and Stein 1981,
    doi:10.1214/aos/1176345462). Units are single images up to ``GROUPS`` of them, else that many groups by a hash of
    the images' keys, so that an image is in the same group in every trial.
    """
    order = sorted(range(len(predictions.keys)), key=predictions.keys.__getitem__)
    keys = tuple(predictions.keys[index] for index in order)
    labels = predictions.labels[order]
    scores = predictions.scores(metric.needs)[order]
    if not np.isfinite(metric.value(labels, scores)):
        return None
    if metric.per_image is not None:
        added = np.asarray(metric.per_image(labels, scores), dtype=np.float64)
        return _finite(keys, keys, (added - added.mean()) / len(keys))
    units, unit_of = _units(keys)
    return _finite(keys, units, _left_out(metric, labels, scores, unit_of, len(units)))


def _units(keys: tuple[str, ...]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    if len(keys) <= GROUPS:
        return keys, np.arange(len(keys), dtype=np.int64)
    groups = np.array([key64("stats", "group of images", key) % GROUPS for key in keys], dtype=np.int64)
    found, unit_of = np.unique(groups, return_inverse=True)
    return tuple(f"group {group}" for group in found), unit_of.astype(np.int64)


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


def _finite(images: tuple[str, ...], units: tuple[str, ...], values: NDArray[np.float64]) -> Influence | None:
    return Influence(images, units, values) if np.isfinite(values).all() else None

"""Evaluates the predictions of a model: metrics with intervals, values by class, calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..contracts import MetricInfo
from ..ledger import Predictions
from ..stats.one_model import (
    Bin,
    ClassMetrics,
    Estimate,
    by_class,
    calibration_error,
    confusion_matrix,
    estimate_metric,
    reliability,
)
from ..wiring.assemble import Assembler
from ..wiring.scoring import choose_metrics

LEVEL = 0.95


@dataclass(frozen=True)
class ModelScores:
    """The scores of the predictions for *images*; intervals are over images only, or over their *groups*.

    *groups*: how many groups the images have, such as patients, *class_groups* those of the class with the fewest; 0:
    none.
    *metrics*: their values by name, the primary one first; *infos*: how to read them. *confusion*: counts by true class
    (rows) and predicted class (columns). *bins*: calibration.
    """

    images: int
    groups: int
    class_groups: int
    classes: tuple[str, ...]
    metrics: Mapping[str, Estimate]
    infos: Mapping[str, MetricInfo]
    by_class: tuple[ClassMetrics, ...]
    confusion: tuple[tuple[int, ...], ...]
    bins: tuple[Bin, ...]
    calibration_error: float

    def record(self) -> dict[str, Any]:
        """Return everything as JSON values (nan for undefined ones)."""
        content = asdict(self)
        content["level"] = LEVEL
        content["lower_is_better"] = [name for name, info in self.infos.items() if info.lower_is_better]
        del content["infos"]
        return content


def score_model(predictions: Predictions, metrics: Sequence[str], assembler: Assembler) -> ModelScores:
    """Return the scores of *predictions* by *metrics*, named as in a study, the primary one first."""
    chosen = choose_metrics(metrics[0], metrics[1:], assembler)
    classes, labels, probabilities = predictions.classes, predictions.labels, predictions.normalised
    estimates = {}
    for name in chosen.names:
        metric = chosen.built(name, len(classes))
        scores, info = predictions.scores(metric.needs), chosen.infos[name]
        estimates[name] = estimate_metric(metric, info, labels, scores, LEVEL, groups=predictions.groups)
    predicted = probabilities.argmax(axis=1).astype(np.int64)
    counts = confusion_matrix(labels, predicted, len(classes))
    bins = reliability(labels, probabilities)
    return ModelScores(
        len(labels),
        *_groups(predictions),
        classes,
        estimates,
        chosen.infos,
        tuple(by_class(labels, predicted, classes, LEVEL, predictions.groups)),
        tuple(tuple(int(count) for count in row) for row in counts),
        tuple(bins),
        calibration_error(bins),
    )


def _groups(predictions: Predictions) -> tuple[int, int]:
    """Return the number of groups, and that of the class with the fewest."""
    if predictions.groups is None:
        return 0, 0
    found: dict[int, set[str]] = {}
    for label, group in zip(predictions.labels.tolist(), predictions.groups, strict=True):
        found.setdefault(label, set()).add(group)
    return len(set(predictions.groups)), min(map(len, found.values()), default=0)

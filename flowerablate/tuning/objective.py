"""The value of a candidate: the primary metric on validation, at the best epoch, on a few fixed replicates.

All candidates use the same replicates: the same splits, initial weights and random draws, so that they differ only in
their settings. The test split is never used.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Protocol

from ..contracts import MetricInfo, Pipeline, Trial, Variant
from ..errors import TrainingError
from ..execute.candidate import Replicate, train_candidate
from ..execute.workplace import Workplace
from ..train.device import pick_device
from ..train.loop import EpochRecord, Observer
from ..wiring.assemble import PreparedPipeline
from ..wiring.scoring import Metrics


class SeedObserver(Observer, Protocol):
    """Receives the progress of one training run of a candidate; an exception from it ends the training."""

    def resumed(self, record: EpochRecord) -> None:
        """Called with each epoch that an earlier process has finished, before training goes on."""


def value_on(
    seed: int,
    pipeline: Pipeline,
    prepared: PreparedPipeline,
    workplace: Workplace,
    metrics: Metrics,
    folder: Path,
    observer: SeedObserver,
    device: str = "auto",
) -> float:
    """Train *pipeline* on the replicate *seed*, or resume from *folder*, and return its primary metric on validation.

    *prepared* belongs to the pipeline. *device*: see :func:`~flowerablate.train.device.pick_device`. Training without a
    usable epoch, or an undefined metric, raises :class:`TrainingError`.
    """
    trial = Trial(id="", base_id="", seed=seed, variant=Variant("", pipeline))
    data, assembler = workplace.data, workplace.assembler
    replicate = Replicate.of(trial, data, assembler, metrics, "tuning", pick_device(device))
    trained = train_candidate(replicate, pipeline, prepared, folder, observer, observer.resumed)
    best = trained.fitted.best
    if best is None:
        raise TrainingError(f"replicate {seed}: {trained.fitted.stopped}")
    metric = metrics.infos[metrics.names[0]]
    value = validation_value(best, metric)
    if not math.isfinite(value):
        raise TrainingError(f"{metric.name} is not defined on the validation images of replicate {seed}")
    return value


def validation_value(record: EpochRecord, metric: MetricInfo) -> float:
    """Return the metric of an epoch on validation; nan if it is not defined."""
    return record.metrics.get(metric.name, math.nan)

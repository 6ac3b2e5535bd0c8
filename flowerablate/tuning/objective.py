"""The value of a candidate: the primary metric on validation, at the best epoch, on a few fixed replicates.

All candidates use the same replicates: the same splits, initial weights and random draws, so that they differ only in
their settings. The test split is never used.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

from ..contracts import MetricInfo, Pipeline, Trial, Variant
from ..errors import TrainingError
from ..execute.candidate import Replicate, train_candidate
from ..train.loop import EpochRecord
from ..wiring.assemble import Assembler
from .tuning_plan import TuningPlan

EpochDone = Callable[[EpochRecord], None]
StepDone = Callable[[int, int, int], None]


def value_on(
    seed: int,
    pipeline: Pipeline,
    plan: TuningPlan,
    assembler: Assembler,
    folder: Path,
    epoch_done: EpochDone,
    step_done: StepDone,
) -> float:
    """Train *pipeline* on the replicate *seed*, or resume from *folder*, and return its metric on validation.

    *epoch_done* and *step_done* are called during training; an exception from them ends it. Training without a usable
    epoch, or an undefined metric, raises :class:`TrainingError`.
    """
    trial = Trial(id="", base_id="", seed=seed, variant=Variant("", pipeline))
    replicate = Replicate.of(trial, plan.data, assembler, plan.metrics, "tuning")
    prepared = assembler.prepare(pipeline, plan.data)
    trained = train_candidate(replicate, pipeline, prepared, folder, _Listener(epoch_done, step_done))
    best = trained.fitted.best
    if best is None:
        raise TrainingError(f"replicate {seed}: {trained.fitted.stopped}")
    value = validation_value(best, plan.metric)
    if not math.isfinite(value):
        raise TrainingError(f"{plan.metric.name} is not defined on the validation images of replicate {seed}")
    return value


def validation_value(record: EpochRecord, metric: MetricInfo) -> float:
    """Return the metric of an epoch on validation; nan if it is not defined."""
    return record.metrics.get(metric.name, math.nan)


class _Listener:
    def __init__(self, epoch_done: EpochDone, step_done: StepDone) -> None:
        self.epoch_done = epoch_done
        self.step_done = step_done

"""What a candidate is worth: the primary metric on validation, at the best epoch, of a few fixed replicates.

Every candidate has the same replicates: the same splits, initial weights and draws, so that candidates differ by their
settings alone. The test split is never looked at.
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
    """Train *pipeline* on the replicate *seed*, or go on where *folder* has it, and return its figure on validation.

    *epoch_done* and *step_done* hear of the training, and what they raise ends it. A training that came to nothing, or
    a figure that is not defined, raises :class:`TrainingError`.
    """
    trial = Trial(id="", base_id="", seed=seed, variant=Variant("", pipeline))
    replicate = Replicate.of(trial, plan.data, assembler, plan.metrics, "tuning")
    prepared = assembler.prepare(pipeline, plan.data)
    trained = train_candidate(replicate, pipeline, prepared, folder, _Listener(epoch_done, step_done))
    best = trained.fitted.best
    if best is None:
        raise TrainingError(f"replicate {seed}: {trained.fitted.stopped}")
    value = figure_of(best, plan.metric)
    if not math.isfinite(value):
        raise TrainingError(f"{plan.metric.name} is not defined on the validation images of replicate {seed}")
    return value


def figure_of(record: EpochRecord, metric: MetricInfo) -> float:
    """Return the figure of an epoch on validation; nan where it is not defined."""
    return record.metrics.get(metric.name, math.nan)


class _Listener:
    def __init__(self, epoch_done: EpochDone, step_done: StepDone) -> None:
        self.epoch_done = epoch_done
        self.step_done = step_done

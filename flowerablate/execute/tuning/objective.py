"""What a candidate is worth: the primary metric on validation, at the best epoch, of a few fixed replicates.

Every candidate has the same replicates: the same splits, initial weights and draws, so that candidates differ by their
settings alone. The test split is never looked at.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

from ...contracts import Pipeline, Trial, Variant
from ...data.splits import split_samples
from ...errors import TrainingError
from ...train.device import pick_device
from ...train.evaluate import evaluate
from ...train.loop import EpochRecord, load_best
from ..assemble import Assembler
from ..trial import predictions_of, train_candidate
from .plan import TuningPlan

EVALUATED = "validation"

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

    *epoch_done* and *step_done* hear of the training, and what they raise ends it. A figure that is not defined raises
    :class:`TrainingError`.
    """
    device = pick_device()
    trial = Trial(id="", base_id="", seed=seed, variant=Variant("", pipeline))
    split = split_samples(plan.data.samples, seed, pipeline.split)
    prepared = assembler.prepare(pipeline, plan.data)
    listener = _Listener(epoch_done, step_done)
    trained = train_candidate(trial, pipeline, prepared, plan.data, split, assembler, folder, listener, device)
    load_best(trained.parts.model, folder)
    seen = evaluate(
        trained.parts.model,
        trained.batches[EVALUATED],
        trained.parts.loss,
        device=device,
        channels_last=pipeline.train.channels_last,
    )
    value = plan.metrics.value(plan.metric.name, predictions_of(plan.data, split.validation, seen))
    if not math.isfinite(value):
        raise TrainingError(f"{plan.metric.name} is not defined on the validation images of replicate {seed}")
    return value


def watched(record: EpochRecord, pipeline: Pipeline, *, lower_is_better: bool) -> float:
    """Return the figure of an epoch that the pruner compares: what chooses the best epoch, signed as the objective is.

    The metric itself may be another one, which is taken at the best epoch only.
    """
    by_loss = pipeline.train.best_by == "loss"
    figure = record.validation_loss if by_loss else record.validation_accuracy
    return -figure if by_loss is not lower_is_better else figure


class _Listener:
    def __init__(self, epoch_done: EpochDone, step_done: StepDone) -> None:
        self.epoch_done = epoch_done
        self.step_done = step_done

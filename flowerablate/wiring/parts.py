"""Builds the parts of a trial's training: model, optimizer, schedule, loss and batches.

The caller's seed keys everything random.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ..contracts import (
    ComponentSpec,
    LossContext,
    LossSpec,
    ModelContext,
    ModelSpec,
    OptimizerContext,
    OptimizerSpec,
    Pipeline,
    SamplerContext,
    SamplerSpec,
    ScheduleContext,
    SchedulerSpec,
)
from ..data.splits import Split, split_samples
from ..loader import Batches, CheckedOrder, Order, PackedDataset
from ..preprocess import BatchOps
from ..study.designs import candidates
from ..train.device import pick_device, to_device
from ..train.groups import parameter_groups
from ..train.keyed_init import build_keyed
from ..train.loop import Parts
from ..train.precision import check_precision
from .assemble import Assembler, DataSet, PreparedPipeline, require_size
from .scoring import choose_best_by

_EVALUATION_BATCH = 128


def build_parts(
    pipeline: Pipeline,
    data: DataSet,
    assembler: Assembler,
    seed: int,
    steps_per_epoch: int,
    split: Split,
    device: torch.device,
) -> Parts:
    """Build model, optimizer, scheduler and loss; initial weights are keyed by *seed* and parameter name."""

    def build(spec: type[ComponentSpec], context: object) -> Any:
        return assembler.build_of(pipeline, spec, context)

    plan = pipeline.train
    size = pipeline.input
    shape = ModelContext(len(data.samples.classes), size.channels, size.image_size, assembler.root)
    model: nn.Module = to_device(
        build_keyed(lambda: build(ModelSpec, shape), seed), device, channels_last=plan.channels_last
    )
    optimizer = build(OptimizerSpec, OptimizerContext(parameter_groups(model.parameters(), plan.decay)))
    counts = np.bincount(data.labels[split.train], minlength=len(data.samples.classes))
    return Parts(
        model,
        optimizer,
        build(SchedulerSpec, ScheduleContext(optimizer, plan.epochs, steps_per_epoch)),
        build(LossSpec, LossContext(tuple(int(count) for count in counts))),
    )


def build_order(pipeline: Pipeline, data: DataSet, assembler: Assembler, seed: int, split: Split) -> Order:
    """Build the sampler, which returns the order of each epoch as indices into the training images."""
    context = SamplerContext(data.labels[split.train], len(data.samples.classes), seed)
    order: Order = assembler.build_of(pipeline, SamplerSpec, context)
    return order


def build_batches(
    pipeline: Pipeline,
    prepared: PreparedPipeline,
    data: DataSet,
    indices: NDArray[np.int64],
    seed: int,
    device: torch.device,
    *,
    order: Order | None = None,
    augmented: bool | None = None,
    labels: NDArray[np.int64] | None = None,
) -> Batches:
    """Return batches of the samples *indices*: with an *order*, of the study's batch size, else of evaluation's.

    *augmented* images pass through the training chain, others through the evaluation chain; by default images are
    augmented if they have an *order*. *labels*, one for each of all samples, replace the true ones. *prepared* must be
    fitted already.
    """
    plan = pipeline.train
    augmented = order is not None if augmented is None else augmented
    mixing = prepared.batch if augmented else ()
    chain = prepared.train if augmented else prepared.evaluate
    require_size(chain, prepared.images, pipeline.input.image_size)  # a Python op may not keep what it promised
    dataset = PackedDataset(
        chain,
        prepared.images,
        data.ids,
        data.labels if labels is None else labels,
        indices=indices,
        seed=seed,
        channels_last=plan.channels_last,
        batch_ops=BatchOps(mixing, len(data.samples.classes)) if mixing else None,
    )
    size = _EVALUATION_BATCH if order is None else plan.batch_size
    return Batches(dataset, batch_size=size, order=order, pin_memory=device.type == "cuda")


def check_parts(pipeline: Pipeline, data: DataSet, assembler: Assembler) -> None:
    """Build a variant once, on the CPU, so that errors show before any training.

    If the variant is tuned, every candidate is built, and its images are packed.
    """
    split = split_samples(data.samples, 0, pipeline.split)
    check_precision(pipeline.train.precision, pick_device())
    choose_best_by(pipeline.train.best_by, assembler)
    for values, candidate in candidates(pipeline):
        if values and candidate.steps != pipeline.steps:
            assembler.prepare(candidate, data)
        build_parts(candidate, data, assembler, 0, 1, split, torch.device("cpu"))
        CheckedOrder(build_order(candidate, data, assembler, 0, split), len(split.train))

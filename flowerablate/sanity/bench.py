"""The pipeline of a study for checks: batches of any part of its data, and fresh parts to train."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..contracts import Pipeline, Progress, TrainingSpec
from ..data.splits import Split, split_samples
from ..loader import Batches
from ..train.device import pick_device
from ..train.loop import Parts
from ..wiring.assemble import Assembler, DataSet, PreparedPipeline
from ..wiring.parts import build_batches, build_order, build_parts


@dataclass(frozen=True)
class Bench:
    """The input of the rungs; *seed* is the replicate whose split, weights, order and random draws they use.

    *subset* limits the training images of the longer rungs (see :func:`.subset.take`). *out* is the output folder.
    """

    pipeline: Pipeline
    data: DataSet
    assembler: Assembler
    prepared: PreparedPipeline
    split: Split
    seed: int
    subset: str
    out: Path
    device: torch.device

    @property
    def classes(self) -> tuple[str, ...]:
        return self.data.samples.classes

    @property
    def progress(self) -> Progress:
        """The callback for progress: what is running, steps done, steps in total."""
        return self.assembler.progress

    def batches(
        self,
        indices: NDArray[np.int64],
        *,
        training: bool,
        augmented: bool | None = None,
        labels: NDArray[np.int64] | None = None,
    ) -> Batches:
        """Return batches of the samples *indices*; in *training*, in the order of the study's sampler.

        *augmented* images pass the training chain, others the evaluation chain; the default is *training*.
        *labels*, of all samples, replace the true ones.
        """
        order = None
        if training:
            part = Split(indices, self.split.validation, self.split.test)
            order = build_order(self.pipeline, self.data, self.assembler, self.seed, part)
        return build_batches(
            self.pipeline, self.prepared, self.data, indices, self.seed, self.device,
            order=order, augmented=augmented, labels=labels,
        )  # fmt: skip

    def parts(self, *, epochs: int, steps: int) -> Parts:
        """Build model, optimizer, loss and a schedule that spans *epochs* of *steps* each."""
        pipeline = self.pipeline.with_params(TrainingSpec.slot, epochs=epochs)
        return build_parts(pipeline, self.data, self.assembler, self.seed, steps, self.split, self.device)

    def delivered(self, batches: Batches, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield copies of the batches of *epoch* on the device; unlike the originals they stay valid."""
        for images, labels in batches.epoch(epoch):
            yield images.to(self.device, copy=True), labels.to(self.device, copy=True)

    def first_batch(self) -> tuple[Tensor, Tensor]:
        batches = self.batches(self.split.train, training=True)
        source = self.delivered(batches, 1)
        try:
            return next(source)
        finally:
            source.close()  # type: ignore[attr-defined]


def set_up(
    pipeline: Pipeline, assembler: Assembler, data: DataSet, *, seed: int, subset: str, out: Path, device: str = "auto"
) -> Bench:
    """Pack the images of *data* and split it, like a trial with *seed*. *device*: see :func:`pick_device`."""
    split = split_samples(data.samples, seed, pipeline.split)
    prepared = assembler.prepare(pipeline, data).fitted(split.train, data.ids)
    return Bench(pipeline, data, assembler, prepared, split, seed, subset, out, pick_device(device))

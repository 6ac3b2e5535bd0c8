"""Trains one pipeline on one replicate, without using the test split.

A trial trains its pipeline, or several candidates for it; a tuning trains candidates only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ..contracts import Pipeline, Trial
from ..data.splits import Split, split_samples
from ..keyed import key64
from ..ledger import Predictions
from ..loader import Batches
from ..train.device import pick_device
from ..train.evaluate import Evaluation
from ..train.groups import optimizer_steps
from ..train.loop import EpochRanking, EpochRecord, FitResult, Observer, Parts, Recipe, fit
from ..wiring.assemble import Assembler, DataSet, PreparedPipeline
from ..wiring.parts import build_batches, build_order, build_parts
from ..wiring.scoring import Metrics, best_by, choose_best_by
from ..wiring.trained_model import about


@dataclass(frozen=True)
class Replicate:
    """What all candidates of a *trial* share: images, their *split*, the *metrics* of the history, the device.

    *study* is the name of the study recorded in checkpoints.
    """

    trial: Trial
    data: DataSet
    split: Split
    assembler: Assembler
    metrics: Metrics
    study: str
    device: torch.device

    @classmethod
    def of(
        cls,
        trial: Trial,
        data: DataSet,
        assembler: Assembler,
        metrics: Metrics,
        study: str,
        device: torch.device | None = None,
    ) -> Replicate:
        """Return the replicate of *trial*: the images are split by its seed."""
        split = split_samples(data.samples, trial.seed, trial.variant.pipeline.split)
        return cls(trial, data, split, assembler, metrics, study, device or pick_device())

    @property
    def training_seed(self) -> int:
        """The seed of order, augmentation and dropout in training: that of the trial, except for the seed control.

        The split and the initial weights use the seed of the trial in every variant.
        """
        seed = self.trial.seed
        return key64(seed, "luck") if self.trial.variant.pipeline.control == "luck" else seed

    def predictions(self, part: NDArray[np.int64], seen: Evaluation) -> Predictions:
        """Return the evaluation *seen* of the samples *part* as predictions, with their keys and groups."""
        samples = self.data.samples
        keys = tuple(samples.keys[index] for index in part)
        groups = None if samples.groups is None else tuple(samples.groups[index] for index in part)
        probabilities = seen.probabilities.astype(np.float32)
        return Predictions(keys, seen.labels, probabilities, samples.classes, seen.logits, groups)


@dataclass(frozen=True)
class Trained:
    """A pipeline with all settings chosen, and the result of its training."""

    pipeline: Pipeline
    prepared: PreparedPipeline
    batches: Mapping[str, Batches]
    parts: Parts
    fitted: FitResult


def train_candidate(
    replicate: Replicate,
    candidate: Pipeline,
    prepared: PreparedPipeline,
    folder: Path,
    observer: Observer,
    resumed: Callable[[EpochRecord], None] | None = None,
) -> Trained:
    """Train *candidate* on *replicate*, or resume from the checkpoint in *folder*.

    *prepared* belongs to the candidate and is not yet fitted to the training images. The history has all metrics of the
    replicate; the checkpoint of the best epoch describes the trial it belongs to. *observer* and *resumed*: see
    :func:`~flowerablate.train.loop.fit`.
    """
    data, split, assembler, device = replicate.data, replicate.split, replicate.assembler, replicate.device
    ready = prepared.fitted(split.train, data.ids)
    batches = _batches(replicate, candidate, ready)
    steps = optimizer_steps(len(batches["train"]), candidate.train.accumulate)
    parts = build_parts(candidate, data, assembler, replicate.trial.seed, steps, split, device)
    fitted = fit(
        parts,
        batches["train"],
        batches["validation"],
        epochs=candidate.train.epochs,
        seed=replicate.training_seed,
        folder=folder,
        observer=observer,
        device=device,
        channels_last=candidate.train.channels_last,
        recipe=Recipe.of(candidate.train),
        ranking=_ranking(replicate, candidate.train.best_by),
        resumed=resumed,
        about=about(
            replicate.trial,
            candidate,
            ready.evaluate,
            data.samples,
            split,
            assembler,
            study=replicate.study,
            metrics=replicate.metrics.names,
            data=data.fingerprint,
        ),
    )
    return Trained(candidate, ready, batches, parts, fitted)


def _batches(replicate: Replicate, pipeline: Pipeline, ready: PreparedPipeline) -> dict[str, Batches]:
    data, split, device = replicate.data, replicate.split, replicate.device
    seed, training_seed = replicate.trial.seed, replicate.training_seed
    order = build_order(pipeline, data, replicate.assembler, training_seed, split)
    return {
        "train": build_batches(pipeline, ready, data, split.train, training_seed, device, order=order),
        "validation": build_batches(pipeline, ready, data, split.validation, seed, device),
        "test": build_batches(pipeline, ready, data, split.test, seed, device),
    }


def _ranking(replicate: Replicate, text: str) -> EpochRanking:
    """Return the ranking of epochs; it computes the study's metrics, and the one named *text*, on validation."""
    metrics, assembler = replicate.metrics, replicate.assembler
    chosen, read = choose_best_by(text, assembler), best_by(text, assembler)
    extra = Metrics([chosen] if chosen and read.name not in metrics.names else [], assembler)

    def measure(seen: Evaluation) -> dict[str, float]:
        predictions = replicate.predictions(replicate.split.validation, seen)
        return {**metrics.measure(predictions), **extra.measure(predictions)}

    return EpochRanking(read.name, read.lower_is_better, measure)

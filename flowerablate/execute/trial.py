"""Runs one trial: split, batches, model, training, and the figures on the test split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ..contracts import (
    LossContext,
    ModelContext,
    Pipeline,
    SamplerContext,
    ScheduleContext,
    TrainPlan,
    Trial,
    TrialResult,
)
from ..data.splits import Split, split_samples
from ..keyed import key64
from ..ledger import Predictions, TrialFolder
from ..ledger.predictions import write_predictions
from ..loader import Batches, CheckedOrder, Order, PackedDataset
from ..preprocess import BatchOps
from ..study.designs import candidates
from ..study.designs.changes import FEATURED
from ..train.device import environment, pick_device, to_device
from ..train.evaluate import Evaluation, evaluate
from ..train.groups import optimizer_steps, parameter_groups
from ..train.keyed_init import build_keyed
from ..train.loop import EpochRecord, FitResult, Judge, Observer, Parts, Recipe, fit, load_best
from ..train.precision import check_precision
from .assemble import Assembler, DataSet, PreparedPipeline
from .checkpoint import about
from .costs import count_flops, peak_memory, reset_memory, training_facts
from .metrics import LOSS, Metrics, choose_best_by
from .observer import RunObserver, numbers_in
from .search import clear, search

_EVALUATION_BATCH = 128
PIPELINE_SLOTS = ("dataset", *FEATURED)
"""Slots, besides the steps, of which each pipeline has one component."""
_RECORDED_VERSIONS = ("flowerablate", "numpy", "pillow", "torchvision")


def run_trial(
    trial: Trial,
    prepared: PreparedPipeline,
    data: DataSet,
    assembler: Assembler,
    folder: TrialFolder,
    observer: RunObserver,
    metrics: Metrics,
) -> TrialResult:
    """Train *trial*, or go on where it was stopped, and write its result to *folder*.

    The checkpoint is chosen on the validation split, and so are the settings that the pipeline leaves to be chosen; the
    metrics come from the test split, which nothing else has seen.
    """
    pipeline, device = trial.variant.pipeline, pick_device()
    plan = pipeline.train
    split = split_samples(data.samples, trial.seed, pipeline.split)

    def train(candidate: Pipeline, path: Path, epochs_before: int = 0) -> Trained:
        ready = prepared if candidate.steps == pipeline.steps else assembler.prepare(candidate, data)
        steps = _Steps(observer, epochs_before)
        study = folder.path.absolute().parent.parent.name
        return train_candidate(trial, candidate, ready, data, split, assembler, path, steps, metrics, device, study)

    reset_memory(device)
    found = search(pipeline, folder.path, train) if pipeline.retune else None
    trained = found.trained if found else train(pipeline, folder.path)
    parts = trained.parts
    load_best(parts.model, folder.path)
    test = evaluate(
        parts.model,
        trained.batches["test"],
        parts.loss,
        device=device,
        channels_last=plan.channels_last,
        precision=plan.precision,
    )
    predictions = _predictions(data, split.test, test)
    figures = metrics.measure(predictions)
    surroundings = {**record_surroundings(pipeline, assembler, device), **metrics.records(figures)}
    result = replace(
        _result(trial, trained.fitted, test, {**figures, LOSS.name: test.loss}, parts.model, surroundings),
        flops=count_flops(parts.model, pipeline.input, device),
        memory=peak_memory(device),
        facts=training_facts(trained.pipeline.train, trained.batches["train"], trained.prepared.train, split),
    )
    files: dict[str, Any] = {"history": [asdict(record) for record in trained.fitted.history]}
    if found:
        result = replace(result, tuned=found.values, seconds=found.seconds)
        files["candidates"] = found.records
    write_predictions(folder.path, predictions)
    folder.finish(result, files)
    clear(folder.path)
    return result


@dataclass(frozen=True)
class Trained:
    """A pipeline without anything left to choose, and what its training has come to."""

    pipeline: Pipeline
    prepared: PreparedPipeline
    batches: Mapping[str, Batches]
    parts: Parts
    fitted: FitResult


def train_candidate(
    trial: Trial,
    candidate: Pipeline,
    prepared: PreparedPipeline,
    data: DataSet,
    split: Split,
    assembler: Assembler,
    folder: Path,
    observer: Observer,
    metrics: Metrics,
    device: torch.device,
    study: str,
) -> Trained:
    """Train *candidate* with the seed of *trial*, or go on where *folder* has it; the test split is not looked at.

    *prepared* is the candidate's, not yet fitted to the training images of *split*. The history has all of *metrics*;
    the checkpoint of the best epoch tells what it is of, *study* included.
    """
    ready = prepared.fitted(split.train, data.ids)
    order = build_order(candidate, data, assembler, training_seed(trial), split)
    batches = _batches(trial, candidate, ready, data, split, order, device)
    steps = optimizer_steps(len(batches["train"]), candidate.train.accumulate)
    parts = build_parts(candidate, data, assembler, trial.seed, steps, split, device)
    fitted = fit(
        parts,
        batches["train"],
        batches["validation"],
        epochs=candidate.train.epochs,
        seed=training_seed(trial),
        folder=folder,
        observer=observer,
        device=device,
        channels_last=candidate.train.channels_last,
        recipe=Recipe.of(candidate.train),
        judge=_judge(candidate.train, data, split, assembler, metrics),
        about=about(
            trial,
            candidate,
            ready.evaluate,
            data.samples,
            split,
            assembler,
            study=study,
            metrics=metrics.names,
            data=data.fingerprint,
        ),
    )
    return Trained(candidate, ready, batches, parts, fitted)


def training_seed(trial: Trial) -> int:
    """Return what keys order, augmentation and dropout in training: the seed, but not so for the control ``luck``.

    The split and the initial weights are keyed by the seed itself in every variant.
    """
    return key64(trial.seed, "luck") if trial.variant.pipeline.control == "luck" else trial.seed


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

    def build(slot: str, *context: Any) -> Any:
        return assembler.build(slot, getattr(pipeline, slot), *context)

    plan = pipeline.train
    size = pipeline.input
    shape = ModelContext(len(data.samples.classes), size.channels, size.image_size, assembler.root)
    model: nn.Module = to_device(
        build_keyed(lambda: build("model", shape), seed), device, channels_last=plan.channels_last
    )
    optimizer = build("optimizer", parameter_groups(model.parameters(), plan.decay))
    counts = np.bincount(data.labels[split.train], minlength=len(data.samples.classes))
    return Parts(
        model,
        optimizer,
        build("scheduler", ScheduleContext(optimizer, plan.epochs, steps_per_epoch)),
        build("loss", LossContext(tuple(int(count) for count in counts))),
    )


def build_order(pipeline: Pipeline, data: DataSet, assembler: Assembler, seed: int, split: Split) -> Order:
    """Build the sampler: what gives the order of each epoch, places among the training images."""
    context = SamplerContext(data.labels[split.train], len(data.samples.classes), seed)
    order: Order = assembler.build("sampler", pipeline.sampler, context)
    return order


def record_surroundings(pipeline: Pipeline, assembler: Assembler, device: torch.device) -> dict[str, str]:
    """Return what a result depends on besides the study: machine, versions, and the ``owners`` of the components.

    The owners are those of every component that *pipeline* names, each once, sorted and joined by ``"; "``.
    """
    named = [("step", step.use) for step in pipeline.steps]
    named += [(slot, getattr(pipeline, slot).use) for slot in PIPELINE_SLOTS]
    owners = sorted({assembler.provenance(slot, name) for slot, name in named})
    versions = {name: version(name) for name in _RECORDED_VERSIONS}
    return {**environment(device), **versions, "owners": "; ".join(owners)}


def check_parts(pipeline: Pipeline, data: DataSet, assembler: Assembler) -> None:
    """Put a variant together once, on the CPU, so that its faults show before anything is trained.

    Where it chooses settings, each of its candidates is put together, and its images are packed.
    """
    split = split_samples(data.samples, 0, pipeline.split)
    check_precision(pipeline.train.precision, pick_device())
    choose_best_by(pipeline.train.best_by, assembler)
    for values, candidate in candidates(pipeline):
        if values and candidate.steps != pipeline.steps:
            assembler.prepare(candidate, data)
        build_parts(candidate, data, assembler, 0, 1, split, torch.device("cpu"))
        CheckedOrder(build_order(candidate, data, assembler, 0, split), len(split.train))


def _batches(
    trial: Trial,
    pipeline: Pipeline,
    prepared: PreparedPipeline,
    data: DataSet,
    split: Split,
    order: Order,
    device: torch.device,
) -> dict[str, Batches]:
    plan = pipeline.train

    def batches(part: str, *, training: bool) -> Batches:
        mixing = BatchOps(prepared.batch, len(data.samples.classes)) if training and prepared.batch else None
        dataset = PackedDataset(
            prepared.train if training else prepared.evaluate,
            prepared.images,
            data.ids,
            data.labels,
            indices=getattr(split, part),
            seed=training_seed(trial) if training else trial.seed,
            channels_last=plan.channels_last,
            batch_ops=mixing,
        )
        return Batches(
            dataset,
            batch_size=plan.batch_size if training else _EVALUATION_BATCH,
            order=order if training else None,
            pin_memory=device.type == "cuda",
        )

    return {
        "train": batches("train", training=True),
        "validation": batches("validation", training=False),
        "test": batches("test", training=False),
    }


def _judge(plan: TrainPlan, data: DataSet, split: Split, assembler: Assembler, metrics: Metrics) -> Judge:
    """Return what takes the metrics of the study, and the one that chooses the best epoch, on validation."""
    chosen = choose_best_by(plan.best_by, assembler)
    beside = Metrics([chosen] if chosen and chosen.info.name not in metrics.names else [], assembler)

    def measure(seen: Evaluation) -> dict[str, float]:
        predictions = _predictions(data, split.validation, seen)
        return {**metrics.measure(predictions), **beside.measure(predictions)}

    if chosen is None:
        return Judge(plan.best_by, measure=measure)
    return Judge(chosen.info.name, chosen.info.lower_is_better, measure)


class _Steps:
    """Hands the steps of training on to the observer of the run."""

    def __init__(self, observer: RunObserver, epochs_before: int) -> None:
        self._observer = observer
        self._before = epochs_before

    def step_done(self, epoch: int, step: int, steps: int) -> None:
        self._observer.step_done(self._before + epoch, step, steps)

    def epoch_done(self, record: EpochRecord) -> None:
        values = numbers_in({name: value for name, value in asdict(record).items() if name != "epoch"})
        self._observer.epoch_done(self._before + record.epoch, values)


def _result(
    trial: Trial,
    fitted: FitResult,
    test: Evaluation,
    metrics: Mapping[str, float],
    model: nn.Module,
    surroundings: Mapping[str, str],
) -> TrialResult:
    best = fitted.best
    chosen_by = {"accuracy": best.validation_accuracy, "loss": best.validation_loss} if best else {}
    return TrialResult(
        trial_id=trial.id,
        base_id=trial.base_id,
        change=trial.variant.change,
        seed=trial.seed,
        metrics=metrics,
        validation={**best.metrics, **chosen_by} if best else {},
        best_epoch=fitted.best_epoch,
        epochs=len(fitted.history),
        seconds=fitted.seconds,
        images_per_second=fitted.images_per_second,
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        collapsed=fitted.collapsed or test.one_class_only,
        environment=surroundings,
        stopped=fitted.stopped,
    )


def _predictions(data: DataSet, part: NDArray[np.int64], seen: Evaluation) -> Predictions:
    keys = tuple(data.samples.keys[index] for index in part)
    return Predictions(keys, seen.labels, seen.probabilities.astype(np.float32), data.samples.classes)

"""Runs one trial: trains it, and records the metrics on the test split, the costs, and the environment."""

from __future__ import annotations

from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from ..contracts import (
    IMAGES_PER_SECOND,
    PARAMETERS,
    SECONDS,
    MeasureContext,
    MeasuredTrial,
    Pipeline,
    Trial,
    TrialResult,
)
from ..ledger import TrialFolder
from ..ledger.predictions import write_predictions
from ..train.device import environment, pick_device
from ..train.evaluate import evaluate
from ..train.loop import EpochRecord, load_best
from ..wiring.assemble import Assembler, DataSet, PreparedPipeline
from ..wiring.measured_costs import Measurement
from ..wiring.scoring import LOSS, Metrics, best_by
from .candidate import Replicate, Trained, train_candidate
from .facts import facts_of_test_images, training_facts
from .observer import TrialObserver, numbers_in
from .search import clear, search

_RECORDED_VERSIONS = ("flowerablate", "numpy", "pillow", "torchvision")


def run_trial(
    trial: Trial,
    prepared: PreparedPipeline,
    data: DataSet,
    assembler: Assembler,
    folder: TrialFolder,
    observer: TrialObserver,
    metrics: Metrics,
    device: str = "auto",
) -> TrialResult:
    """Train *trial*, or resume it, and write its result to *folder*.

    The checkpoint, and the settings that the pipeline leaves open, are chosen on the validation split. The metrics come
    from the test split, which is used for nothing else. *device*: see :func:`~flowerablate.train.device.pick_device`.
    """
    pipeline = trial.variant.pipeline
    study = folder.path.absolute().parent.parent.name
    replicate = Replicate.of(trial, data, assembler, metrics, study, pick_device(device))
    split = replicate.split

    def train(candidate: Pipeline, path: Path, epochs_before: int = 0) -> Trained:
        ready = prepared if candidate.steps == pipeline.steps else assembler.prepare(candidate, data)
        return train_candidate(replicate, candidate, ready, path, _Steps(observer, epochs_before))

    measurement = Measurement.start(assembler, MeasureContext(replicate.device))
    found = search(pipeline, folder.path, train) if pipeline.retune else None
    trained = found.trained if found else train(pipeline, folder.path)
    parts, plan = trained.parts, pipeline.train
    load_best(parts.model, folder.path)
    test = evaluate(
        parts.model,
        trained.batches["test"],
        parts.loss,
        device=replicate.device,
        channels_last=plan.channels_last,
        precision=plan.precision,
    )
    parameters = sum(parameter.numel() for parameter in parts.model.parameters())  # before a measure has the model
    costs = measurement.finish(_measured(trained))  # before the metrics, which do not count as costs
    predictions = replicate.predictions(split.test, test)
    measured = metrics.measure(predictions)
    fitted, best = trained.fitted, trained.fitted.best
    result = TrialResult(
        trial_id=trial.id,
        base_id=trial.base_id,
        change=trial.variant.change,
        seed=trial.seed,
        metrics={**measured, LOSS.name: test.loss},
        validation=_validation(best) if best else {},
        best_epoch=fitted.best_epoch,
        epochs=len(fitted.history),
        collapsed=fitted.collapsed or test.one_class_only,
        costs={
            SECONDS.name: found.seconds if found else fitted.seconds,
            IMAGES_PER_SECOND.name: fitted.images_per_second,
            PARAMETERS.name: parameters,
            **costs,
        },
        environment=record_environment(replicate.device),
        owners=(*assembler.owners(pipeline), *metrics.owners(measured), *measurement.owners),
        facts={
            **training_facts(trained.pipeline.train, trained.batches["train"], trained.prepared.train, split),
            **facts_of_test_images(predictions.labels),
        },
        tuned=found.values if found else {},
        stopped=fitted.stopped,
        best_by=best_by(plan.best_by, assembler),
    )
    files: dict[str, Any] = {"history": [asdict(record) for record in fitted.history]}
    if found:
        files["candidates"] = found.records
    write_predictions(folder.path, predictions)
    folder.finish(result, files)
    clear(folder.path)
    return result


def record_environment(device: torch.device) -> dict[str, str]:
    """Return the environment of a result besides the study and its plugins: machine and versions."""
    return {**environment(device), **{name: version(name) for name in _RECORDED_VERSIONS}}


class _Steps:
    """Forwards the steps of training to the observer of the trial."""

    def __init__(self, observer: TrialObserver, epochs_before: int) -> None:
        self._observer = observer
        self._before = epochs_before

    def step_done(self, epoch: int, step: int, steps: int) -> None:
        self._observer.step_done(self._before + epoch, step, steps)

    def epoch_done(self, record: EpochRecord) -> None:
        values = numbers_in({name: value for name, value in asdict(record).items() if name != "epoch"})
        self._observer.epoch_done(self._before + record.epoch, values)


def _validation(best: EpochRecord) -> dict[str, float]:
    return {**best.metrics, "accuracy": best.validation_accuracy, "loss": best.validation_loss}


def _measured(trained: Trained) -> MeasuredTrial:
    shape, fitted = trained.pipeline.input, trained.fitted
    return MeasuredTrial(trained.parts.model, shape.channels, shape.image_size, len(fitted.history), fitted.seconds)

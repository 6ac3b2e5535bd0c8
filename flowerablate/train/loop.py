"""The training loop: epochs, validation, the best checkpoint, and resuming after an interruption.

The loop depends on no state that a checkpoint lacks: the order of samples and their augmentation are keyed by the
epoch, and torch is seeded from (seed, epoch, batch) before each batch, so that dropout is keyed too. Therefore a
training that was interrupted and resumed gives the same numbers as one that was not.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ..contracts import BEST, LAST
from ..errors import TrainingError
from ..keyed import torch_seed
from .checkpoint import load_best, load_weights, numeric_environment, trusted_state
from .collapse import is_checked, why_in_training, why_in_validation
from .delivery import BatchSource, Delivery, count_right
from .device import to_device
from .evaluate import evaluate
from .history import EpochRecord, FitResult
from .keyed_init import seed_torch
from .precision import autocast, check_precision, compiled
from .recipe import EpochRanking, Recipe
from .state import save_state
from .step import Parts, Stepper

__all__ = [
    "EpochRanking",
    "EpochRecord",
    "FitResult",
    "Observer",
    "Parts",
    "Recipe",
    "Silent",
    "fit",
    "load_best",
]


class Observer(Protocol):
    """Receives progress. An exception that it raises ends the training, which can be resumed."""

    def step_done(self, epoch: int, step: int, steps: int) -> None:
        """Called after batch *step* of *steps* of an epoch; all count from 1."""

    def epoch_done(self, record: EpochRecord) -> None:
        """Called after an epoch, when its checkpoint is on disk."""


class Silent:
    """An observer that does nothing."""

    def step_done(self, epoch: int, step: int, steps: int) -> None:
        pass

    def epoch_done(self, record: EpochRecord) -> None:
        pass


def fit(
    parts: Parts,
    train_batches: BatchSource,
    validation_batches: BatchSource,
    *,
    epochs: int,
    seed: int,
    folder: Path,
    observer: Observer | None = None,
    device: torch.device | None = None,
    channels_last: bool = False,
    about: Mapping[str, Any] | None = None,
    recipe: Recipe | None = None,
    ranking: EpochRanking | None = None,
    resumed: Callable[[EpochRecord], None] | None = None,
) -> FitResult:
    """Train *parts* for *epochs*, and keep the best and the last state in *folder*.

    *recipe* says how steps are made. *ranking* chooses the best epoch; by default that is the first epoch with the
    highest validation accuracy, ties broken by the lowest validation loss. ``load_best`` loads it. *about* (JSON
    values) is stored with its weights. With a moving average, the average is validated and stored as the best.

    If *folder* has the last state of this training, training resumes from it. If that state is damaged, or was made
    with another torch, device or number of threads, training logs one line and starts again; it gives the numbers that
    a training that started here would give. *resumed* is called with each epoch of the state that training resumes
    from, of which *observer* does not hear again. Epochs count from 1, also in calls of ``train_batches.epoch``. A loss
    that is not finite ends the training as collapsed. Raises :class:`TrainingError` if *folder* holds the state of
    another training, if there are no batches, if the device does not support the precision, or if the model cannot be
    compiled.
    """
    training = _Training(
        parts,
        len(train_batches),
        epochs,
        seed,
        folder,
        device or torch.device("cpu"),
        channels_last,
        about or {},
        recipe or Recipe(),
        ranking or EpochRanking(),
    )
    training.start_or_resume()
    if resumed is not None:
        for record in training.history:
            resumed(record)
    observer = observer or Silent()
    while training.unfinished:
        record = training.run_epoch(train_batches, validation_batches, observer)
        training.keep(record)
        observer.epoch_done(record)
    return training.result


@dataclass
class _Training:
    parts: Parts
    batches: int
    epochs: int
    seed: int
    folder: Path
    device: torch.device
    channels_last: bool
    about: Mapping[str, Any]
    recipe: Recipe
    ranking: EpochRanking
    history: list[EpochRecord] = field(default_factory=list)
    best_epoch: int = 0
    collapsed_epoch: int | None = None
    collapse: str = ""

    def __post_init__(self) -> None:
        if not self.batches:
            raise TrainingError(
                "there are too few images: no whole batch to train on; lower train.batch_size or add images"
            )
        check_precision(self.recipe.precision, self.device)
        model = self.parts.model
        to_device(model, self.device, channels_last=self.channels_last)
        if isinstance(self.parts.loss, nn.Module):
            self.parts.loss.to(self.device)
        self.stepper = Stepper(self.parts, self.recipe, self.batches, self.device)
        self.computing = autocast(self.recipe.precision, self.device)
        self.forward = compiled(model) if self.recipe.compile else model

    @property
    def unfinished(self) -> bool:
        return len(self.history) < self.epochs and self.collapsed_epoch is None and not self.out_of_patience

    @property
    def out_of_patience(self) -> bool:
        return 0 < self.recipe.patience <= len(self.history) - self.best_epoch

    @property
    def result(self) -> FitResult:
        stopped = self.collapse
        if not stopped and self.out_of_patience and len(self.history) < self.epochs:
            best, patience = self.best_epoch, self.recipe.patience
            stopped = f"no improvement of {self.ranking.best_by} over epoch {best} (patience {patience})"
        merit = {"merit": self.ranking.merit(self.history[self.best_epoch - 1])} if self.best_epoch else {}
        return FitResult(tuple(self.history), self.best_epoch, self.collapsed_epoch, stopped, **merit)

    def run_epoch(self, train_batches: BatchSource, validation_batches: BatchSource, observer: Observer) -> EpochRecord:
        epoch = len(self.history) + 1
        started = time.perf_counter()
        # Sums stay on the device: reading them at every batch would make a GPU wait.
        loss_sum = torch.zeros((), dtype=torch.float64, device=self.device)
        correct = torch.zeros((), dtype=torch.float64, device=self.device)
        images_seen = 0
        delivery = Delivery(self.device, channels_last=self.channels_last)
        self.parts.model.train()
        with closing(delivery.of(train_batches, epoch)) as delivered:
            for number, (images, labels) in enumerate(delivered, start=1):
                seed_torch(torch_seed(self.seed, "forward", epoch, number))
                with self.computing:
                    logits = self.forward(images)
                logits = logits.float()
                loss = self.parts.loss(logits, labels)
                loss_sum += loss.detach() * len(labels)
                correct += count_right(logits.detach(), labels)
                images_seen += len(labels)
                if is_checked(number, self.batches, self.device) and not math.isfinite(loss_sum):
                    self._collapse_in_training(epoch, number, images, logits)
                    break
                self.stepper.take(loss, number)
                observer.step_done(epoch, number, self.batches)
        train_loss, train_accuracy = float(loss_sum) / images_seen, float(correct) / images_seen
        train_seconds = time.perf_counter() - started
        return EpochRecord(
            epoch=epoch,
            train_loss=train_loss,
            train_accuracy=train_accuracy,
            **self._validate(epoch, validation_batches),
            learning_rate=self.stepper.learning_rate,
            images_per_second=images_seen / train_seconds,
            seconds=time.perf_counter() - started,
            seconds_waited=delivery.seconds_waited,
        )

    def _validate(self, epoch: int, batches: BatchSource) -> dict[str, Any]:
        """Return the validation metrics of the epoch, all nan after a collapse; pass the loss to the schedule."""
        if self.collapse:
            return {"validation_loss": math.nan, "validation_accuracy": math.nan}
        seen = evaluate(
            self.stepper.averaged,
            batches,
            self.parts.loss,
            device=self.device,
            channels_last=self.channels_last,
            precision=self.recipe.precision,
        )
        if math.isfinite(seen.loss):
            self.stepper.epoch_done(seen.loss)
        else:
            self._collapsed(epoch, why_in_validation(epoch))
        metrics = dict(self.ranking.measure(seen)) if not self.collapse else {}
        return {"validation_loss": seen.loss, "validation_accuracy": seen.accuracy, "metrics": metrics}

    def _collapse_in_training(self, epoch: int, number: int, images: Tensor, logits: Tensor) -> None:
        self._collapsed(epoch, why_in_training(epoch, number, images, logits, self.parts.model, self.recipe))

    def _collapsed(self, epoch: int, why: str) -> None:
        self.collapsed_epoch, self.collapse = epoch, why

    def keep(self, record: EpochRecord) -> None:
        """Add *record* to the history, and save the state; a collapsed epoch is never the best one."""
        self.history.append(record)
        if not self.collapse and (
            not self.best_epoch or self.ranking.merit(record) > self.ranking.merit(self.history[self.best_epoch - 1])
        ):
            self.best_epoch = record.epoch
            self._save_best()
        # Saved after the best: after an interruption in between, this epoch is trained again, with the same result.
        self._save_last()

    def start_or_resume(self) -> None:
        """Resume from the state in the folder; without one, keep the initial weights as the best."""
        self.folder.mkdir(parents=True, exist_ok=True)
        state = trusted_state(self.folder, self._identity(), numeric_environment(self.device))
        if state is None:
            self._save_best()
            return
        load_weights(self.parts.model, state["model"], self.folder / LAST)
        self.parts.optimizer.load_state_dict(state["optimizer"])
        self.parts.scheduler.load_state_dict(state["scheduler"])
        self.stepper.load_state_dict(state["stepper"])
        self.history = [EpochRecord(**record) for record in state["history"]]
        self.best_epoch = state["best_epoch"]
        self.collapsed_epoch, self.collapse = state["collapsed_epoch"], state["collapse"]

    def _identity(self) -> dict[str, Any]:
        identity = {"seed": self.seed, "epochs": self.epochs, "batches": self.batches, **self.recipe.changed}
        return identity if self.ranking.best_by == "accuracy" else {**identity, "best by": self.ranking.best_by}

    def _save_best(self) -> None:
        state = {"epoch": self.best_epoch, "model": self.stepper.averaged.state_dict(), "about": self.about}
        save_state(self.folder / BEST, state)

    def _save_last(self) -> None:
        state = {
            "training": self._identity(),
            "environment": numeric_environment(self.device),
            "model": self.parts.model.state_dict(),
            "optimizer": self.parts.optimizer.state_dict(),
            "scheduler": self.parts.scheduler.state_dict(),
            "stepper": self.stepper.state_dict(),
            "history": [asdict(record) for record in self.history],
            "best_epoch": self.best_epoch,
            "collapsed_epoch": self.collapsed_epoch,
            "collapse": self.collapse,
        }
        save_state(self.folder / LAST, state)

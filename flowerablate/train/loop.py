"""The training loop: epochs, validation, the best checkpoint, and resuming after an interruption.

Nothing in it depends on state that a checkpoint lacks: the order of samples and their augmentation are keyed by the
epoch, and before each batch torch is seeded from (seed, epoch, batch), so that dropout is keyed too. That is why an
interrupted training, resumed, gives the same numbers as one that ran through.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ..contracts import BEST, LAST
from ..errors import TrainingError
from ..keyed import torch_seed
from .checkpoint import load_best, load_weights, surroundings, trusted_state
from .collapse import is_looked_at, why_in_training, why_in_validation
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
    """Is told of progress. What it raises ends the training, which can then be resumed."""

    def step_done(self, epoch: int, step: int, steps: int) -> None:
        """Batch *step* of *steps* of an epoch is done; all count from 1."""

    def epoch_done(self, record: EpochRecord) -> None:
        """An epoch is done and its checkpoint is on disk."""


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
) -> FitResult:
    """Train *parts* for *epochs*, and keep the best and the last state in *folder*.

    *recipe* says how steps are made. The best epoch is chosen by *ranking*: without one it has the highest validation
    accuracy, then the lowest validation loss, then comes first; ``load_best`` brings it back. *about*, JSON values, is
    kept beside its weights. With a moving average, that is what is validated and kept as the best.

    If *folder* has the last state of this training, it goes on from there; if that is damaged, or was made with another
    torch, device or number of threads, one line is logged and training starts anew, to the numbers that it would have
    given here from the first. Epochs count from 1, which is also the number given to ``train_batches.epoch``. A loss
    that is not a finite number ends the training as collapsed. Raises :class:`TrainingError` where *folder* holds the
    state of another training, where there are no batches, where the device does not compute in the precision, or where
    the model cannot be compiled.
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
            raise TrainingError("there is no whole batch to train on; lower train.batch_size or add images")
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
            stopped = f"no better epoch than {self.best_epoch} by {self.ranking.best_by} in {self.recipe.patience}"
        merit = {"merit": self.ranking.merit(self.history[self.best_epoch - 1])} if self.best_epoch else {}
        return FitResult(tuple(self.history), self.best_epoch, self.collapsed_epoch, stopped, **merit)

    def run_epoch(self, train_batches: BatchSource, validation_batches: BatchSource, observer: Observer) -> EpochRecord:
        epoch = len(self.history) + 1
        started = time.perf_counter()
        # Sums stay on the device, so that a GPU is not asked for a number at every batch.
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
                if is_looked_at(number, self.batches, self.device) and not math.isfinite(loss_sum):
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
        """Return the validation figures of the epoch, all nan after a collapse, and tell the schedule of them."""
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
        """Take *record* into the history, and save the state; a collapsed epoch is never the best one."""
        self.history.append(record)
        if not self.collapse and (
            not self.best_epoch or self.ranking.merit(record) > self.ranking.merit(self.history[self.best_epoch - 1])
        ):
            self.best_epoch = record.epoch
            self._save_best()
        # Saved after the best: if we are stopped in between, this epoch is trained again, to the same end.
        self._save_last()

    def start_or_resume(self) -> None:
        """Take up the state in the folder; where there is none to trust, keep the initial weights as the best."""
        self.folder.mkdir(parents=True, exist_ok=True)
        state = trusted_state(self.folder, self._identity(), surroundings(self.device))
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
        told = {"seed": self.seed, "epochs": self.epochs, "batches": self.batches, **self.recipe.changed}
        return told if self.ranking.best_by == "accuracy" else {**told, "best by": self.ranking.best_by}

    def _save_best(self) -> None:
        state = {"epoch": self.best_epoch, "model": self.stepper.averaged.state_dict(), "about": self.about}
        save_state(self.folder / BEST, state)

    def _save_last(self) -> None:
        state = {
            "training": self._identity(),
            "surroundings": surroundings(self.device),
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

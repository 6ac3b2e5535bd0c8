"""The training loop: epochs, validation, the best checkpoint, and resuming after an interruption.

Nothing in it depends on state that a checkpoint lacks: the order of samples and their augmentation are keyed by the
epoch, and before each step torch is seeded from (seed, epoch, step), so that dropout is keyed too. That is why an
interrupted training, resumed, gives the same numbers as one that ran through.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from ..errors import TrainingError
from ..keyed import torch_seed
from .batches import Batches, Delivery, count_right
from .device import to_device
from .evaluate import evaluate
from .keyed_init import seed_torch
from .state import load_state, save_state

BEST = "best.safetensors"
LAST = "last.safetensors"

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Parts:
    """What is trained and how. Build the optimizer over the model when that is on its device already."""

    model: nn.Module
    optimizer: Optimizer
    scheduler: LRScheduler
    loss: Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class EpochRecord:
    """One epoch, counted from 1. Losses are means over images, accuracies shares, times in seconds.

    *seconds* is the whole epoch with validation; *images_per_second* and *seconds_waited* (for data) are of its
    training part; *learning_rate* is that of its last step, in the optimizer's first group. Where labels are mixed, an
    image is right by the share of its label that the named class has.
    """

    epoch: int
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float
    learning_rate: float
    images_per_second: float
    seconds: float
    seconds_waited: float


@dataclass(frozen=True)
class FitResult:
    """A finished training. *best_epoch* is 0, the initial weights, where it collapsed before its first good epoch.

    *collapsed_epoch* is the epoch whose loss was not a finite number, else None.
    """

    history: tuple[EpochRecord, ...]
    best_epoch: int
    collapsed_epoch: int | None

    @property
    def collapsed(self) -> bool:
        """Whether training ended early because the loss was not a finite number."""
        return self.collapsed_epoch is not None

    @property
    def best(self) -> EpochRecord | None:
        """The record of the best epoch, or None where that is the initial state."""
        return self.history[self.best_epoch - 1] if self.best_epoch else None

    @property
    def seconds(self) -> float:
        """Time of all epochs, without that lost to interruptions."""
        return sum(record.seconds for record in self.history)

    @property
    def images_per_second(self) -> float:
        """Training speed: the median over the epochs."""
        speeds = sorted(record.images_per_second for record in self.history)
        return (speeds[(len(speeds) - 1) // 2] + speeds[len(speeds) // 2]) / 2 if speeds else 0.0


class Observer(Protocol):
    """Is told of progress. What it raises ends the training, which can then be resumed."""

    def step_done(self, epoch: int, step: int, steps: int) -> None:
        """Optimizer step *step* of *steps* of an epoch is done; all count from 1."""

    def epoch_done(self, record: EpochRecord) -> None:
        """An epoch is done and its checkpoint is on disk."""


class Silent:
    """An observer that does nothing."""

    def step_done(self, epoch: int, step: int, steps: int) -> None:
        """Do nothing."""

    def epoch_done(self, record: EpochRecord) -> None:
        """Do nothing."""


def fit(
    parts: Parts,
    train_batches: Batches,
    validation_batches: Batches,
    *,
    epochs: int,
    seed: int,
    folder: Path,
    observer: Observer | None = None,
    device: torch.device | None = None,
    channels_last: bool = False,
    about: Mapping[str, Any] | None = None,
) -> FitResult:
    """Train *parts* for *epochs*, and keep the best and the last state in *folder*.

    The best epoch has the highest validation accuracy, then the lowest validation loss, then comes first;
    ``load_best`` brings it back. *about*, JSON values, is kept beside its weights.

    If *folder* has the last state of this training, it goes on from there; if that is
    damaged, or was made with another torch, device or number of threads, one line is logged and training starts anew,
    to the numbers that it would have given here from the first. Epochs count from 1, which is also the number given to
    ``train_batches.epoch``. A loss that is not a finite number ends the training as collapsed. Raises
    :class:`TrainingError` where *folder* holds the state of another training, or where there are no batches.
    """
    training = _Training(
        parts, len(train_batches), epochs, seed, folder, device or torch.device("cpu"), channels_last, about or {}
    )
    training.start_or_resume()
    observer = observer or Silent()
    while training.unfinished:
        record = training.run_epoch(train_batches, validation_batches, observer)
        training.keep(record)
        observer.epoch_done(record)
    return FitResult(tuple(training.history), training.best_epoch, training.collapsed_epoch)


def load_best(model: nn.Module, folder: Path) -> int:
    """Load the weights of the best epoch in *folder* into *model* and return that epoch."""
    state = load_state(folder / BEST)
    load_weights(model, state["model"], folder / BEST)
    return int(state["epoch"])


@dataclass
class _Training:
    parts: Parts
    steps: int
    epochs: int
    seed: int
    folder: Path
    device: torch.device
    channels_last: bool
    about: Mapping[str, Any]
    history: list[EpochRecord] = field(default_factory=list)
    best_epoch: int = 0
    collapsed_epoch: int | None = None

    def __post_init__(self) -> None:
        if not self.steps:
            raise TrainingError("there is no whole batch to train on; lower train.batch_size or add images")
        to_device(self.parts.model, self.device, channels_last=self.channels_last)
        if isinstance(self.parts.loss, nn.Module):
            self.parts.loss.to(self.device)

    @property
    def unfinished(self) -> bool:
        return len(self.history) < self.epochs and self.collapsed_epoch is None

    def run_epoch(self, train_batches: Batches, validation_batches: Batches, observer: Observer) -> EpochRecord:
        """Train one epoch, then validate."""
        model, optimizer, scheduler = self.parts.model, self.parts.optimizer, self.parts.scheduler
        epoch = len(self.history) + 1
        started = time.perf_counter()
        # Sums stay on the device, so that a GPU is asked for a number once in an epoch and not at every step.
        loss_sum = torch.zeros((), dtype=torch.float64, device=self.device)
        correct = torch.zeros((), dtype=torch.float64, device=self.device)
        images_seen = 0
        by_plateau = isinstance(scheduler, ReduceLROnPlateau)
        rate = 0.0
        delivery = Delivery(self.device, channels_last=self.channels_last)
        model.train()
        with closing(delivery.of(train_batches, epoch)) as delivered:
            for step, (images, labels) in enumerate(delivered, start=1):
                seed_torch(torch_seed(self.seed, "forward", epoch, step))
                logits = model(images)
                loss = self.parts.loss(logits, labels)
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                rate = float(optimizer.param_groups[0]["lr"])
                if not by_plateau:
                    scheduler.step()
                loss_sum += loss.detach() * len(labels)
                correct += count_right(logits.detach(), labels)
                images_seen += len(labels)
                observer.step_done(epoch, step, self.steps)
        train_loss, train_accuracy = float(loss_sum) / images_seen, float(correct) / images_seen
        train_seconds = time.perf_counter() - started
        validation = evaluate(
            model, validation_batches, self.parts.loss, device=self.device, channels_last=self.channels_last
        )
        if by_plateau and math.isfinite(validation.loss):
            scheduler.step(validation.loss)  # type: ignore[arg-type]
        return EpochRecord(
            epoch=epoch,
            train_loss=train_loss,
            train_accuracy=train_accuracy,
            validation_loss=validation.loss,
            validation_accuracy=validation.accuracy,
            learning_rate=rate,
            images_per_second=images_seen / train_seconds,
            seconds=time.perf_counter() - started,
            seconds_waited=delivery.seconds_waited,
        )

    def keep(self, record: EpochRecord) -> None:
        """Take *record* into the history, and save the state; a collapsed epoch is never the best one."""
        self.history.append(record)
        if not (math.isfinite(record.train_loss) and math.isfinite(record.validation_loss)):
            self.collapsed_epoch = record.epoch
        elif not self.best_epoch or _merit(record) > _merit(self.history[self.best_epoch - 1]):
            self.best_epoch = record.epoch
            self._save_best()
        # Saved after the best: if we are stopped in between, this epoch is trained again, to the same end.
        self._save_last()

    def start_or_resume(self) -> None:
        """Take up the state in the folder; where there is none to trust, keep the initial weights as the best."""
        self.folder.mkdir(parents=True, exist_ok=True)
        state = self._trusted_state()
        if state is None:
            self._save_best()
            return
        load_weights(self.parts.model, state["model"], self.folder / LAST)
        self.parts.optimizer.load_state_dict(state["optimizer"])
        self.parts.scheduler.load_state_dict(state["scheduler"])
        self.history = [EpochRecord(**record) for record in state["history"]]
        self.best_epoch = state["best_epoch"]
        self.collapsed_epoch = state["collapsed_epoch"]

    def _trusted_state(self) -> dict[str, Any] | None:
        """Return the last state, or None where there is none. What cannot be gone on from is deleted with a warning."""
        path = self.folder / LAST
        if not path.exists():
            return None
        try:
            state = load_state(path)
            load_state(self.folder / BEST)  # without it the epochs up to now would have been in vain
        except (TrainingError, OSError) as error:
            _discard(path, str(error).partition(";")[0])
            return None
        if state.get("training") != self._identity():
            raise TrainingError(
                f"{path} belongs to another training ({_words(state.get('training'))}; "
                f"asked for: {_words(self._identity())}); delete it to start anew"
            )
        surroundings = state.get("surroundings")
        if surroundings != self._surroundings():
            there, here = _words(surroundings), _words(self._surroundings())
            _discard(path, f"{path} was trained elsewhere ({there}; here: {here})")
            return None
        return state

    def _identity(self) -> dict[str, int]:
        return {"seed": self.seed, "epochs": self.epochs, "steps per epoch": self.steps}

    def _surroundings(self) -> dict[str, str | int]:
        """Return what the last bits of the numbers depend on; one training must not mix those of two machines."""
        on_gpu = self.device.type == "cuda"
        kind = torch.cuda.get_device_name(self.device) if on_gpu else torch.backends.cpu.get_cpu_capability()
        return {
            "torch": str(torch.__version__),
            "device": f"{self.device.type} {kind}",
            "threads": torch.get_num_threads(),
        }

    def _save_best(self) -> None:
        state = {"epoch": self.best_epoch, "model": self.parts.model.state_dict(), "about": self.about}
        save_state(self.folder / BEST, state)

    def _save_last(self) -> None:
        state = {
            "training": self._identity(),
            "surroundings": self._surroundings(),
            "model": self.parts.model.state_dict(),
            "optimizer": self.parts.optimizer.state_dict(),
            "scheduler": self.parts.scheduler.state_dict(),
            "history": [asdict(record) for record in self.history],
            "best_epoch": self.best_epoch,
            "collapsed_epoch": self.collapsed_epoch,
        }
        save_state(self.folder / LAST, state)


def _merit(record: EpochRecord) -> tuple[float, float]:
    return record.validation_accuracy, -record.validation_loss


def _discard(path: Path, cause: str) -> None:
    _logger.warning("%s; training starts anew", " ".join(cause.split()))
    path.unlink()


def load_weights(model: nn.Module, weights: dict[str, Any], path: Path) -> None:
    """Load *weights* from the checkpoint *path*; those of another model raise :class:`TrainingError`."""
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise TrainingError(f"{path} holds the weights of another model; delete it to start anew") from error


def _words(identity: object) -> str:
    if not isinstance(identity, dict):
        return "none of ours"
    return ", ".join(f"{name} {value}" for name, value in identity.items())

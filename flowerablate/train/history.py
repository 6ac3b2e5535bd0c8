"""The record of a training: its epochs, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class EpochRecord:
    """One epoch, counted from 1. Losses are means over images, accuracies fractions, times in seconds.

    *seconds* covers the whole epoch, validation included; *images_per_second* and *seconds_waited* (for data) cover its
    training part only. *learning_rate* is that of the last step, in the optimizer's first group. If labels are mixed,
    an image counts towards the accuracy as the probability that its label gives the predicted class. *metrics* are
    those of the study, computed on the validation split. An epoch whose training loss was not finite is not validated:
    its validation metrics are nan.
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
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class FitResult:
    """A finished training. *best_epoch* is 0, the initial weights, if it collapsed before its first good epoch.

    *collapsed_epoch* is the epoch whose loss was not finite, else None. *stopped* says why training ended before its
    last epoch, and what may help; it is empty otherwise. *merit* ranks the best epoch (see
    :class:`.recipe.EpochRanking`); higher is better.
    """

    history: tuple[EpochRecord, ...]
    best_epoch: int
    collapsed_epoch: int | None
    stopped: str = ""
    merit: tuple[float, float] = (float("-inf"), float("-inf"))

    @property
    def collapsed(self) -> bool:
        """Whether training ended early because the loss was not finite."""
        return self.collapsed_epoch is not None

    @property
    def best(self) -> EpochRecord | None:
        """The record of the best epoch, or None if that is the initial state."""
        return self.history[self.best_epoch - 1] if self.best_epoch else None

    @property
    def seconds(self) -> float:
        """The time of all epochs, without that lost to interruptions."""
        return sum(record.seconds for record in self.history)

    @property
    def images_per_second(self) -> float:
        """The training speed: the median over the epochs."""
        speeds = sorted(record.images_per_second for record in self.history)
        return (speeds[(len(speeds) - 1) // 2] + speeds[len(speeds) // 2]) / 2 if speeds else 0.0

"""What a training leaves to be read: a record of each epoch, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class EpochRecord:
    """One epoch, counted from 1. Losses are means over images, accuracies shares, times in seconds.

    *seconds* is the whole epoch with validation; *images_per_second* and *seconds_waited* (for data) are of its
    training part; *learning_rate* is that of its last step, in the optimizer's first group. Where labels are mixed, an
    image is right by the share of its label that the named class has. *metrics* are those of the study, taken on
    validation. An epoch whose training loss was not finite is not validated: its validation figures are nan.
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
    """A finished training. *best_epoch* is 0, the initial weights, where it collapsed before its first good epoch.

    *collapsed_epoch* is the epoch whose loss was not a finite number, else None. *stopped* says why training ended
    before its last epoch, and what may help; it is empty where it did not. *merit* is how good the best epoch is (see
    :class:`.recipe.EpochRanking`), more is better.
    """

    history: tuple[EpochRecord, ...]
    best_epoch: int
    collapsed_epoch: int | None
    stopped: str = ""
    merit: tuple[float, float] = (float("-inf"), float("-inf"))

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

"""What a measure of a cost is given: before a trial trains, and after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True)
class MeasureContext:
    """What is known before a trial trains: the *device* on which it will."""

    device: torch.device


@dataclass(frozen=True)
class MeasuredTrial:
    """A trial that has trained and been tested.

    *model*: the network at its best epoch, on the trial's device. It takes *channels* and *image_size* (pixels) as in
    :class:`~flowerablate.contracts.ModelContext`. *epochs* and *seconds* are those of the training, also of the part
    before an interruption, which a measure has not seen; where a trial chose settings, of the candidate that was kept.
    """

    model: nn.Module
    channels: int
    image_size: int
    epochs: int
    seconds: float


Finish: TypeAlias = Callable[[MeasuredTrial], "float | None"]
"""What the ``build`` of a measure returns. It is called once, after the trial, and gives the cost."""

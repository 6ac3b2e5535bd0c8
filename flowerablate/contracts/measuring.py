"""What a cost measure receives before and after a trial."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True)
class MeasureContext:
    """*device*: where the trial will train."""

    device: torch.device


@dataclass(frozen=True)
class MeasuredTrial:
    """A trial that has been trained and tested.

    *model*: the network at its best epoch, on the trial's device. *channels* and *image_size* (pixels) describe its
    input, as in :class:`~flowerablate.contracts.ModelContext`. *epochs* and *seconds* count the whole training,
    including the part before an interruption, which the measure did not see. For a trial that tuned settings they
    count the selected candidate.
    """

    model: nn.Module
    channels: int
    image_size: int
    epochs: int
    seconds: float


Finish: TypeAlias = Callable[[MeasuredTrial], "float | None"]
"""What the ``build`` of a measure returns: a function that is called once, after the trial, and returns the cost."""

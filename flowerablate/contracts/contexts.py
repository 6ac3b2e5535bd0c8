"""What a component's ``build`` receives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray


__all__ = [
    "ColumnContext",
    "DataContext",
    "LossContext",
    "MetricContext",
    "ModelContext",
    "OptimizerContext",
    "SamplerContext",
    "ScheduleContext",
    "StepContext",
]
"""What authors of plugins need, which ``flowerablate`` has too."""


@dataclass(frozen=True)
class DataContext:
    """*cache*: a folder for the data set alone, which it makes if it needs it. *skip_bad*: go on without bad files.

    *root*: the folder against which a relative path is read, that of the study file.
    """

    cache: Path
    root: Path
    skip_bad: bool = False
    progress: Callable[[str, int, int], None] = lambda what, done, total: None


@dataclass(frozen=True)
class StepContext:
    """*image_size*: side of the square image that the model gets, pixels; *channels*: 1, 3 or 4."""

    image_size: int
    channels: int = 3


@dataclass(frozen=True)
class ModelContext:
    """Shape of the problem: number of *classes*, *channels* of the input, side of the image in pixels.

    *root*: the folder against which a relative path is read, that of the study file. *read_weights*: False where a
    checkpoint's weights are put in next, so that a model need not fetch those that it would begin with.
    """

    classes: int
    channels: int
    image_size: int
    root: Path = Path()
    read_weights: bool = True


@dataclass(frozen=True)
class OptimizerContext:
    """*parameters*: what torch's optimizers take; hand it on as it is.

    It is a list of tensors or, where weight decay is to act on weights only, a list of groups,
    ``{"params": [tensors], "weight_decay": 0.0}``.
    """

    parameters: list[Any]


@dataclass(frozen=True)
class ScheduleContext:
    """The *optimizer* to be scheduled, and the length of training: *epochs*, each of so many optimizer steps."""

    optimizer: torch.optim.Optimizer
    epochs: int
    steps_per_epoch: int

    @property
    def total_steps(self) -> int:
        """Number of optimizer steps in the whole training."""
        return self.epochs * self.steps_per_epoch


@dataclass(frozen=True)
class LossContext:
    """*class_counts*: number of training images of each class."""

    class_counts: tuple[int, ...]


@dataclass(frozen=True)
class SamplerContext:
    """*labels*: int64 [N], of the training images in their order; *classes*: their number; *seed*: of the trial."""

    labels: NDArray[np.int64]
    classes: int
    seed: int


@dataclass(frozen=True)
class MetricContext:
    """Number of *classes* of the data set."""

    classes: int


@dataclass(frozen=True)
class ColumnContext:
    """*root*: the folder against which a relative path is read, that of the study file."""

    root: Path

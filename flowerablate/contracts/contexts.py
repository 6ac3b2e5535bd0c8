"""The contexts that a component's ``build`` receives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray


Progress: TypeAlias = Callable[[str, int, int], None]
"""What hears of long work: what is done, how much of it is, and how much there is."""


@dataclass(frozen=True)
class DataContext:
    """*cache*: a private folder for the data set, which creates it when needed. *skip_bad*: skip unreadable files.

    *root*: the folder of the study file; relative paths start there. *min_classes*: fewer are an error; 1 where a
    trained model is evaluated on some of its classes.
    """

    cache: Path
    root: Path
    skip_bad: bool = False
    progress: Progress = lambda what, done, total: None
    min_classes: int = 2


@dataclass(frozen=True)
class StepContext:
    """*image_size*: side of the model's square input, pixels; *channels*: 1, 3 or 4."""

    image_size: int
    channels: int = 3


@dataclass(frozen=True)
class ModelContext:
    """Shape of the problem: number of *classes*, *channels* of the input, side of the image in pixels.

    *root*: the folder of the study file; relative paths start there. *read_weights*: False when a checkpoint's weights
    are loaded next, so the model need not fetch initial weights.
    """

    classes: int
    channels: int
    image_size: int
    root: Path = Path()
    read_weights: bool = True


@dataclass(frozen=True)
class OptimizerContext:
    """*parameters*: what torch's optimizers take; pass it on unchanged.

    It is a list of tensors or, if weight decay acts on weights only, a list of groups,
    ``{"params": [tensors], "weight_decay": 0.0}``.
    """

    parameters: list[Any]


@dataclass(frozen=True)
class ScheduleContext:
    """The *optimizer* to schedule, and the length of training: *epochs* of *steps_per_epoch* optimizer steps."""

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
    """*labels*: int64 [N], one per training image, in order; *classes*: how many; *seed*: the trial's seed."""

    labels: NDArray[np.int64]
    classes: int
    seed: int


@dataclass(frozen=True)
class MetricContext:
    """*classes*: number of classes in the data set."""

    classes: int


@dataclass(frozen=True)
class ColumnContext:
    """*root*: the folder of the study file; relative paths start there."""

    root: Path

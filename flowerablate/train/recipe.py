"""The settings of a training that belong to no component, and the ranking of its epochs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from ..contracts import TRAINING, TrainPlan
from .evaluate import Evaluation
from .history import EpochRecord


def _default(name: str) -> Any:
    param = TRAINING.param(name)
    assert param is not None, name
    return param.default


@dataclass(frozen=True)
class Recipe:
    """Each field is the parameter of ``[train]`` of that name; :data:`flowerablate.contracts.TRAINING` explains them.

    The defaults are stated there too.
    """

    precision: str = _default("precision")
    compile: bool = _default("compile")
    accumulate: int = _default("accumulate")
    clip_norm: float = _default("clip_norm")
    clip_value: float = _default("clip_value")
    ema: float = _default("ema")
    patience: int = _default("patience")

    @classmethod
    def of(cls, plan: TrainPlan) -> Recipe:
        """Return the recipe of *plan*."""
        return cls(**{field.name: getattr(plan, field.name) for field in fields(cls)})

    @property
    def changed(self) -> dict[str, str | int | float | bool]:
        """The fields that are not at their defaults."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value != getattr(Recipe, name)}


def _nothing(evaluation: Evaluation) -> Mapping[str, float]:
    return {}


@dataclass(frozen=True)
class EpochRanking:
    """Ranks epochs by *best_by*: ``accuracy``, ``loss``, or a key of what *measure* returns.

    *measure* computes the metrics of an evaluation on the validation split; they enter the history.
    """

    best_by: str = "accuracy"
    lower_is_better: bool = False
    measure: Callable[[Evaluation], Mapping[str, float]] = _nothing

    def merit(self, record: EpochRecord) -> tuple[float, float]:
        """Return the rank of an epoch; higher is better, and the lower validation loss breaks ties.

        A metric that is missing or undefined (nan) ranks below any value.
        """
        value = {"accuracy": record.validation_accuracy, "loss": -record.validation_loss}.get(self.best_by)
        if value is None:
            value = record.metrics.get(self.best_by, float("nan")) * (-1 if self.lower_is_better else 1)
        return (value if value == value else float("-inf")), -record.validation_loss

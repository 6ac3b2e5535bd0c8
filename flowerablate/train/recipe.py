"""How the steps of a training are made, apart from its parts: a record that enters no component."""

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
    """Each field is the parameter of ``[train]`` of that name, explained in :data:`flowerablate.contracts.TRAINING`.

    The defaults are taken from there.
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
        """Return what *plan* says of it."""
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
    """Says which epoch is the best: by *best_by*, which is ``accuracy``, ``loss``, or a key of what *measure* returns.

    *measure* takes the metrics of an evaluation on the validation split; they enter the history.
    """

    best_by: str = "accuracy"
    lower_is_better: bool = False
    measure: Callable[[Evaluation], Mapping[str, float]] = _nothing

    def merit(self, record: EpochRecord) -> tuple[float, float]:
        """Return how good an epoch is, more is better; of equal ones the lower validation loss wins.

        A metric that is missing, or is not defined (nan), is worse than any value.
        """
        value = {"accuracy": record.validation_accuracy, "loss": -record.validation_loss}.get(self.best_by)
        if value is None:
            value = record.metrics.get(self.best_by, float("nan")) * (-1 if self.lower_is_better else 1)
        return (value if value == value else float("-inf")), -record.validation_loss

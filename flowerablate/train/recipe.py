"""How the steps of a training are made, apart from its parts: a record that enters no component."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields

from ..contracts import TrainPlan
from .evaluate import Evaluation
from .history import EpochRecord


@dataclass(frozen=True)
class Recipe:
    """Each field is the parameter of ``[train]`` of that name, explained in :data:`flowerablate.contracts.TRAINING`."""

    precision: str = "float32"
    compile: bool = False
    accumulate: int = 1
    clip_norm: float = 0.0
    clip_value: float = 0.0
    ema: float = 0.0
    patience: int = 0

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

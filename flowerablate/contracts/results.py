"""The results of trials, and how to read their metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from .costs import CostInfo
from .labels import label_of
from .owner import OwnedComponent
from .params import Value

BEST = "best.safetensors"
"""The file with the weights of a training's best epoch, in the folder of its trial."""

LAST = "last.safetensors"
"""The file with the last state of a training, from which it resumes."""


@dataclass(frozen=True)
class MetricInfo:
    """How to read a metric. *name*: its key among a trial's metrics, with the parameters that a study sets.

    *lower_is_better*: which direction is good. *percent*: values are fractions, shown as percentages.
    """

    name: str
    lower_is_better: bool = False
    percent: bool = False

    def shown(self, value: float, digits: int = 1) -> str:
        """Return *value* as a reader sees it: ``98.3 %`` for a fraction, with *digits*, else with four decimals."""
        return f"{100 * value:.{digits}f} %" if self.percent else f"{value:.4f}"


@dataclass(frozen=True)
class TrialResult:
    """The result of a finished trial: its costs, and its metrics on the test split at the best validation epoch.

    *costs* are keyed by the name of their :class:`~flowerablate.contracts.CostInfo`; one that is missing or None was
    not measured. *facts* are numbers about the training that a change may also have affected, such as ``steps per
    epoch``. *tuned*: the values that the trial chose on validation. *stopped*: why training ended early, and what may
    help. *best_by*: the metric in *validation* that chose the best epoch. *owners*: the owner of each component of the
    pipeline, each metric and each measure.
    """

    trial_id: str
    base_id: str
    change: str
    seed: int
    metrics: Mapping[str, float]
    validation: Mapping[str, float]
    best_epoch: int
    epochs: int
    collapsed: bool
    costs: Mapping[str, float | None] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, float] = field(default_factory=dict)
    tuned: Mapping[str, Value] = field(default_factory=dict)
    stopped: str = ""
    best_by: MetricInfo = MetricInfo("accuracy", percent=True)
    owners: tuple[OwnedComponent, ...] = ()

    @property
    def label(self) -> str:
        """The variant's label in tables."""
        return label_of(self.change)

    def cost(self, info: CostInfo) -> float | None:
        """Return this cost, or None if it was not measured."""
        return self.costs.get(info.name)


@dataclass(frozen=True)
class TrialFailure:
    """A trial that failed, with the *reason* in one line."""

    trial_id: str
    base_id: str
    change: str
    seed: int
    reason: str

    @property
    def label(self) -> str:
        """The variant's label in tables."""
        return label_of(self.change)


TrialOutcome: TypeAlias = TrialResult | TrialFailure
"""The outcome of a trial."""


def finished(outcomes: Iterable[TrialOutcome]) -> list[TrialResult]:
    """Return the results among *outcomes*."""
    return [outcome for outcome in outcomes if isinstance(outcome, TrialResult)]


def failures(outcomes: Iterable[TrialOutcome]) -> list[TrialFailure]:
    """Return the failures among *outcomes*."""
    return [outcome for outcome in outcomes if isinstance(outcome, TrialFailure)]

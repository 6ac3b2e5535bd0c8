"""What a finished trial says, and how its figures are to be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from ..params import Value
from .costs import CostInfo
from .owner import OwnedComponent
from .pipeline import label_of

BEST = "best.safetensors"
"""The file with the weights of a training's best epoch, in the folder of its trial."""

LAST = "last.safetensors"
"""The file with the last state of a training, from which it goes on."""


@dataclass(frozen=True)
class MetricInfo:
    """How a metric is read. *name*: its key among a trial's metrics, with the parameters that a study sets.

    *lower_is_better* says which direction is good. *percent*: values are fractions, shown as percentages.
    """

    name: str
    lower_is_better: bool = False
    percent: bool = False


@dataclass(frozen=True)
class TrialResult:
    """What a finished trial says: metrics on the test split at the best epoch by validation, and what it cost.

    *costs* are by the names of their :class:`~flowerablate.contracts.CostInfo`; one that is missing or None was not
    measured. *facts* are figures of the training that a change may have moved beside the component, such as ``steps per
    epoch``. *tuned*: the values that the trial chose on validation. *stopped*: why training ended before its last
    epoch, and what may help. *best_by*: the metric among *validation* by which the best
    epoch was chosen. *owners*: who brought each component of the pipeline, each metric and each measure.
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
        """How the trial's variant is called in tables."""
        return label_of(self.change)

    def cost(self, info: CostInfo) -> float | None:
        """Return that cost; None where it was not measured."""
        return self.costs.get(info.name)


@dataclass(frozen=True)
class TrialFailure:
    """A trial that could not be run, with the *reason* in one line."""

    trial_id: str
    base_id: str
    change: str
    seed: int
    reason: str

    @property
    def label(self) -> str:
        """How the trial's variant is called in tables."""
        return label_of(self.change)


TrialOutcome: TypeAlias = TrialResult | TrialFailure
"""What became of a trial."""


def finished(outcomes: Iterable[TrialOutcome]) -> list[TrialResult]:
    """Return those of *outcomes* that are results."""
    return [outcome for outcome in outcomes if isinstance(outcome, TrialResult)]


def failures(outcomes: Iterable[TrialOutcome]) -> list[TrialFailure]:
    """Return those of *outcomes* that are failures."""
    return [outcome for outcome in outcomes if isinstance(outcome, TrialFailure)]

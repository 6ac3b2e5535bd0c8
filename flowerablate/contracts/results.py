"""What a finished trial says, and how its figures are to be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..params import Value
from .owner import OwnedComponent
from .pipeline import label_of


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

    *flops*: floating-point operations of the model for one image, forward (a multiplication and an addition are two);
    *memory*: the most bytes that training held on the device, 0 where that is not measured. *facts* are figures of the
    training that a change may have moved beside the component, such as ``steps per epoch``. *tuned*: the values that
    the trial chose on validation. *stopped*: why training ended before its last epoch, and what may help. *best_by*:
    the figure among *validation* by which the best epoch was chosen. *owners*: who brought each component of the
    pipeline, and each metric.
    """

    trial_id: str
    base_id: str
    change: str
    seed: int
    metrics: Mapping[str, float]
    validation: Mapping[str, float]
    best_epoch: int
    epochs: int
    seconds: float
    images_per_second: float
    parameters: int
    collapsed: bool
    environment: Mapping[str, str] = field(default_factory=dict)
    flops: int = 0
    memory: int = 0
    facts: Mapping[str, float] = field(default_factory=dict)
    tuned: Mapping[str, Value] = field(default_factory=dict)
    failure: str = ""
    stopped: str = ""
    best_by: MetricInfo = MetricInfo("accuracy", percent=True)
    owners: tuple[OwnedComponent, ...] = ()

    @property
    def label(self) -> str:
        """How the trial's variant is called in tables."""
        return label_of(self.change)

    @classmethod
    def failed(cls, trial_id: str, base_id: str, change: str, seed: int, failure: str) -> TrialResult:
        """Return the record of a trial that could not be run, with the reason."""
        return cls(trial_id, base_id, change, seed, {}, {}, 0, 0, 0.0, 0.0, 0, False, failure=failure)

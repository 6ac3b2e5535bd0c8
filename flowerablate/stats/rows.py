"""The content of a table: a row for each contrast, the base, and the effects on further metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..contracts import CORE_COSTS, Contrast, CostInfo, Family, MetricInfo, Rules
from .effects import Effect
from .evidence import Evidence
from .forecast import Forecast
from .multiplicity import Adjusted
from .verdicts import Decision, Verdict


@dataclass(frozen=True)
class Tally:
    """Counts of the trials of a row: *failed* trials have no value; *collapsed* ones have, and are kept.

    *unpaired* counts the seeds that lack only the base. *first_failure* is the reason of the first failed trial.
    """

    trials: int
    failed: int = 0
    collapsed: int = 0
    unpaired: int = 0
    first_failure: str = ""

    @property
    def why_no_pair(self) -> str:
        """Why the row has no pair, if it has none."""
        if self.trials == 0:
            return "n = 0: no trial has been run yet"
        if self.failed == self.trials:
            return "n = 0: all trials failed"
        if self.unpaired:
            return "n = 0: the base has no value for these seeds"
        return "n = 0: no seed has a value for every variant of this contrast"


@dataclass(frozen=True)
class Row:
    """One contrast, or the base; None stands for values that the trials do not give.

    *seeds* are those of the pairs, on which every variant of the contrast has a value (for the base itself: those of
    the trials with a value). *base_mean* and *variant_mean* are the means of the arms with and without the component,
    over these pairs, if the arms are means of variants. *costs*, by name, are those of the variant that the row is
    about, over all its finished trials; all are None if it is about several variants. *evidence* is the basis of the
    verdict, *adjusted* its p-values adjusted for the family, *decision* the verdict, *family_mde* the minimum
    detectable effect if the p-value is multiplied by the size of the family, *family_interval* the interval that holds
    together with those of all comparisons; these are None for the base and outside the family.
    """

    label: str
    change: str
    seeds: tuple[int, ...]
    tally: Tally
    base_mean: float | None
    variant_mean: float | None = None
    costs: Mapping[str, float | None] = field(default_factory=dict)
    contrast: Contrast | None = None
    effect: Effect | None = None
    evidence: Evidence | None = None
    adjusted: Adjusted | None = None
    decision: Decision | None = None
    family_mde: float | None = None
    family_interval: tuple[float, float] | None = None

    @property
    def n(self) -> int:
        """The number of pairs; for the base, of trials with a value."""
        return len(self.seeds)

    @property
    def interval(self) -> str:
        """The kind of interval of the effect, such as ``t`` or ``replicates x images``; empty if it has none."""
        return self.evidence.interval if self.evidence and self.evidence.low is not None else ""

    @property
    def verdict(self) -> Verdict | None:
        """The verdict; None for the base and outside the family."""
        return self.decision.verdict if self.decision else None

    @property
    def reason(self) -> str:
        """The reason of the verdict, or why there is no pair; otherwise empty."""
        if self.decision:
            return self.decision.reason
        return self.tally.why_no_pair if self.contrast and self.effect is None else ""

    @property
    def more_replicates(self) -> int | None:
        """See :class:`.verdicts.Decision`."""
        return self.decision.more if self.decision else None

    @property
    def forecast(self) -> Forecast | None:
        """See :class:`.verdicts.Decision`."""
        return self.decision.forecast if self.decision else None

    @property
    def chance(self) -> float | None:
        """The chance of a decision by the replicates that the forecast names; None without one."""
        return self.forecast.chance if self.forecast else None

    @property
    def adjusted_p(self) -> float | None:
        """The p for «no difference», adjusted for the family; None without one."""
        return self.adjusted.difference if self.adjusted and self.evidence and self.evidence.p is not None else None

    @property
    def adjusted_equivalence_p(self) -> float | None:
        """The p for «at least the margin», adjusted for the family; None without one."""
        known = self.adjusted and self.evidence and self.evidence.equivalence_p is not None
        return self.adjusted.equivalence if self.adjusted and known else None


@dataclass(frozen=True)
class Secondary:
    """A metric without verdicts: the base's mean, and one effect for each row.

    The intervals are those of single comparisons, not adjusted for the family: do not use them to pick winners.
    """

    info: MetricInfo
    base_mean: float | None
    effects: tuple[Effect | None, ...]


@dataclass(frozen=True)
class Summary:
    """The results of a study for *metric*: the *base*, one row per contrast, and *notes* to be printed below.

    *alarms* are those of the notes that make all verdicts void, *doubts* others without which the effects mislead.
    *comparisons* is the size of the family: all contrasts in it, including those without a test; *procedure* adjusts
    for it. *rules* are the rules of the verdicts. *percent*: the metric is a fraction, to be shown in percent. *costs*
    describe the costs of the rows. *kept* is the fraction of the error that this table leaves for others with more
    replicates.
    """

    metric: str
    lower_is_better: bool
    level: float
    comparisons: int
    base: Row
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    rules: Rules = field(default_factory=Rules)
    percent: bool = False
    secondary: tuple[Secondary, ...] = ()
    costs: tuple[CostInfo, ...] = CORE_COSTS
    procedure: Family = "holm"
    kept: float = 0.0

    @property
    def drawn_together(self) -> bool:
        """Whether the family intervals are worth drawing: there are several comparisons, or earlier tables."""
        return self.comparisons > 1 or any(len(row.evidence.looks) > 1 for row in self.rows if row.evidence)

    def thin_interval(self, row: Row) -> tuple[float, float] | None:
        """Return the family interval of *row* if it is to be drawn."""
        return row.family_interval if self.drawn_together else None

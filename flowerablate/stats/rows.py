"""What a table is made of: a row for each contrast, the base, and what is said of further metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..contracts import CORE_COSTS, Contrast, CostInfo, MetricInfo, Rules
from .effects import Effect
from .evidence import Evidence
from .multiplicity import Adjusted
from .verdicts import Decision, Verdict


@dataclass(frozen=True)
class Tally:
    """What became of the trials of a row: *failed* ones have no value; *collapsed* ones have, and are kept.

    *unpaired* counts seeds that lack nothing but the base. *first_failure* is what the first failed trial said.
    """

    trials: int
    failed: int = 0
    collapsed: int = 0
    unpaired: int = 0
    first_failure: str = ""

    @property
    def why_no_pair(self) -> str:
        """Why the row has no pair, where it has none."""
        if self.trials == 0:
            return "n = 0: no trial has been run yet"
        if self.failed == self.trials:
            return "n = 0: all trials failed"
        if self.unpaired:
            return "n = 0: the base has no value for these seeds"
        return "n = 0: no seed has a value for every variant that this weighs"


@dataclass(frozen=True)
class Row:
    """One contrast, or the base; None stands for what the trials cannot tell.

    *seeds* are those of the pairs, on which every variant of the contrast has a value (for the base itself: of the
    trials with a value). *base_mean* and *variant_mean* are the means of the arm with and of that without the
    component, over these pairs, where the arms are means of variants. *costs*, by name, are those of the variant that
    the row is about, over all its trials that did not fail; all are None where it is about several. *evidence* is what
    the verdict rests on, *adjusted* what its p-values become in the family, *decision* the verdict; the last two are
    None for the base and outside the family.
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

    @property
    def n(self) -> int:
        """The number of pairs; for the base: of trials with a value."""
        return len(self.seeds)

    @property
    def interval(self) -> str:
        """Which interval the effect has, such as ``t`` or ``replicates x images``; empty where it has none."""
        return self.evidence.interval if self.evidence and self.evidence.low is not None else ""

    @property
    def verdict(self) -> Verdict | None:
        """The verdict in a word; None for the base and outside the family."""
        return self.decision.verdict if self.decision else None

    @property
    def reason(self) -> str:
        """The reason of the verdict, or why there is no pair; else empty."""
        if self.decision:
            return self.decision.reason
        return self.tally.why_no_pair if self.contrast and self.effect is None else ""

    @property
    def more_replicates(self) -> int | None:
        """See :class:`.verdicts.Decision`."""
        return self.decision.more if self.decision else None

    @property
    def chance(self) -> float | None:
        """See :class:`.verdicts.Decision`."""
        return self.decision.chance if self.decision else None

    @property
    def adjusted_p(self) -> float | None:
        """What the p for «no difference» becomes in the family; None without one."""
        return self.adjusted.difference if self.adjusted and self.evidence and self.evidence.p is not None else None

    @property
    def adjusted_equivalence_p(self) -> float | None:
        """What the p for «at least the margin» becomes in the family; None without one."""
        known = self.adjusted and self.evidence and self.evidence.equivalence_p is not None
        return self.adjusted.equivalence if self.adjusted and known else None


@dataclass(frozen=True)
class Secondary:
    """What the trials say about a metric that no verdict rests on: the base's mean, one effect for each row.

    The intervals are those of single comparisons: they allow for no family, and are not for picking winners.
    """

    info: MetricInfo
    base_mean: float | None
    effects: tuple[Effect | None, ...]


@dataclass(frozen=True)
class Summary:
    """What a study's trials say about *metric*: the *base*, one row per contrast, and *notes* to be printed below.

    *comparisons* is the size of the family: all contrasts in it, those without a test included. *rules* say how the
    verdicts were reached. *percent*: the metric is a fraction, to be shown in percent. *costs* say how to read those of
    the rows.
    """

    metric: str
    lower_is_better: bool
    level: float
    comparisons: int
    base: Row
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    rules: Rules = field(default_factory=Rules)
    percent: bool = False
    secondary: tuple[Secondary, ...] = ()
    costs: tuple[CostInfo, ...] = CORE_COSTS

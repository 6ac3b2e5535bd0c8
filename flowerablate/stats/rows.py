"""What a table is made of: a row for each contrast, the base, and what is said of further metrics."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..contracts import Contrast, MetricInfo, Rules
from .effects import Effect
from .evidence import Evidence
from .verdicts import Verdict


@dataclass(frozen=True)
class Row:
    """One contrast, or the base; None stands for what the trials cannot tell.

    *n* counts the pairs: *seeds* on which every variant of the contrast has a value (for the base itself: trials with a
    value). *base_mean* and *variant_mean* are the means of the arm with and of that without the component, over these
    pairs, where the arms are means of variants. *seconds* (per trial), *images_per_second*, *parameters*, *flops* and
    *memory* are those of the variant that the row is about, over all its trials that did not fail; None where it is
    about several. Of the *trials*, *failed* ones have no value; *collapsed* ones have, and are kept; *unpaired* counts
    seeds that lack nothing but the base. *first_failure* is what the first failed trial said. *evidence* is what the
    verdict rests on, *adjusted_p* and *adjusted_equivalence_p* what its p-values become in the family. *verdict* is
    None for the base and outside the family. *chance*: see :class:`.verdicts.Decision`.
    """

    label: str
    change: str
    n: int
    failed: int
    collapsed: int
    unpaired: int
    base_mean: float | None
    variant_mean: float | None
    effect: Effect | None = None
    adjusted_p: float | None = None
    verdict: Verdict | None = None
    reason: str = ""
    more_replicates: int | None = None
    seconds: float | None = None
    images_per_second: float | None = None
    parameters: int | None = None
    trials: int = 0
    first_failure: str = ""
    contrast: Contrast | None = None
    flops: int | None = None
    memory: int | None = None
    evidence: Evidence | None = None
    adjusted_equivalence_p: float | None = None
    chance: float | None = None
    seeds: tuple[int, ...] = ()

    @property
    def interval(self) -> str:
        """Which interval the effect has, such as ``t`` or ``replicates x images``; empty where it has none."""
        return self.evidence.interval if self.evidence and self.evidence.low is not None else ""


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
    verdicts were reached. *percent*: the metric is a fraction, to be shown in percent.
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

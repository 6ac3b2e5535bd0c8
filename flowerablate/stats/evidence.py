"""The evidence of one comparison for its verdict, before adjustment for the family; :mod:`.judging` makes it.

The adjustment over the family in :mod:`.multiplicity` and the verdicts of :mod:`.verdicts` use only the *decisive*
p-values, which account for every look at the study (:mod:`.looks`), whatever the method. With planned looks, p-values
and intervals do so anyway. Without, p and interval are those of this number of replicates, had it been fixed and looked
at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from ..contracts import Contrast, Rules
from .arms import Arms
from .effects import Effect, t_quantile
from .equivalence import Equivalence
from .images import Components
from .looks import StudyLook
from .power import detectable_noncentrality
from .sequential import looks_bounds

Bounds: TypeAlias = tuple[float, float]
"""The lower and the upper end of an interval."""

NEVER = 1e-12
"""A test that rejects only below this p decides nothing: earlier looks have spent the error."""


@dataclass(frozen=True)
class Evidence:
    """The evidence of one comparison: *p* for «no difference», the interval, *equivalence* if there is a margin.

    *p* is two-sided, and valid for this comparison alone at ``1 - rules.level``; None if no test exists (a single
    pair). *low* and *high* are None if there is no interval. *test* names the test, as shown in a reason, *interval*
    the kind of interval. *scales* are the degrees of freedom and the standard errors of the t tests of which the most
    cautious one counts; empty without a t test. *lasting* is the part of the estimate's variance that further
    replicates do not reduce; *components*, where they are known, tell what more replicates and images would do.

    *bounds* gives the interval at any level, if it is not that of the t tests in *scales*. *looks* are those that the
    comparison has had; *look*, with planned ones, names the last. *decisive_p* and *decisive_equivalence_p* are the
    p-values that account for all of them, *decisive_pairs* is the number of pairs at the look of the former, and
    *decisive_places* which of the present ones they are, None for the first.
    """

    test: str
    p: float | None
    low: float | None = None
    high: float | None = None
    equivalence: Equivalence | None = None
    interval: str = "t"
    scales: tuple[tuple[float, float], ...] = ()
    lasting: float = 0.0
    components: Components | None = None
    look: str = ""
    looks: tuple[StudyLook, ...] = ()
    decisive_p: float | None = None
    decisive_equivalence_p: float | None = None
    decisive_pairs: int = 0
    decisive_places: tuple[int, ...] | None = None
    bounds: Callable[[float], Bounds] | None = field(default=None, compare=False, repr=False)

    @property
    def equivalence_p(self) -> float | None:
        """The p for «the effect is at least the margin»; None without a margin, or without a test."""
        return None if self.equivalence is None else self.equivalence.p

    @property
    def is_over_replicates(self) -> bool:
        """Whether the t test runs over replicates only, so that its boundaries at several looks are known exactly."""
        return self.interval in ("t", "repeated")

    @property
    def is_of_images(self) -> bool:
        """Whether half of the estimate's variance or more is due to the test images, as far as that is known."""
        if self.components is not None:
            return self.components.from_images >= 0.5
        return 0 < max((error**2 for _, error in self.scales), default=0.0) <= 2 * self.lasting

    def needed_replicates(self, rules: Rules) -> int:
        """Return how many replicates a verdict needs; the modified t, which judges replicates only, needs more."""
        return rules.needed_replicates if self.is_over_replicates else rules.min_replicates

    def nominal(
        self, alpha: float, sides: Literal[1, 2] = 2, looks: Sequence[StudyLook] = (), *, quick: bool = False
    ) -> float:
        """Return the largest p of a test at the last of *looks* (by default those so far) that rejects at *alpha*.

        *quick*: by boundaries that are good enough for a forecast.
        """
        looks = tuple(looks) or self.looks
        if not looks:
            return alpha
        if not looks[-1].progress:
            return looks[-1].share * alpha
        from scipy.special import ndtr

        nominal = sides * float(ndtr(-looks_bounds(looks, alpha, sides, quick=quick)[-1]))
        return nominal if nominal > NEVER else 0.0

    def interval_at(self, mean: float, nominal: float) -> Bounds | None:
        """Return the interval around *mean* of effects that have a p above *nominal* at this look; None without."""
        if self.low is None or nominal < NEVER:
            return None
        if self.bounds is not None:
            return self.bounds(1 - nominal)
        if not self.scales:
            return None
        half = max(t_quantile(1 - nominal / 2, df) * error for df, error in self.scales)
        return mean - half, mean + half

    def detectable(self, alpha: float) -> float | None:
        """Return the true effect that the t test at *alpha* detects at 80 % power; None without such a test."""
        if alpha < NEVER:
            return None
        found = [detectable_noncentrality(df, alpha) * error for df, error in self.scales]
        return max(found) if found else None


Judge = Callable[[Contrast, Arms, Effect, Rules], "Evidence | None"]
"""Another method to judge a contrast; if it returns None, :func:`.judging.evidence_for` is called."""


def first_that_knows(*judges: Judge) -> Judge:
    """Return a judge that asks *judges* in order and returns the first evidence."""

    def judge(contrast: Contrast, arms: Arms, effect: Effect, rules: Rules) -> Evidence | None:
        found = (each(contrast, arms, effect, rules) for each in judges)
        return next((evidence for evidence in found if evidence is not None), None)

    return judge

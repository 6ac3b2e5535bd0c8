"""The plain word at the end of a row, and the one reason for it.

================  ==============================================================================================
``helps``         what was removed helps: the base is better than the variant without it
``hurts``         what was removed hurts: the variant without it is better
``base wins``     for a swap (a change with ``=``, such as ``model=resnet34``): what the base uses is better
``swap wins``     for a swap: what was swapped in is better
``undecided``     the data do not carry a verdict; the reason says what would
================  ==============================================================================================

A swap has words of its own because nothing was removed: «helps» would leave open which of the two it speaks of.
A verdict other than ``undecided`` needs the Holm-adjusted p at or below ``1 - level``; the sign of the effect picks
the word.
There is no «does nothing»: an interval around 0 with no margin stated cannot say that. The hint how many replicates
would decide is for planning a study; to add a few, look, and go on until a verdict appears would inflate its error.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from .effects import Effect, minimum_detectable_effect

Verdict = Literal["helps", "hurts", "base wins", "swap wins", "undecided"]

HORIZON = 100
"""More replicates than this are not promised: an estimate so far ahead is a guess."""


@dataclass(frozen=True)
class Decision:
    """A *verdict* with its *reason*; *more* is about how many further replicates would decide, where that is known."""

    verdict: Verdict
    reason: str
    more: int | None = None


def decide(
    effect: Effect,
    adjusted_p: float | None,
    *,
    swap: bool,
    factor: int = 1,
    lower_is_better: bool = False,
) -> Decision:
    """Turn an effect and its adjusted p into a verdict.

    *factor* is what Holm's procedure multiplies this p by, needed to say how many replicates are missing. *adjusted_p*
    is None with a single pair, for which no test exists.
    """
    if adjusted_p is None:
        return Decision("undecided", "n = 1: no interval; run more seeds")
    alpha = 1 - effect.level
    if adjusted_p <= alpha:
        base_better = (effect.mean > 0) != lower_is_better
        words: tuple[Verdict, Verdict] = ("base wins", "swap wins") if swap else ("helps", "hurts")
        test = "paired t" if effect.has_spread else "sign flip, as all differences are equal"
        return Decision(words[0 if base_better else 1], f"adjusted p {adjusted_p:.2g} ({test})")
    if not effect.has_spread and effect.sign_flip_p == 1:
        return Decision("undecided", f"no difference in any of {effect.n} replicates; does the change do anything?")
    more = more_replicates(effect, alpha / factor)
    if more is None:
        return Decision("undecided", f"more than {HORIZON} more replicates would be needed")
    plural = "replicate" if more == 1 else "replicates"
    hint = f"about {more} more {plural} would decide"
    why = "" if effect.has_spread else "all differences are equal, so no interval; "
    return Decision("undecided", why + hint, more)


def more_replicates(effect: Effect, alpha: float) -> int | None:
    """Return how many more replicates would decide, if effect and spread stay as they are; None above ``HORIZON``.

    With spread: the smallest N whose minimum detectable effect (80 % power at *alpha*) is no larger than the observed
    effect, found by trying N upwards because t depends on N (as in Zar, *Biostatistical Analysis*, «sample size
    required»). Without: the smallest N for which 2 / 2^N, the least p of the sign-flip test, is within *alpha*.
    """
    for more in range(1, HORIZON + 1):
        n = effect.n + more
        if not effect.has_spread:
            if 2.0 / 2.0**n <= alpha:
                return more
        elif minimum_detectable_effect(effect.sd or 0.0, n, level=1 - alpha) <= abs(effect.mean):
            return more
    return None


def lower_is_better_by_name(metric: str) -> bool:
    """Whether smaller values of *metric* are better, as far as its name tells: a loss or an error."""
    return metric.endswith(("loss", "error"))


def pairs_to_reach(alpha: float) -> int:
    """Return the number of pairs from which the sign-flip test can reach *alpha* at all: 2 / 2^n <= alpha."""
    return math.ceil(1 - math.log2(alpha))

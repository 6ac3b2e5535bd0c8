"""The plain word at the end of a row, and the one reason for it.

=================  =============================================================================================
``helps``          the component helps: with it the metric is better than without
``hurts``          the component hurts
``base wins``      for a swap or another setting (``model=resnet34``): what the base uses is better
``new wins``       for a swap or another setting: what was put in its place is better
``together more``  for an interaction: the two together do more good than each alone adds up to
``together less``  for an interaction: the two together do less
``differs``        for a control, which should not
``unchanged``      for a control whose difference is 0 in every replicate, as that of a placebo should be
``negligible``     the effect lies within the margin that the study stated
``undecided``      the data do not carry a verdict; the reason says what would
=================  =============================================================================================

A swap has words of its own because nothing was removed: «helps» would leave open which of the two it speaks of.
``unchanged`` is seen, not inferred. Any other verdict than it and ``undecided`` needs an adjusted p
(:mod:`.multiplicity`) at or below ``1 - level``; the sign of the effect picks the word. An effect that is both
established and within the margin keeps the word of its direction, and the reason tells the rest. Without a margin
nothing is ever called negligible: an interval around 0 cannot say that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from ..contracts import Contrast, Rules
from .effects import Effect
from .evidence import Evidence
from .forecast import HORIZON, chance_to_be_decided, until_difference, until_negligible
from .multiplicity import Adjusted
from .wording import count, short

Verdict = Literal[
    "helps",
    "hurts",
    "base wins",
    "new wins",
    "together more",
    "together less",
    "differs",
    "unchanged",
    "negligible",
    "undecided",
]

_WORDS: dict[str, tuple[Verdict, Verdict]] = {
    "swap": ("base wins", "new wins"),
    "setting": ("base wins", "new wins"),
    "interaction": ("together more", "together less"),
    "control": ("differs", "differs"),
}
"""The words for a better and a worse base, by the kind of the contrast, where they are not helps and hurts."""


@dataclass(frozen=True)
class Decision:
    """A *verdict* with its *reason*.

    *more* is about how many further replicates would decide, where that is known; with planned looks, how many the next
    one needs. *chance*, with planned looks: that of being decided by the last of them, if undecided from 2 pairs on.
    """

    verdict: Verdict
    reason: str
    more: int | None = None
    chance: float | None = None


def decide(
    contrast: Contrast,
    effect: Effect,
    evidence: Evidence,
    adjusted: Adjusted,
    rules: Rules,
    *,
    lower_is_better: bool = False,
) -> Decision:
    """Turn an effect, its *evidence* and what the family makes of it (*adjusted*) into a verdict."""
    alpha = 1 - rules.level
    if effect.n < 2:
        return Decision("undecided", "n = 1: no interval; run more seeds")
    if contrast.kind == "control" and effect.is_zero:
        return Decision("unchanged", f"no difference in any of {effect.n} replicates, as it should be")
    chance = chance_to_be_decided(effect, adjusted, rules) if rules.looks else None
    by = f"{evidence.test}, {evidence.look}" if evidence.look else evidence.test
    within = adjusted.equivalence is not None and adjusted.equivalence <= alpha
    if adjusted.difference <= alpha:
        base_better = (effect.mean > 0) != lower_is_better
        verdict = _WORDS.get(contrast.kind, ("helps", "hurts"))[0 if base_better else 1]
        reason = f"adjusted p {short(adjusted.difference, 2)} ({by})"
        return Decision(verdict, reason + (f"; yet within the margin of {rules.margin:g}" if within else ""))
    if within and adjusted.equivalence is not None:
        p = short(adjusted.equivalence, 2)
        return Decision("negligible", f"within the margin of {rules.margin:g}, adjusted p {p} (TOST, {by})")
    if contrast.kind == "control":
        reason = f"no difference established in {count(effect.n, 'replicate')}, as it should be"
        return Decision("undecided", reason, chance=chance)
    if effect.is_zero and rules.margin is None:
        reason = f"no difference in any of {effect.n} replicates; does the change do anything?"
        return Decision("undecided", reason, chance=chance)
    if chance is not None:
        return _between_looks(effect.n, chance, rules)
    return _open(effect, evidence, adjusted, rules)


def _between_looks(n: int, chance: float, rules: Rules) -> Decision:
    last = rules.looks[-1]
    following = next((look for look in rules.looks if look > n), None)
    if following is None:
        return Decision("undecided", f"not decided at the last planned look, n = {last}", chance=chance)
    if chance < rules.futility:
        low = "below .001" if chance < 0.001 else short(chance, 1)
        return Decision("undecided", f"stopped: its chance to be decided by n = {last} is {low}", chance=chance)
    return Decision("undecided", f"the next planned look is at n = {following}", following - n, chance)


def _open(effect: Effect, evidence: Evidence, adjusted: Adjusted, rules: Rules) -> Decision:
    """What would decide: the fewest further replicates, whichever way they lead."""
    alpha = 1 - rules.level
    found = until_difference(effect, alpha / adjusted.factor, evidence.lasting)
    excluded = None
    if rules.margin is not None and adjusted.equivalence_factor is not None:
        excluded = until_negligible(effect, rules.margin, alpha / adjusted.equivalence_factor, evidence.lasting)
    why = "" if evidence.lasting else _why_not_yet(effect, alpha / adjusted.factor)
    known = [more for more in (found, excluded) if more is not None]
    if not known and evidence.lasting > (effect.sd or 0.0) ** 2 / (effect.n + HORIZON):
        return Decision(
            "undecided", "the noise of the test images is too large: more of them are needed, not replicates"
        )
    if not known:
        return Decision("undecided", f"{why}more than {HORIZON} more replicates would be needed")
    more = min(known)
    towards = "" if rules.margin is None else f" ({'a difference' if more == found else 'negligible'})"
    return Decision("undecided", f"{why}about {count(more, 'more replicate')} would decide{towards}", more)


def _why_not_yet(effect: Effect, alpha: float) -> str:
    """Why differences that do not vary are not decided. The paired t test has no smallest p, so needs no such word."""
    if effect.has_spread or effect.is_zero:
        return ""
    reach = ""
    if effect.sign_flip_floor > alpha:
        smallest = f"the smallest p is {short(effect.sign_flip_floor)}, needed is {short(alpha)}"
        reach = f"in the sign-flip test n = {effect.n} cannot reach the level: {smallest}; "
    return f"all differences are equal, so no interval; {reach}"


def lower_is_better_by_name(metric: str) -> bool:
    """Whether smaller values of *metric* are better, as far as its name tells: a loss or an error."""
    return metric.endswith(("loss", "error"))


def pairs_to_reach(alpha: float) -> int:
    """Return the number of pairs from which the sign-flip test can reach *alpha* at all: 2 / 2^n <= alpha."""
    return math.ceil(1 - math.log2(alpha))

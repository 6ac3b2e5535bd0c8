"""The verdict of a row, and the reason for it.

=================  =============================================================================================
``helps``          the component helps: with it the metric is better than without
``hurts``          the component hurts
``base wins``      for a swap or another setting (``model=resnet34``): what the base uses is better
``new wins``       for a swap or another setting: what was put in its place is better
``together more``  for an interaction: the two together improve the metric by more than the sum of each alone
``together less``  for an interaction: the two together improve it by less
``differs``        for a control, which should not differ
``unchanged``      for a control whose difference is 0 in every replicate, as expected of a placebo
``negligible``     the effect lies within the margin that the study stated
``undecided``      the data do not support a verdict; the reason says what would
=================  =============================================================================================

A swap has its own verdicts because nothing was removed: «helps» would leave open which of the two helps.
``unchanged`` is observed, not inferred. Any verdict other than it and ``undecided`` needs ``min_replicates``, but for
``differs``, which is a warning, and an adjusted p (:mod:`.multiplicity`) at or below ``1 - level``; the sign of the
effect selects the verdict. An effect that is both established and within the margin keeps the verdict of its direction,
and the reason states the margin. Without a margin no effect is called negligible: an interval around 0 cannot show it.
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
"""The verdicts for a better and a worse base, by the kind of the contrast, unless they are helps and hurts."""


@dataclass(frozen=True)
class Decision:
    """A *verdict* with its *reason*.

    *more* is the approximate number of further replicates that would decide, if known; with planned looks, the number
    until the next look. *chance*, with planned looks: the probability of a decision by the last of them, for undecided
    comparisons with 2 pairs or more.
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
    """Return the verdict on an effect, from its *evidence* and its p-values *adjusted* for the family."""
    alpha = 1 - rules.level
    if effect.n < 2:
        return Decision("undecided", "n = 1: no interval; run more seeds")
    if contrast.kind == "control" and effect.is_zero:
        return Decision("unchanged", f"no difference in any of {effect.n} replicates, as expected")
    chance = chance_to_be_decided(effect, adjusted, rules) if rules.looks else None
    by = f"{evidence.test}, {evidence.look}" if evidence.look else evidence.test
    within = adjusted.equivalence is not None and adjusted.equivalence <= alpha
    enough = effect.n >= rules.min_replicates or contrast.kind == "control"
    if enough and adjusted.difference <= alpha:
        base_better = (effect.mean > 0) != lower_is_better
        verdict = _WORDS.get(contrast.kind, ("helps", "hurts"))[0 if base_better else 1]
        reason = f"adjusted p {short(adjusted.difference, 2)} ({by})"
        return Decision(verdict, reason + (f"; but within the margin of {rules.margin:g}" if within else ""))
    if enough and within and adjusted.equivalence is not None:
        p = short(adjusted.equivalence, 2)
        return Decision("negligible", f"within the margin of {rules.margin:g}, adjusted p {p} (TOST, {by})")
    if contrast.kind == "control":
        reason = f"no difference established in {count(effect.n, 'replicate')}, as expected"
        return Decision("undecided", reason, chance=chance)
    if effect.is_zero and rules.margin is None:
        reason = f"no difference in any of {effect.n} replicates; does the change have any effect?"
        return Decision("undecided", reason, chance=chance)
    if not enough:
        reason = f"n = {effect.n}: a verdict needs {rules.min_replicates} replicates"
        return Decision("undecided", reason, rules.min_replicates - effect.n, chance)
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
        return Decision("undecided", f"stopped: the chance of a decision by n = {last} is {low}", chance=chance)
    return Decision("undecided", f"the next planned look is at n = {following}", following - n, chance)


def _open(effect: Effect, evidence: Evidence, adjusted: Adjusted, rules: Rules) -> Decision:
    """Return the minimum number of further replicates that would decide, in either direction."""
    alpha = 1 - rules.level
    found = until_difference(effect, alpha / adjusted.factor, evidence.lasting)
    excluded = None
    if rules.margin is not None and adjusted.equivalence_factor is not None:
        excluded = until_negligible(effect, rules.margin, alpha / adjusted.equivalence_factor, evidence.lasting)
    why = "" if evidence.lasting else _why_not_yet(effect, alpha / adjusted.factor)
    known = [more for more in (found, excluded) if more is not None]
    if not known and evidence.lasting > effect.assumed_sd**2 / (effect.n + HORIZON):
        return Decision(
            "undecided", "the noise of the test images is too large: more test images are needed, not more replicates"
        )
    if not known:
        return Decision("undecided", f"{why}more than {HORIZON} more replicates would be needed")
    more = min(known)
    towards = "" if rules.margin is None else f" ({'a difference' if more == found else 'negligible'})"
    return Decision("undecided", f"{why}about {count(more, 'more replicate')} would decide{towards}", more)


def _why_not_yet(effect: Effect, alpha: float) -> str:
    """Why differences that do not vary are undecided. The paired t test has no minimum p, so needs no explanation."""
    if effect.has_t_test or effect.is_zero:
        return ""
    reach = ""
    if effect.sign_flip_floor > alpha:
        floor = f"its smallest p is {short(effect.sign_flip_floor)}, but {short(alpha)} is needed"
        reach = f"the sign-flip test cannot reach the level with n = {effect.n}: {floor}; "
    return f"all differences are equal, so no interval; {reach}"


def lower_is_better_by_name(metric: str) -> bool:
    """Whether smaller values of *metric* are better, judged by its name: a loss or an error."""
    return metric.endswith(("loss", "error"))


def pairs_to_reach(alpha: float) -> int:
    """Return the minimum number of pairs with which the sign-flip test can reach *alpha*: 2 / 2^n <= alpha."""
    return math.ceil(1 - math.log2(alpha))

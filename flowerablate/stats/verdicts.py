"""The verdict of a row, and the reason for it.

=================  =============================================================================================
``helps``          the component helps: with it the metric is better than without
``hurts``          the component hurts
``base wins``      for a swap or another setting (``model=resnet34``): what the base uses is better
``new wins``       for a swap or another setting: what was put in its place is better
``together more``  for an interaction: the two together improve the metric by more than the sum of each alone
``together less``  for an interaction: the two together improve it by less
``differs``        for a control, which should not differ; for a placebo, whose replicates should be equal, observed
``unchanged``      for a control whose difference is 0 in every replicate, as expected of a placebo
``negligible``     the effect lies within the margin that the study stated
``undecided``      the data do not support a verdict; the reason says what would
=================  =============================================================================================

A swap has its own verdicts because nothing was removed: «helps» would leave open which of the two helps.
``unchanged`` is observed, not inferred. Any verdict other than it and ``undecided`` needs ``min_replicates`` and an
adjusted p (:mod:`.multiplicity`) at or below ``1 - level``; the sign of the effect selects the verdict. A verdict that
an earlier table reached stays, unless the sign has turned since. An effect that is both established and within the
margin keeps the verdict of its direction, and the reason states the margin. Without a margin no effect is called
negligible: an interval around 0 cannot show it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from ..contracts import Contrast, Rules
from .effects import RESOLUTION, Effect, t_quantile
from .evidence import Evidence
from .forecast import Forecast, forecast
from .looks import LookSchedule
from .modified_t import TEST as MODIFIED_T
from .multiplicity import Adjusted
from .wording import count, short

PLACEBO = "placebo"
"""The component of the control that leaves every image unchanged."""

PROVISIONAL = "provisional"
"""How the reason of a row begins that has trials to run, and so no verdict yet."""

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

    *more* is the number of further replicates before which nothing can be decided, if there is one: those that a
    verdict needs at least, those until the next planned look, or those with which a sign-flip test can reach the level.
    *forecast*, for undecided comparisons with 2 pairs or more: the chance of a decision by the last planned look, or
    with twice the replicates.
    """

    verdict: Verdict
    reason: str
    more: int | None = None
    forecast: Forecast | None = None


def decide(
    contrast: Contrast,
    effect: Effect,
    evidence: Evidence,
    adjusted: Adjusted,
    rules: Rules,
    schedule: LookSchedule | None = None,
    *,
    lower_is_better: bool = False,
    pending: int = 0,
) -> Decision:
    """Return the verdict on an effect, from its *evidence* and its p-values *adjusted* for the family.

    *schedule*: the looks at the comparison; by default this is the first. *pending* trials are still to run: until
    then there is no verdict but at a planned look, as it would be one more look.
    """
    if contrast.component == PLACEBO and contrast.kind == "control" and not effect.is_zero:
        changed = sum(abs(d) > RESOLUTION * effect.scale for d in effect.differences)
        return Decision("differs", f"a placebo changes {changed} of {count(effect.n, 'replicate')}: pairing is broken")
    if effect.n < 2:
        return Decision("undecided", "n = 1: no interval; run more seeds")
    if contrast.kind == "control" and effect.is_zero:
        return Decision("unchanged", f"no difference in any of {effect.n} replicates, as expected")
    schedule = schedule or LookSchedule.of(rules, (), effect.n)
    if schedule.is_provisional(pending):
        return Decision("undecided", f"{PROVISIONAL}: {count(pending, 'trial')} of the study still to run")
    found = _decided(contrast, effect, evidence, adjusted, rules, lower_is_better)
    if found is not None:
        return found
    chance = forecast(effect, evidence, adjusted, rules, schedule)
    return replace(_undecided(contrast, effect, evidence, adjusted, rules, schedule, chance), forecast=chance)


def _decided(
    contrast: Contrast, effect: Effect, evidence: Evidence, adjusted: Adjusted, rules: Rules, lower_is_better: bool
) -> Decision | None:
    """Return the verdict, if there is one."""
    alpha = 1 - rules.level
    if effect.n < evidence.needed_replicates(rules):
        return None
    by = f"{evidence.test}, {evidence.look}" if evidence.look else evidence.test
    within = adjusted.equivalence is not None and adjusted.equivalence <= alpha
    if adjusted.difference <= alpha and not effect.is_zero:
        if _turned(effect, evidence):
            return Decision(
                "undecided",
                f"{_decisive(evidence)} and all {effect.n} point in opposite directions",
            )
        base_better = (effect.mean > 0) != lower_is_better
        verdict = _WORDS.get(contrast.kind, ("helps", "hurts"))[0 if base_better else 1]
        early = not evidence.look and 0 < evidence.decisive_pairs < effect.n
        when = f", of {_decisive(evidence)}".removesuffix(" replicates") if early else ""
        reason = f"adjusted p {short(adjusted.difference, 2)} ({by}{when})"
        return Decision(verdict, reason + (f"; but within the margin of {rules.margin:g}" if within else ""))
    if within and adjusted.equivalence is not None and rules.margin is not None:
        if abs(effect.mean) >= rules.margin:
            return Decision(
                "undecided", f"within the margin at an earlier look, but not with all {effect.n} replicates"
            )
        p = short(adjusted.equivalence, 2)
        return Decision("negligible", f"within the margin of {rules.margin:g}, adjusted p {p} (TOST, {by})")
    return None


def _decisive(evidence: Evidence) -> str:
    """Return which replicates rejected «no difference»."""
    of_now = evidence.decisive_places is None
    return f"the first {evidence.decisive_pairs} replicates" if of_now else "those of an earlier table"


def _turned(effect: Effect, evidence: Evidence) -> bool:
    """Whether the look that rejected «no difference» had a mean of the other sign than there is now."""
    places = evidence.decisive_places
    then = effect.differences[: evidence.decisive_pairs] if places is None else [effect.differences[p] for p in places]
    return bool(then) and math.fsum(then) * effect.mean <= 0


def _undecided(
    contrast: Contrast,
    effect: Effect,
    evidence: Evidence,
    adjusted: Adjusted,
    rules: Rules,
    schedule: LookSchedule,
    chance: Forecast | None,
) -> Decision:
    """Return why a comparison is open, and what it waits for."""
    if contrast.kind == "control":
        return Decision("undecided", f"no difference established in {count(effect.n, 'replicate')}, as expected")
    if effect.is_zero and rules.margin is None:
        return Decision("undecided", f"no difference in any of {effect.n} replicates; does the change have any effect?")
    needed = evidence.needed_replicates(rules)
    if effect.n < needed:
        by = f" by {MODIFIED_T}" if needed > rules.min_replicates else ""
        return Decision("undecided", f"n = {effect.n}: a verdict{by} needs {needed} replicates", needed - effect.n)
    if rules.looks:
        return _between_looks(schedule.now, chance.chance if chance else 0.0, rules)
    alpha = 1 - rules.level
    hidden = t_quantile(1 - alpha / adjusted.factor / 2, math.inf) * math.sqrt(evidence.lasting)
    if (
        evidence.is_of_images
        and abs(effect.mean) < hidden
        and (rules.margin is None or abs(effect.mean) >= rules.margin)
    ):
        return Decision(
            "undecided", "the noise of the test images is too large: more test images are needed, not more replicates"
        )
    if not effect.has_t_test:
        return _all_equal(effect, evidence, adjusted, rules, schedule)
    p = adjusted.difference
    return Decision("undecided", f"adjusted p {short(p, 2)} ({evidence.test})")


def _between_looks(now: int, chance: float, rules: Rules) -> Decision:
    last = rules.looks[-1]
    following = next((look for look in rules.looks if look > now), None)
    if following is None:
        return Decision("undecided", f"not decided at the last planned look, n = {last}")
    if chance < rules.futility:
        low = "below 0.1" if chance < 0.001 else f"{100 * chance:.1g}"
        return Decision("undecided", f"stopped: the chance of a decision by n = {last} is {low} %")
    return Decision("undecided", f"the next planned look is at n = {following}", following - now)


def _all_equal(
    effect: Effect, evidence: Evidence, adjusted: Adjusted, rules: Rules, schedule: LookSchedule
) -> Decision:
    """Differences that do not vary, of a metric whose resolution is not known: only the signs are left."""
    alpha = 1 - rules.level
    sides: Literal[1, 2] = 2
    left = alpha / adjusted.factor
    if rules.margin is not None and abs(effect.mean) < rules.margin:
        sides, left = 1, alpha / (adjusted.equivalence_factor or 1)
    floor, needed = sides * 2.0**-effect.n, evidence.nominal(left, sides)
    reason = "all differences are equal, so no interval"
    if floor <= needed:
        return Decision("undecided", reason)
    if needed == 0:
        return Decision("undecided", f"{reason}; earlier tables have spent the error of this study")
    later = evidence.nominal(left, sides, (*evidence.looks, *schedule.ahead(evidence.looks)), quick=True)
    missing = max(1, math.ceil(math.log2(sides / later)) - effect.n) if later else None
    smallest = f"its smallest p is {short(floor)}, but {short(needed)} is needed"
    reason += f"; the sign-flip test cannot reach the level with n = {effect.n}: {smallest}"
    return Decision("undecided", reason, missing)


def lower_is_better_by_name(metric: str) -> bool:
    """Whether smaller values of *metric* are better, judged by its name: a loss or an error."""
    return metric.endswith(("loss", "error"))

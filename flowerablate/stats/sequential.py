"""Tests and intervals of a study with several looks, valid at whichever look it stops.

Each comparison gets a *sequential p-value*: the smallest level whose boundary (:mod:`.boundaries`) its paired t
statistic has crossed at any look so far (Liu and Anderson 2008, doi:10.1198/016214508000000986). Under the null it is
at or below any a with a probability of at most a, whatever the rule for stopping. So it enters Holm's or Shaffer's
procedure like any other p, at every look, and the error rate of the whole family holds (group-sequential Holm: Ye, Li,
Liu and Yao 2013, doi:10.1002/sim.5700). Intervals are repeated confidence intervals (Jennison and Turnbull 1989;
2000, *Group Sequential Methods*, 9): all effects that no look has rejected. They exclude 0 if and only if p rejects it.

A plan that follows tables without one has a part of the level (:mod:`.looks`), as has each of these. The p-value is
then the smallest of all over their parts, and the interval what none of them has rejected (weighted Bonferroni).

If the differences do not vary, the sign test replaces the t test, as in a study of fixed size. It gives a p but no
interval, so at such a look p may reject an effect that the interval, that of the other looks, includes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from .effects import RESOLUTION, moments, varies

if TYPE_CHECKING:
    from .boundaries import Sides
    from .looks import StudyLook

PLANNED = 5
"""Number of looks in a plan; more would add little (Jennison and Turnbull 2000, 2.3), fewer would stop later."""

MAX_SCORE = 12.0
"""A boundary beyond this normal score is that of a look that may spend nothing (a probability of 2e-33)."""

Alternative = Literal["two-sided", "greater", "less"]


def planned_looks(first: int, last: int) -> tuple[int, ...]:
    """Return up to five numbers of replicates from *first* to *last*, equally spaced except for rounding.

    Raises :class:`ValueError` for fewer than 2 replicates at the first look, or if *last* is below *first*.
    """
    if not 2 <= first <= last:
        raise ValueError(
            f"looks from {first} to {last} replicates are impossible: the first needs 2 or more, the last no fewer"
        )
    steps = PLANNED - 1
    return tuple(sorted({first + math.floor((last - first) * step / steps + 0.5) for step in range(PLANNED)}))


def sequential_p(
    differences: Sequence[float],
    looks: Sequence[StudyLook],
    shift: float = 0.0,
    alternative: Alternative = "two-sided",
    *,
    scale: float | None = None,
    rounding_sd: float = 0.0,
) -> float:
    """Return the p of *differences* (in the order of their seeds) for «their mean is *shift*», valid at any look.

    *alternative* says on which side of *shift* the mean may lie instead. *scale* is the largest absolute value of the
    arms, relative to which differences count as equal (by default the largest difference). The standard deviation is
    at least *rounding_sd*. Before the first look it is 1.
    """
    levels = levels_at(differences, looks, shift, alternative, scale=scale, rounding_sd=rounding_sd)
    return min(levels, default=1.0)


def levels_at(
    differences: Sequence[float],
    looks: Sequence[StudyLook],
    shift: float = 0.0,
    alternative: Alternative = "two-sided",
    *,
    scale: float | None = None,
    rounding_sd: float = 0.0,
) -> list[float]:
    """Return the smallest level that each of *looks* rejects, of which :func:`sequential_p` is the minimum."""
    from .boundaries import first_level_score, level_of, tables  # with NumPy, which a single look does without

    sides: Sides = 2 if alternative == "two-sided" else 1
    signed = [(d - shift) if alternative != "less" else (shift - d) for d in differences]
    scale = max(map(abs, differences), default=0.0) if scale is None else scale
    plan = plan_of(looks)
    levels = []
    for number, look in enumerate(looks, len(plan) - len(looks)):
        if look.is_lost or look.share == 0:
            levels.append(1.0)
            continue
        score = _score(look.of(signed), sides, scale, rounding_sd)
        if number < 0:
            level = marginal_p(score, sides)
        elif number == 0:
            level = level_of(first_level_score(score, plan[0]), sides)
        else:
            level = level_of(tables(plan, sides)[number].level_score(score), sides)
        levels.append(min(1.0, level / look.share))
    return levels


def plan_of(looks: Sequence[StudyLook]) -> tuple[StudyLook, ...]:
    """Return those of *looks* that are planned, which come last, as if the plan had all of the level."""
    return tuple(look._replace(share=1.0) for look in looks if look.progress)


def looks_bounds(looks: Sequence[StudyLook], alpha: float, sides: Sides, *, quick: bool = False) -> list[float]:
    """Return the normal scores that reject at *alpha* at each of *looks*; infinite where nothing may be spent.

    *quick*: by the normal chain throughout.
    """
    from scipy.special import ndtri

    from .boundaries import boundary_scores

    alone = [-float(ndtri(alpha * look.share / sides)) for look in looks if not look.progress]
    plan = plan_of(looks)
    if not plan:
        return alone
    if looks[-1].share == 0:
        return [*alone, *(math.inf for _ in plan)]
    return [*alone, *boundary_scores(plan, alpha * looks[-1].share, sides, quick=quick)]


def repeated_interval(
    differences: Sequence[float],
    looks: Sequence[StudyLook],
    level: float,
    *,
    sides: Sides = 2,
    scale: float | None = None,
    rounding_sd: float = 0.0,
) -> tuple[float, float] | None:
    """Return the interval of means that no look has rejected at *level*; None if the differences varied at no look.

    With one of *sides*, each bound holds at *level* on its own: the interval lies within a margin if and only if both
    one-sided tests against it reject, provided that the differences varied at each look. If the looks disagree so much
    that no mean remains, the bounds of the last look are returned, for which that does not hold.
    """
    if not looks:
        return None
    scale = max(map(abs, differences)) if scale is None else scale
    bounds = []
    for look, score in zip(looks, looks_bounds(looks, 1 - level, sides), strict=True):
        mean, sd = _assumed(look.of(differences), scale, rounding_sd)
        if sd > 0 and abs(score) <= MAX_SCORE and not look.is_lost:
            half = t_of(score, look.pairs) * sd / math.sqrt(look.pairs)
            bounds.append((mean - half, mean + half))
    if not bounds:
        return None
    low, high = max(low for low, _ in bounds), min(high for _, high in bounds)
    return (low, high) if low <= high else bounds[-1]


def marginal_p(score: float, sides: Sides) -> float:
    """Return the p of a test whose normal score is *score*, at a look by itself."""
    from scipy.special import ndtr

    return min(1.0, float(sides * ndtr(-score)))


def t_of(score: float, count: int) -> float:
    """Return the t statistic of *count* pairs with normal score *score*: infinite beyond any that can be told."""
    from scipy.special import ndtr, stdtrit

    if abs(score) > MAX_SCORE:
        return math.copysign(math.inf, score)

    return -math.copysign(1.0, score) * float(stdtrit(count - 1, ndtr(-abs(score))))


def _assumed(differences: Sequence[float], scale: float, rounding_sd: float) -> tuple[float, float]:
    """Return mean and standard deviation, which is 0 if it is only rounding of floats, and at least *rounding_sd*."""
    mean, sd = moments(differences)
    return mean, max(sd if varies(differences, scale) else 0.0, rounding_sd)


def _score(signed: Sequence[float], sides: Sides, scale: float, rounding_sd: float) -> float:
    """Return the normal score of the t statistic (its absolute value if two-sided), or of the sign test if sd is 0."""
    from scipy.special import ndtri, stdtr

    count = len(signed)
    mean, sd = _assumed(signed, scale, rounding_sd)
    if sd == 0:
        moved = abs(mean) if sides == 2 else mean
        return -float(ndtri(2.0**-count)) if moved > RESOLUTION * scale else -math.inf
    t = mean / sd * math.sqrt(count)
    size = -float(ndtri(stdtr(count - 1, -abs(t))))
    return size if sides == 2 or t > 0 else -size

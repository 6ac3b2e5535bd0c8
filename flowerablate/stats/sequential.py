"""Tests and intervals of a study that is looked at several times: they hold at whichever look it stops.

Each comparison gets a *sequential p-value*: the smallest level whose boundary (:mod:`.boundaries`) its paired t
statistic has crossed at any look so far (Liu and Anderson 2008, doi:10.1198/016214508000000986). Under the null it is
at or below any a with a chance of at most a, however it is decided when to stop. So it goes into Holm's procedure, or
Shaffer's, as any other p does, at every look, and the error of the whole family holds (group-sequential Holm: Ye, Li,
Liu and Yao 2013, doi:10.1002/sim.5700). Intervals are repeated confidence intervals (Jennison and Turnbull 1989;
2000, *Group Sequential Methods*, 9): all effects that no look has rejected. They leave out 0 just when p does.

Where the differences do not vary, the sign test stands in, as in a study of fixed size. It gives a p and no
interval, so at such a look p may find what the interval, that of the other looks, does not leave out.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from .effects import RESOLUTION, moments, varies

if TYPE_CHECKING:
    from .boundaries import Sides

PLANNED = 5
"""How many looks a plan has; more would add little (Jennison and Turnbull 2000, 2.3), fewer stop later."""

Alternative = Literal["two-sided", "greater", "less"]


@dataclass(frozen=True)
class Reached:
    """The looks that one comparison has had: its *counts* of pairs at each (at least 2), of the looks *planned*."""

    counts: tuple[int, ...]
    planned: tuple[int, ...]

    @property
    def last(self) -> int:
        """The most replicates that the study may have."""
        return self.planned[-1]


def planned_looks(first: int, last: int) -> tuple[int, ...]:
    """Return about five numbers of replicates from *first* to *last*, equally spaced as far as whole numbers are.

    Raises :class:`ValueError` for fewer than 2 replicates at the first look, or a last one before it.
    """
    if not 2 <= first <= last:
        raise ValueError(
            f"looks from {first} to {last} replicates cannot be: the first has 2 or more, the last no less"
        )
    steps = PLANNED - 1
    return tuple(sorted({first + math.floor((last - first) * step / steps + 0.5) for step in range(PLANNED)}))


def reached(planned: Sequence[int], seeds: Sequence[int]) -> Reached:
    """Return the looks that a comparison with values on *seeds* (growing, from 0) has had.

    At a look with L replicates it has those pairs whose seed is below L: fewer than L where trials have failed. Where
    a study ended between two looks, what there is counts as a look.
    """
    counts = sorted({bisect_left(seeds, look) for look in planned})
    return Reached(tuple(count for count in counts if count >= 2), tuple(planned))


def sequential_p(
    differences: Sequence[float],
    looks: Reached,
    shift: float = 0.0,
    alternative: Alternative = "two-sided",
    *,
    scale: float | None = None,
) -> float | None:
    """Return the p of *differences* (in the order of their seeds) for «their mean is *shift*», valid at any look.

    *alternative* says on which side of *shift* the mean may lie instead. *scale* is the largest value of the arms, by
    which differences count as equal (their own largest, if not given). None before the first look with 2 pairs.
    """
    from .boundaries import level_of, spent_score, tables  # with NumPy, which a study of fixed size does without

    if not looks.counts:
        return None
    sides: Sides = 2 if alternative == "two-sided" else 1
    signed = [(d - shift) if alternative != "less" else (shift - d) for d in differences]
    scale = max(map(abs, differences)) if scale is None else scale
    smallest = 1.0
    for number, count in enumerate(looks.counts):
        score = _score(signed[:count], sides, scale)
        if number == 0:
            named = spent_score(score, looks.counts[0] / looks.last)
        else:
            table = tables(looks.counts, looks.last, sides)[number]
            named = table.level_score(score)
        smallest = min(smallest, level_of(named, sides))
    return smallest


def repeated_interval(
    differences: Sequence[float], looks: Reached, level: float, *, sides: Sides = 2, scale: float | None = None
) -> tuple[float, float] | None:
    """Return the means that no look has rejected at *level*; None where the differences have not varied at any look.

    With one *side*, each bound holds at *level* by itself: the interval lies within a margin just when both one-sided
    tests against it reject, if the differences have varied at each look. Where looks disagree so far that nothing is
    left, the bounds of the last look are given, and that does not hold.
    """
    from .boundaries import boundary_scores

    if not looks.counts:
        return None
    scale = max(map(abs, differences)) if scale is None else scale
    scores = boundary_scores(looks.counts, looks.last, 1 - level, sides)
    bounds = []
    for count, score in zip(looks.counts, scores, strict=True):
        mean, sd = moments(differences[:count])
        if varies(differences[:count], scale):
            half = t_of(score, count) * sd / math.sqrt(count)
            bounds.append((mean - half, mean + half))
    if not bounds:
        return None
    low, high = max(low for low, _ in bounds), min(high for _, high in bounds)
    return (low, high) if low <= high else bounds[-1]


def predictive_power(
    mean: float, sd: float, looks: Reached, alpha: float, *, margin: float | None = None, margin_alpha: float = 0.05
) -> float:
    """Return the chance that the last look decides, as far as the pairs so far tell.

    *mean* and *sd* are those of the pairs at the last of *looks*, *alpha* and *margin_alpha* the errors that a
    difference and an equivalence may spend. The mean at the end is taken as normal around *mean* with a variance of
    ``sd^2 (1 / n - 1 / last)``: what the missing pairs bring, and how uncertain the effect still is (predictive power:
    Spiegelhalter, Freedman and Blackburn 1986, doi:10.1016/0197-2456(86)90003-6). To take the effect for what it was so
    far (conditional power) stops studies of real effects too early: few pairs say too little of it. The last look
    decides where that mean lies beyond the last boundary, or, with a *margin*, so deep within it that both one-sided
    tests reject. Looks on the way add little.
    """
    from .boundaries import boundary_scores

    count, last = looks.counts[-1], looks.last
    if count >= last:
        return 0.0
    if sd == 0:  # the signs decide: all of them are one way
        return float(mean != 0 or margin is not None)
    ahead = (*looks.counts, *(look for look in looks.planned if look > count))
    error = sd / math.sqrt(last)
    far = t_of(boundary_scores(ahead, last, alpha, 2)[-1], last) * error
    spread = sd * math.sqrt(1 / count - 1 / last)
    chance = _below(-far, mean, spread) + 1 - _below(far, mean, spread)
    if margin is not None:
        inside = margin - t_of(boundary_scores(ahead, last, margin_alpha, 1)[-1], last) * error
        within = min(inside, far)  # further out the difference is established already
        if within > 0:
            chance += _below(within, mean, spread) - _below(-within, mean, spread)
    return min(1.0, chance)


def t_of(score: float, count: int) -> float:
    """Return the t statistic of *count* pairs with that normal score."""
    from scipy.special import ndtr, stdtrit

    return -math.copysign(1.0, score) * float(stdtrit(count - 1, ndtr(-abs(score))))


def _score(signed: Sequence[float], sides: Sides, scale: float) -> float:
    """Return the normal score of the t statistic (of its size, with two sides), or of the sign test without spread."""
    from scipy.special import ndtri, stdtr

    count = len(signed)
    mean, sd = moments(signed)
    if not varies(signed, scale):
        moved = abs(mean) if sides == 2 else mean
        return -float(ndtri(2.0**-count)) if moved > RESOLUTION * scale else -math.inf
    t = mean / sd * math.sqrt(count)
    size = -float(ndtri(stdtr(count - 1, -abs(t))))
    return size if sides == 2 or t > 0 else -size


def _below(value: float, mean: float, spread: float) -> float:
    """Return the chance of a normal value below *value*."""
    return 0.5 * math.erfc((mean - value) / (spread * math.sqrt(2)))

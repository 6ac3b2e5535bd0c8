"""The boundary of a paired t statistic at each look, so that all looks together err no more than a single test would.

Repeated looks at a study inflate its error: five looks at .05 find something in 14 % of studies without any effect.
Therefore the level is *spent* gradually, O'Brien-Fleming-like: hardly any of it early, most of it at the last look (Lan
and DeMets 1983, doi:10.1093/biomet/70.3.659). With ``a`` the level and ``t = n / last``,

    two-sided   4 (1 - Phi(z(1 - a / 4) / sqrt(t)))        one-sided   2 (1 - Phi(z(1 - a / 2) / sqrt(t)))

At each look, the probability of crossing its boundary, but none before, is what the level spends there. The level is
that of the whole plan (:mod:`.looks`), here and below.

**Exact for few replicates.** Let S and R^2 be the sum and the sum of squares of n normal differences of mean 0, and
``u = S / R``, of which t is an increasing function. As u depends only on the direction of the differences and R only on
their length, the two are independent; so ``u' = (u + y) / sqrt(1 + y^2)``, where ``sqrt(n) y``, the next difference
divided by R / sqrt(n), has Student's t distribution with n degrees of freedom whatever came before. That is a Markov
chain in one dimension without any parameter, computed here replicate by replicate. From ``EXACT_UP_TO`` replicates on,
the chain of the normal scores is taken to be normal with correlation sqrt(n / n') from look to look, its limit.

**Numerics.** The statistic at n is represented by its normal score z, standard normal at each n under the null, in
``CELLS`` cells of equal width within ±``SPAN``. A cell stores the fraction of its probability that has crossed no
boundary yet. The transition probabilities from a cell's middle into each cell are exact; each column is then scaled so
that the probability of every cell at every n is exact as well. Boundaries are found on ``_GRID`` levels at once, and
between those by linear interpolation of normal scores. The probability of crossing is off by less than 1 % of the
level, down to levels of 1e-4.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .looks import StudyLook

EXACT_UP_TO = 64
"""Replicates up to which the chain of t statistics is computed; above, the normal chain takes over."""

SPAN = 6.5
"""Largest absolute score that has a cell; a probability of 8e-11 lies outside."""

CELLS = 416
"""Number of cells, each 1/32 wide."""

_BEYOND = 37.0
"""A score that nothing reaches: the boundary of a look that may spend nothing."""

_GRID = 128
_MAX_SCORE = 5.8
"""The score of the smallest level in the tables: about 1e-8."""

Floats = NDArray[np.float64]
Sides = Literal[1, 2]


@dataclass(frozen=True)
class Table:
    """Boundaries at the last of some looks, as normal scores, for many levels.

    *levels*: the scores of the levels, increasing (so the levels decrease); *scores*: the boundary for each.
    """

    levels: Floats
    scores: Floats

    def level_score(self, score: float) -> float:
        """Return the score of the smallest level whose boundary *score* reaches."""
        return float(np.interp(score, self.scores, self.levels, left=0.0))


def spent(level_score: Floats, look: StudyLook, sides: Sides) -> Floats:
    """Return how much the levels with scores *level_score* have spent at *look*."""
    from scipy.special import ndtr

    progress, paid = min(look.progress, 1.0), look.paid
    if progress <= paid:
        return np.zeros_like(level_score)
    total: Floats = 2 * sides * ndtr(-level_score / math.sqrt(progress))
    return total - 2 * sides * ndtr(-level_score / math.sqrt(paid)) if paid else total


def first_level_score(score: float, look: StudyLook) -> float:
    """Return the score of the smallest level whose boundary at *look*, the first, is reached by *score*.

    It is the same for one side and for two, because *score* and result count each side separately.
    """
    from scipy.special import ndtr, ndtri

    if look.paid:
        return tables((look,), 2)[0].level_score(score)
    p = min(1.0, float(ndtr(-score)))
    return -float(ndtri(p / 2)) * math.sqrt(min(look.progress, 1.0))


def level_of(score: float, sides: Sides) -> float:
    """Return the level with this *score*: all that it ever spends."""
    from scipy.special import ndtr

    return min(1.0, float(2 * sides * ndtr(-score)))


def score_of(level: float, sides: Sides) -> float:
    """Return the score of *level*."""
    from scipy.special import ndtri

    return float(-ndtri(level / (2 * sides)))


@lru_cache(maxsize=512)
def tables(looks: tuple[StudyLook, ...], sides: Sides, *, quick: bool = False) -> tuple[Table, ...]:
    """Return the table of each of *looks*, from 2 pairs, increasing."""
    return tuple(_state(looks[: number + 1], sides, quick).table for number in range(len(looks)))


def boundary_scores(
    looks: tuple[StudyLook, ...], level: float, sides: Sides, *, quick: bool = False
) -> tuple[float, ...]:
    """Return the boundaries at *looks* for *level* as normal scores; *quick* ones by the normal chain throughout."""
    score = score_of(level, sides)
    return tuple(float(np.interp(score, table.levels, table.scores)) for table in tables(looks, sides, quick=quick))


@dataclass(frozen=True)
class _State:
    """The state after a look: the *table* of that look, and the fraction that goes on, by level and cell."""

    table: Table
    going: Floats


@lru_cache(maxsize=128)
def _state(looks: tuple[StudyLook, ...], sides: Sides, quick: bool) -> _State:
    from scipy.special import ndtri

    levels = np.linspace(-float(ndtri(0.25)), _MAX_SCORE, _GRID)  # from level 1, one-sided from .5
    here = looks[-1]
    due = spent(levels, here, sides)
    if len(looks) == 1:
        going = np.ones((_GRID, CELLS))
        exact = np.minimum(-ndtri(due / sides), _BEYOND)
        return _cut(going, levels, due, sides, exact)
    before = looks[-2]
    going = _state(looks[:-1], sides, quick).going
    for start, end in [(before.pairs, here.pairs)] if quick else _stages(before.pairs, here.pairs):
        going = going @ _backward(start, end, not quick)
    return _cut(going, levels, due - spent(levels, before, sides), sides, None)


def _stages(start: int, end: int) -> list[tuple[int, int]]:
    """Return the steps from *start* to *end* replicates: single ones while they are exact, then a single large one."""
    turn = max(start, min(end, EXACT_UP_TO))
    steps = [(n, n + 1) for n in range(start, turn)]
    return steps if turn == end else [*steps, (turn, end)]


def _cut(going: Floats, levels: Floats, due: Floats, sides: Sides, exact: Floats | None) -> _State:
    """Put the boundaries where the probability *due* lies beyond them, and end what does; *exact* ones are given."""
    from scipy.special import ndtri

    edges, chance = _cells()
    mass = going * chance
    if sides == 2:
        half = CELLS // 2
        mass, edges = mass[:, half:] + mass[:, :half][:, ::-1], edges[half:]
    beyond = np.concatenate([np.cumsum(mass[:, ::-1], axis=1)[:, ::-1], np.zeros((_GRID, 1))], axis=1)
    kept = np.empty_like(mass)
    scores = np.empty(_GRID)
    for row in range(_GRID):
        tail, wanted = beyond[row], min(float(due[row]), float(beyond[row, 0]))
        cell = int(np.count_nonzero(tail[1:-1] > wanted))  # the cell that holds the boundary
        fraction = (tail[cell] - wanted) / mass[row, cell] if mass[row, cell] > 0 else 0.0
        kept[row] = np.arange(mass.shape[1]) < cell
        kept[row, cell] = min(1.0, max(0.0, fraction))
        scores[row] = _between(edges, tail, cell, wanted, float(-ndtri(max(wanted, 1e-300) / sides)))
    if exact is not None:
        scores = exact
    scores = np.maximum.accumulate(scores)  # increasing in theory; rounding must not undo that
    full = np.concatenate([kept[:, ::-1], kept], axis=1) if sides == 2 else kept
    return _State(Table(levels, scores), going * full)


def _between(edges: Floats, tail: Floats, cell: int, wanted: float, marginal: float) -> float:
    """Return the score with probability *wanted* beyond it; log tails are nearly linear within a cell."""
    if cell + 1 >= len(tail) - 1 or tail[cell + 1] <= 0 or wanted <= 0:
        return max(marginal, float(edges[-2]))  # beyond all cells, where hardly anything has ended before
    if not math.isfinite(edges[cell]):
        return float(edges[cell + 1])
    above, below = math.log(tail[cell]), math.log(tail[cell + 1])
    fraction = (above - math.log(wanted)) / (above - below) if above > below else 0.0
    return float(edges[cell] + fraction * (edges[cell + 1] - edges[cell]))


@lru_cache(maxsize=1)
def _cells() -> tuple[Floats, Floats]:
    """Return the edges of the cells, the outer ones at infinity, and the probability of each cell."""
    from scipy.special import ndtr

    edges = np.linspace(-SPAN, SPAN, CELLS + 1)
    edges[0], edges[-1] = -np.inf, np.inf
    lower = ndtr(edges[: CELLS // 2 + 1])
    chance = np.diff(lower)
    return edges, np.concatenate([chance, chance[::-1]])


@lru_cache(maxsize=128)
def _backward(start: int, end: int, exact: bool = True) -> Floats:
    """Return, for each cell at *end*, the probabilities of its origins at *start* (columns sum to one)."""
    edges, chance = _cells()
    middles = np.linspace(-SPAN, SPAN, CELLS + 1)[:-1] + SPAN / CELLS
    forward = (
        _exact_step(start, middles, edges) if exact and end == start + 1 else _normal_step(start / end, middles, edges)
    )
    joint = forward * chance[:, None]
    backward: Floats = joint / joint.sum(axis=0)
    return backward


def _normal_step(squared: float, middles: Floats, edges: Floats) -> Floats:
    from scipy.special import ndtr

    reached = ndtr((edges[None, :] - math.sqrt(squared) * middles[:, None]) / math.sqrt(1 - squared))
    return np.diff(reached, axis=1)


def _exact_step(n: int, middles: Floats, edges: Floats) -> Floats:
    """Return the transition probabilities from the middle of each cell at *n* replicates to each cell at n + 1.

    With ``y = tan(phi)``, ``u' = sqrt(1 + u^2) sin(phi + atan(u))``: for u >= 0, u' <= v where phi + atan(u) is below
    ``asin(v / sqrt(1 + u^2))`` or above pi minus that. The other half of the cells mirrors this one.
    """
    half = CELLS // 2
    u = _to_u(middles[half:], n)[:, None]
    v = _to_u(edges[1:-1], n + 1)[None, :]
    turned = np.arcsin(np.clip(v / np.sqrt(1 + u * u), -1, 1))
    start = np.arctan(u)
    right = np.pi / 2
    low = _angle_below(n, np.clip(turned - start, -right, right))
    high = _angle_below(n, -np.clip(np.pi - turned - start, -right, right))
    reached = np.concatenate([np.zeros((half, 1)), low + high, np.ones((half, 1))], axis=1)
    upper = np.maximum(np.diff(reached, axis=1), 0.0)
    return np.concatenate([upper[::-1, ::-1], upper])


def _angle_below(n: int, angle: Floats) -> Floats:
    """Return the probability of ``phi <= angle``, where sqrt(n) tan(phi) has Student's t distribution."""
    from scipy.special import stdtr

    below: Floats = stdtr(n, math.sqrt(n) * np.tan(angle))
    return below


def _to_u(scores: Floats, n: int) -> Floats:
    """Return S / R at *n* replicates for the t statistic with those normal scores."""
    from scipy.special import ndtr, stdtrit

    t = np.where(scores < 0, 1.0, -1.0) * stdtrit(n - 1, ndtr(-np.abs(scores)))
    u: Floats = math.sqrt(n) * t / np.sqrt(n - 1 + t * t)
    return u

"""How far a paired t statistic must go at each look, so that all looks together err no more than a single one would.

Looking at the same study again and again inflates the error: five looks at .05 find something in 14 % of studies in
which there is nothing. So the level is *spent* bit by bit, O'Brien-Fleming-like: hardly any of it early, most of it at
the last look (Lan and DeMets 1983, doi:10.1093/biomet/70.3.659): with ``a`` the level and ``t = n / last``,

    two-sided   4 (1 - Phi(z(1 - a / 4) / sqrt(t)))        one-sided   2 (1 - Phi(z(1 - a / 2) / sqrt(t)))

The boundary at a look is where the chance to cross it there, and none before, is what the level spends there.

**Exact for few replicates.** Let S and R^2 be the sum and the sum of squares of n normal differences of mean 0, and
``u = S / R``, of which t is a growing function. As u depends on the direction of the differences alone and R on their
length, the two are independent; so ``u' = (u + y) / sqrt(1 + y^2)``, where ``sqrt(n) y``, the next difference by
R / sqrt(n), has Student's t distribution with n degrees of freedom whatever came before. That is a Markov chain in one
dimension without any parameter, followed here replicate by replicate. From ``EXACT_UP_TO`` replicates on, the chain of
the normal scores is taken to be normal with correlation sqrt(n / n'), from look to look, which it tends to.

**Numerics.** The statistic at n is kept as its normal score z, standard normal at each n under the null, in ``CELLS``
cells of equal width within ±``SPAN``. A cell keeps the share of its probability that has crossed no boundary yet. The
chance to go from a cell's middle into each cell is exact; each column is then scaled so that the chance of every cell
at every n is exact as well. Boundaries are found on ``_GRID`` levels at once, and between those by linear
interpolation of normal scores. The chance to cross is off by less than 1 % of the level down to levels of 1e-4.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

EXACT_UP_TO = 64
"""Replicates up to which the chain of t statistics is followed; the normal one takes over above."""

SPAN = 6.5
"""Scores up to which there are cells; 8e-11 lies outside."""

CELLS = 416
"""Cells of a width of 1/32."""

_GRID = 128
_LARGEST = 5.8
"""The score of the smallest level in the tables: about 1e-8."""

Floats = NDArray[np.float64]
Sides = Literal[1, 2]


@dataclass(frozen=True)
class Table:
    """Boundaries at the last of some looks, as normal scores, for many levels.

    *levels*: scores that name the levels, growing (so the levels fall); *scores*: the boundary for each.
    """

    levels: Floats
    scores: Floats

    def level_score(self, score: float) -> float:
        """Return the score that names the smallest level whose boundary *score* reaches."""
        return float(np.interp(score, self.scores, self.levels, left=0.0))


def spent(level_score: Floats, fraction: float, sides: Sides) -> Floats:
    """Return what the levels with that score have spent at *fraction* of the replicates."""
    from scipy.special import ndtr

    share: Floats = 2 * sides * ndtr(-level_score / math.sqrt(min(fraction, 1.0)))
    return share


def spent_score(score: float, fraction: float) -> float:
    """Return the score of the level that has its first boundary at *score*, when *fraction* is reached.

    It is the same for one side and for two, as *score* and result count each side by itself.
    """
    from scipy.special import ndtr, ndtri

    return -float(ndtri(min(1.0, ndtr(-score)) / 2)) * math.sqrt(min(fraction, 1.0))


def level_of(score: float, sides: Sides) -> float:
    """Return the level that *score* names: all that it ever spends."""
    from scipy.special import ndtr

    return min(1.0, float(2 * sides * ndtr(-score)))


def score_of(level: float, sides: Sides) -> float:
    """Return the score that names *level*."""
    from scipy.special import ndtri

    return float(-ndtri(level / (2 * sides)))


@lru_cache(maxsize=512)
def tables(looks: tuple[int, ...], last: int, sides: Sides) -> tuple[Table, ...]:
    """Return the table of each of *looks* (at least 2 replicates, growing) in a study of at most *last* replicates."""
    return tuple(_state(looks[: number + 1], last, sides).table for number in range(len(looks)))


def boundary_scores(looks: tuple[int, ...], last: int, level: float, sides: Sides) -> tuple[float, ...]:
    """Return the boundaries at *looks* for *level*, as normal scores."""
    score = score_of(level, sides)
    return tuple(float(np.interp(score, table.levels, table.scores)) for table in tables(looks, last, sides))


@dataclass(frozen=True)
class _State:
    """Where a study is after a look: the *table* of that look, and who goes on, by level and cell."""

    table: Table
    going: Floats


@lru_cache(maxsize=512)
def _state(looks: tuple[int, ...], last: int, sides: Sides) -> _State:
    from scipy.special import ndtri

    levels = np.linspace(-float(ndtri(0.25)), _LARGEST, _GRID)  # from level 1, one-sided from .5
    here = looks[-1]
    due = spent(levels, here / last, sides)
    if len(looks) == 1:
        going = np.ones((_GRID, CELLS))
        exact = -ndtri(due / sides)
        return _cut(going, levels, due, sides, exact)
    before = looks[-2]
    going = _state(looks[:-1], last, sides).going
    for start, end in _stages(before, here):
        going = going @ _backward(start, end)
    return _cut(going, levels, due - spent(levels, before / last, sides), sides, None)


def _stages(start: int, end: int) -> list[tuple[int, int]]:
    """Return the steps from *start* to *end* replicates: one by one while that is exact, then at once."""
    turn = max(start, min(end, EXACT_UP_TO))
    steps = [(n, n + 1) for n in range(start, turn)]
    return steps if turn == end else [*steps, (turn, end)]


def _cut(going: Floats, levels: Floats, due: Floats, sides: Sides, exact: Floats | None) -> _State:
    """Put the boundaries where *due* lies beyond them, and end what does; *exact* boundaries are known already."""
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
        share = (tail[cell] - wanted) / mass[row, cell] if mass[row, cell] > 0 else 0.0
        kept[row] = np.arange(mass.shape[1]) < cell
        kept[row, cell] = min(1.0, max(0.0, share))
        scores[row] = _between(edges, tail, cell, wanted, float(-ndtri(max(wanted, 1e-300) / sides)))
    if exact is not None:
        scores = exact
    scores = np.maximum.accumulate(scores)  # by theory already; rounding must not undo it
    full = np.concatenate([kept[:, ::-1], kept], axis=1) if sides == 2 else kept
    return _State(Table(levels, scores), going * full)


def _between(edges: Floats, tail: Floats, cell: int, wanted: float, marginal: float) -> float:
    """Find the score with *wanted* beyond it; the logarithm of a tail is nearly straight within a cell."""
    if cell + 1 >= len(tail) - 1 or tail[cell + 1] <= 0 or wanted <= 0:
        return max(marginal, float(edges[-2]))  # beyond all cells, where hardly anything has ended before
    if not math.isfinite(edges[cell]):
        return float(edges[cell + 1])
    above, below = math.log(tail[cell]), math.log(tail[cell + 1])
    share = (above - math.log(wanted)) / (above - below) if above > below else 0.0
    return float(edges[cell] + share * (edges[cell + 1] - edges[cell]))


@lru_cache(maxsize=1)
def _cells() -> tuple[Floats, Floats]:
    """Return the edges of the cells, the outer ones at infinity, and the chance of each."""
    from scipy.special import ndtr

    edges = np.linspace(-SPAN, SPAN, CELLS + 1)
    edges[0], edges[-1] = -np.inf, np.inf
    lower = ndtr(edges[: CELLS // 2 + 1])
    chance = np.diff(lower)
    return edges, np.concatenate([chance, chance[::-1]])


@lru_cache(maxsize=256)
def _backward(start: int, end: int) -> Floats:
    """Return, for each cell at *end*, from which cells at *start* it was reached (columns sum to one)."""
    edges, chance = _cells()
    middles = np.linspace(-SPAN, SPAN, CELLS + 1)[:-1] + SPAN / CELLS
    forward = _exact_step(start, middles, edges) if end == start + 1 else _normal_step(start / end, middles, edges)
    joint = forward * chance[:, None]
    backward: Floats = joint / joint.sum(axis=0)
    return backward


def _normal_step(squared: float, middles: Floats, edges: Floats) -> Floats:
    from scipy.special import ndtr

    reached = ndtr((edges[None, :] - math.sqrt(squared) * middles[:, None]) / math.sqrt(1 - squared))
    return np.diff(reached, axis=1)


def _exact_step(n: int, middles: Floats, edges: Floats) -> Floats:
    """Return the chances to go from the middle of each cell at *n* replicates to each cell at n + 1.

    With ``y = tan(phi)``, ``u' = sqrt(1 + u^2) sin(phi + atan(u))``: for u >= 0, u' <= v where phi + atan(u) is below
    ``asin(v / sqrt(1 + u^2))`` or above pi less that. The other half of the cells mirrors this one.
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
    """Return the chance of ``phi <= angle``, where sqrt(n) tan(phi) has Student's t distribution."""
    from scipy.special import stdtr

    below: Floats = stdtr(n, math.sqrt(n) * np.tan(angle))
    return below


def _to_u(scores: Floats, n: int) -> Floats:
    """Return S / R at *n* replicates for the t statistic with those normal scores."""
    from scipy.special import ndtr, stdtrit

    t = np.where(scores < 0, 1.0, -1.0) * stdtrit(n - 1, ndtr(-np.abs(scores)))
    u: Floats = math.sqrt(n) * t / np.sqrt(n - 1 + t * t)
    return u

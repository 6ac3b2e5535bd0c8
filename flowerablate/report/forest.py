"""A forest plot in characters: each effect with its interval, drawn in its row on one scale for all.

``├───●──┤`` is an interval around its estimate, and ``╌╌`` on both sides of it the one that holds together with those
of all comparisons, whichever table of the study it is; ``│`` marks 0, and ``░`` fills the margin within which an effect
counts as negligible. An interval that extends beyond the scale ends in ``◂`` or ``▸``. The resolution is one character,
but an interval that excludes 0 is never drawn as touching it, nor the other way round.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from rich.text import Text

from ..stats import Effect, Row, Summary
from .column import Column
from .phrases import scale_of
from .row_groups import sides_of_all
from .signs import style_of

MAX_REACH = 3
"""The scale cuts an interval that reaches more than this many times as far as three quarters of the rows need."""

MAX_THIN_REACH = 1.5
"""The same for the thin part of an interval, which the scale need not show to its end."""


@dataclass(frozen=True)
class Axis:
    """A scale from *low* to *high*, in units of the metric, *width* cells wide. 0 is inside, not at an end."""

    low: float
    high: float
    width: int

    def cell(self, value: float) -> int:
        """Return the cell of *value*, which may lie outside."""
        return round((value - self.low) / (self.high - self.low) * (self.width - 1))

    @property
    def zero(self) -> int:
        """The cell of 0."""
        return min(max(self.cell(0.0), 1), self.width - 2)


def axis_of(summary: Summary, width: int) -> Axis | None:
    """Return the scale on which the effects of *summary* are drawn; None if there are no effects.

    It includes 0, the margin and all intervals, except what lies beyond ``MAX_REACH`` times what three quarters of the
    rows need: a single huge effect would make all the others unreadable.
    """
    drawn = [row for row in summary.rows if row.effect is not None]
    if not drawn:
        return None
    extents = [_extent(row.effect) for row in drawn if row.effect]
    reaches = sorted(max(-low, high) for low, high in extents)
    usual = reaches[(3 * len(reaches) - 1) // 4]
    margin = summary.rules.margin or 0.0
    limit = max(MAX_REACH * usual, margin) or reaches[-1]
    thin = [end for row in drawn for end in summary.thin_interval(row) or () if abs(end) <= MAX_THIN_REACH * usual]
    low = max(-limit, min(0.0, -margin, *thin, *(low for low, _ in extents)))
    high = min(limit, max(0.0, margin, *thin, *(high for _, high in extents)))
    if low == high:  # all effects are 0: any symmetric scale serves
        low, high = -0.01, 0.01
    span = high - low
    room = span / (width - 3)  # a free cell at each end, so that no mark touches the edge
    step = (span + 2 * room) / (width - 1)
    first = -round((room - low) / step) * step  # 0 in the middle of a cell: the margin is equally wide on both sides
    return Axis(first, first + step * (width - 1), width)


def _extent(effect: Effect) -> tuple[float, float]:
    ends = (effect.mean, *(end for end in (effect.low, effect.high) if end is not None))
    return min(ends), max(ends)


class ForestColumn(Column):
    """Every effect with its interval, drawn to one scale; *width* in cells, unless the table chooses it."""

    name = "forest"
    justify = "left"
    drop_order = 50
    is_drawing = True
    min_width = 17
    max_width = 41

    def __init__(self, width: int = 25) -> None:
        self.width = max(width, self.min_width)

    def resized(self, width: int) -> ForestColumn:
        """Return the same plot, *width* cells wide."""
        return ForestColumn(width)

    def header(self, summary: Summary) -> str:
        """Return the labels of both sides of 0, above the ends of the scale."""
        axis = axis_of(summary, self.width)
        if axis is None:
            return self.name
        left, right = sides_of_all(summary)
        zero, room = axis.zero, axis.width - axis.zero - 1
        before = f"{left} ".rjust(zero)[-zero:] if len(left) < zero else " " * zero
        after = f" {right}" if len(right) < room else ""
        return f"{before}│{after}\n{_ticks(axis, summary)}"

    def cells(self, summary: Summary) -> list[str]:
        """Return one line of drawing for each row; the base has no effect, so its line is empty."""
        axis = axis_of(summary, self.width)
        if axis is None:
            return [""] * (1 + len(summary.rows))
        empty = _empty(axis, summary.rules.margin)
        return ["".join(empty), *("".join(_draw(row, axis, empty, summary.thin_interval(row))) for row in summary.rows)]

    def style(self, row: Row) -> str:
        return style_of(row) if row.verdict else ""

    def text(self, cell: str, row: Row) -> Text:
        """Return the drawing with its background dimmed."""
        text = Text(cell, style=self.style(row))
        for position, sign in enumerate(cell):
            if sign in "│░:.":
                text.stylize("not bold dim default", position, position + 1)
        return text


def _empty(axis: Axis, margin: float | None) -> list[str]:
    cells = [" "] * axis.width
    if margin is not None:
        first, last = max(0, axis.cell(-margin)), min(axis.width - 1, axis.cell(margin))
        cells[first : last + 1] = "░" * (last + 1 - first)
    cells[axis.zero] = "│"
    return cells


def _draw(row: Row, axis: Axis, empty: list[str], thin: tuple[float, float] | None) -> list[str]:
    cells, effect = list(empty), row.effect
    if effect is None:
        return cells
    last = axis.width - 1
    middle = start = end = axis.cell(effect.mean)
    first = final = middle
    if effect.low is not None and effect.high is not None:
        start = _on_its_side(effect.low, axis.cell(effect.low), axis.zero)
        end = _on_its_side(effect.high, axis.cell(effect.high), axis.zero)
        middle = min(max(middle, start), end)
        if thin:
            first, final = (_on_its_side(value, axis.cell(value), axis.zero) for value in thin)
            for position in range(max(first, 0), min(final, last) + 1):
                cells[position] = cells[position] if position == axis.zero else "╌"
        for position in range(max(start, 0), min(end, last) + 1):
            cells[position] = "┼" if position == axis.zero else "─"
        if 0 <= start <= last:
            cells[start] = "├"
        if 0 <= end <= last:
            cells[end] = "┤"
    if 0 <= middle <= last:
        cells[middle] = "●"
    if min(start, first) < 0:
        cells[0] = "◂"
    if max(end, final) > last:
        cells[last] = "▸"
    return cells


def _on_its_side(value: float, cell: int, zero: int) -> int:
    """Return the cell for an end of an interval: on its own side of the line at 0, never on it."""
    if value == 0:
        return zero
    return max(cell, zero + 1) if value > 0 else min(cell, zero - 1)


def _ticks(axis: Axis, summary: Summary) -> str:
    """Return the labels of the axis: 0, and on each side the largest round number on the scale."""
    factor = scale_of(summary).factor
    cells = [" "] * axis.width
    cells[axis.zero] = "0"
    for limit in (axis.low, axis.high):
        value = math.copysign(_round_below(abs(limit) * factor), limit)
        label = f"{value:+g}"
        start = axis.cell(value / factor) - len(label) // 2
        start = min(max(start, 0), axis.width - len(label))
        if all(sign == " " for sign in cells[max(0, start - 1) : start + len(label) + 1]):
            cells[start : start + len(label)] = label
    return "".join(cells).rstrip()


def _round_below(value: float) -> float:
    """Return the largest of 1, 2 and 5 times a power of ten that is at most *value*, which is positive."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (5, 2, 1) if step * power <= value * (1 + 1e-9))

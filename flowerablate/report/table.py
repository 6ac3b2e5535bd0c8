"""The printed table: fits its columns into the width that there is, and never cuts a word or a number.

Where room is short, in this order: the gaps shrink, long names of variants continue on a second line, and whole columns
are left out, which a line below the table says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rich.box import Box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..stats import Summary
from .columns import Column, VariantColumn, default_columns
from .wording import ascii_only, printable, scale_of

SHORTEST_LABEL = 16
"""Cells below which the column of names does not shrink while there is another column to leave out."""

LAST_RESORT = 8
"""Cells below which it never shrinks; on a still narrower terminal all cells wrap."""

_RULE = Box("    \n    \n ── \n    \n    \n    \n    \n    \n")
_ASCII_RULE = Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)


@dataclass(frozen=True)
class Report:
    """A rich renderable: the table of *summary* with its caption and notes; *title* (a study's name) stands above.

    It adapts to the width and the encoding of the console that prints it.
    """

    summary: Summary
    title: str = ""
    columns: Sequence[Column] = ()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        safe: Callable[[str], str] = ascii_only if options.ascii_only else str
        layout = fit(self.columns or default_columns(), self.summary, options.max_width, safe)
        yield Text(safe(printable(self.title or headline(self.summary))), style="bold")
        if self.title:
            yield Text(safe(headline(self.summary)))
        yield Text()
        yield _draw(layout, self.summary, _ASCII_RULE if options.ascii_only else _RULE)
        yield Text()
        for line in caption(self.summary):
            yield Text(safe(line), style="dim")
        if layout.dropped:
            yield Text(safe(f"No room for: {', '.join(layout.dropped)}."), style="dim")
        if self.summary.notes:
            yield Text()
        for note in self.summary.notes:
            yield _bullet(safe("·" if not options.ascii_only else "*"), safe(printable(note)))


@dataclass(frozen=True)
class Layout:
    """Which *columns* are printed, their *heads*, *cells*, *widths* and *gaps* to the right; *dropped* by name."""

    columns: tuple[Column, ...]
    heads: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    widths: tuple[int, ...]
    gaps: tuple[int, ...]
    dropped: tuple[str, ...] = ()


def fit(columns: Sequence[Column], summary: Summary, width: int, safe: Callable[[str], str] = str) -> Layout:
    """Return the fullest layout that is at most *width* cells wide; *safe* is applied to all text first."""
    droppable = sorted((column for column in columns if column.drop_order is not None), key=_drop_order)
    for count in range(len(droppable) + 1):
        dropped = droppable[:count]
        kept = tuple(column for column in columns if column not in dropped)
        names = tuple(column.name for column in columns if column in dropped)
        shortest = SHORTEST_LABEL if count < len(droppable) else LAST_RESORT
        for layout in _attempts(kept, summary, width, shortest, names, safe):
            if sum(layout.widths) + sum(layout.gaps) <= width:
                return layout
    return layout


def _drop_order(column: Column) -> int:
    return column.drop_order or 0


def _attempts(
    columns: tuple[Column, ...],
    summary: Summary,
    width: int,
    shortest: int,
    dropped: tuple[str, ...],
    safe: Callable[[str], str],
) -> Iterator[Layout]:
    heads = tuple(safe(column.header(summary)) for column in columns)
    cells = tuple(tuple(safe(cell) for cell in column.cells(summary)) for column in columns)
    widths = _widths(heads, cells)
    yield Layout(columns, heads, cells, widths, _gaps(widths, width), dropped)
    others = sum(
        cells_wide + 1
        for column, cells_wide in zip(columns, widths, strict=True)
        if not isinstance(column, VariantColumn)
    )
    room = max(shortest, width - others)
    wrapped = tuple(
        tuple(wrap_label(cell, room) for cell in column_cells) if isinstance(column, VariantColumn) else column_cells
        for column, column_cells in zip(columns, cells, strict=True)
    )
    widths = _widths(heads, wrapped)
    yield Layout(columns, heads, wrapped, widths, _gaps(widths, width), dropped)


def _gaps(widths: Sequence[int], width: int) -> tuple[int, ...]:
    """One space between columns, two as far as there is room, from the left."""
    inner = len(widths) - 1
    spare = max(0, width - sum(widths) - inner)
    return (*(2 if index < spare else 1 for index in range(inner)), 0)


def _widths(heads: Sequence[str], cells: Sequence[Sequence[str]]) -> tuple[int, ...]:
    return tuple(
        max(cell_len(line) for text in (head, *column) for line in text.split("\n"))
        for head, column in zip(heads, cells, strict=True)
    )


def wrap_label(label: str, width: int) -> str:
    """Break *label* after ``+ = . _ -`` into lines of at most *width* cells, all but the first indented by two."""
    lines = [""]
    for part in re.findall(r"[^+=._\- ]*[+=._\- ]?", label):
        if cell_len(lines[-1] + part) > width:
            lines.append("  ")
        for character in part:
            if cell_len(lines[-1] + character) > width:
                lines.append("  ")
            lines[-1] += character
    return "\n".join(line for line in lines if line.strip())


def headline(summary: Summary) -> str:
    """Return what the table is about: the metric, where it was measured, and on how many replicates."""
    ns = [row.n for row in (summary.rows or (summary.base,))]
    spread = str(ns[0]) if len(set(ns)) == 1 else f"{min(ns)} to {max(ns)}"
    what = f"{printable(summary.metric)} on the test split"
    return f"{what}, {spread} {'replicate' if spread == '1' else 'replicates'}"


def caption(summary: Summary) -> tuple[str, ...]:
    """Return what the columns mean: the effect, the words of the verdicts, and the family of tests."""
    better = "lower is better: + speaks for the new" if summary.lower_is_better else "+ speaks for the base"
    unit = f" in {scale_of(summary).points}" if scale_of(summary).points else ""
    alpha = f"{1 - summary.level:.2g}".lstrip("0")
    family = "1 comparison" if summary.comparisons == 1 else f"Holm over {summary.comparisons} comparisons"
    removals = any(row.verdict in ("helps", "hurts") for row in summary.rows)
    costs = f"{'helps, hurts: said of what was removed. ' if removals else ''}time: per trial."
    if not summary.comparisons:
        return (costs,)
    return (
        f"effect: base − new{unit}, paired by seed; {better}.",
        f"verdict: paired t test at {alpha}, {family}.",
        costs,
    )


def _draw(layout: Layout, summary: Summary, rule: Box) -> Table:
    # The box puts one space between columns; padding inside the cells brings the rest of the gap.
    table = Table(box=rule, show_edge=False, pad_edge=False, padding=0)
    paddings = [(0, max(0, gap - 1), 0, 0) for gap in layout.gaps]
    for column, head, width, padding in zip(layout.columns, layout.heads, layout.widths, paddings, strict=True):
        text = Text(head, style="bold", justify=column.justify)
        table.add_column(Padding(text, padding), width=width + padding[1], overflow="fold")
    for index, row in enumerate((summary.base, *summary.rows)):
        table.add_row(
            *(
                Padding(Text(column_cells[index], style=column.style(row), justify=column.justify), padding)
                for column, column_cells, padding in zip(layout.columns, layout.cells, paddings, strict=True)
            ),
            style="bold" if index == 0 else "",
        )
    return table


def _bullet(sign: str, text: str) -> Table:
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=1)
    grid.add_column(overflow="fold")
    grid.add_row(Text(sign), Text(text))
    return grid

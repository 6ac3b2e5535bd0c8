"""The printed table: fits its columns into the available width, and never cuts a word or a number.

If the width is too small, first the gaps shrink, then long names of variants continue on a second line, then whole
columns are left out, which a line below the table lists.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rich.box import Box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from ..stats import Summary
from .caption import caption, headline
from .column import Column
from .phrases import ascii_only, printable
from .row_groups import groups_of, heading, order_of
from .standard import VariantColumn, default_columns

MIN_LABEL = 16
"""Minimum width of the column of names in cells, as long as another column can be left out."""

MIN_LABEL_ALONE = 8
"""Minimum width of the column of names once nothing can be left out; on narrower terminals all cells wrap."""

RULE = Box("    \n    \n ── \n    \n    \n    \n    \n    \n")
ASCII_RULE = Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)


@dataclass(frozen=True)
class Report:
    """A rich renderable: the table of *summary* with its caption and notes, below *title* (a study's name).

    It adapts to the width and the encoding of the console that prints it.
    """

    summary: Summary
    title: str = ""
    columns: Sequence[Column] = ()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for part in self._parts(options):
            yield from trimmed(part, console, options)

    def _parts(self, options: ConsoleOptions) -> Iterator[RenderableType]:
        safe: Callable[[str], str] = ascii_only if options.ascii_only else str
        columns = self.columns or default_columns(self.summary)
        layout = fit(columns, self.summary, options.max_width, safe)
        yield Text(safe(printable(self.title or headline(self.summary))), style="bold")
        if self.title:
            yield Text(safe(headline(self.summary)))
        yield Text()
        yield from _draw(layout, self.summary, options, safe)
        yield Text()
        for line in caption(self.summary, layout.columns):
            yield Text(safe(line), style="dim")
        if layout.dropped:
            yield Text(safe(f"Columns that do not fit at this width: {', '.join(layout.dropped)}."), style="dim")
        if self.summary.notes:
            yield Text()
        for note in self.summary.notes:
            yield bullet(safe(printable(note)), options)


def trimmed(part: RenderableType, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
    """Render *part* without trailing blanks, so that a report can be pasted."""
    for line in console.render_lines(part, options, pad=False):
        while line and not line[-1].text.strip(" "):
            line.pop()
        yield from line[:-1]
        if line:
            yield Segment(line[-1].text.rstrip(" "), line[-1].style)
        yield Segment.line()


@dataclass(frozen=True)
class Layout:
    """The printed *columns*, their *heads*, *cells*, *widths* and *gaps* to the right; *dropped* are names."""

    columns: tuple[Column, ...]
    heads: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    widths: tuple[int, ...]
    gaps: tuple[int, ...]
    dropped: tuple[str, ...] = ()


def fit(columns: Sequence[Column], summary: Summary, width: int, safe: Callable[[str], str] = str) -> Layout:
    """Return the layout with the most columns within *width* cells; *safe* is applied to all text first."""
    columns = [column if column.min_width is None else column.resized(column.min_width) for column in columns]
    droppable = sorted((column for column in columns if column.drop_order is not None), key=_drop_order)
    for count in range(len(droppable) + 1):
        dropped = droppable[:count]
        kept = tuple(column for column in columns if column not in dropped)
        names = tuple(column.name for column in columns if column in dropped)
        min_label = MIN_LABEL if count < len(droppable) else MIN_LABEL_ALONE
        for layout in _attempts(kept, summary, width, min_label, names, safe):
            if sum(layout.widths) + sum(layout.gaps) <= width:
                return _stretched(layout, summary, width, safe)
    return layout


def natural_width(columns: Sequence[Column], summary: Summary) -> int:
    """Return the width in cells with all columns on one line, gaps of two cells and drawings of minimum width."""
    columns = [column if column.min_width is None else column.resized(column.min_width) for column in columns]
    heads = [column.header(summary) for column in columns]
    widths = _widths(heads, [column.cells(summary) for column in columns])
    return sum(widths) + 2 * (len(widths) - 1)


def _drop_order(column: Column) -> int:
    return column.drop_order or 0


def _attempts(
    columns: tuple[Column, ...],
    summary: Summary,
    width: int,
    min_label: int,
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
    room = max(min_label, width - others)
    wrapped = tuple(
        tuple(wrap_label(cell, room) for cell in column_cells) if isinstance(column, VariantColumn) else column_cells
        for column, column_cells in zip(columns, cells, strict=True)
    )
    widths = _widths(heads, wrapped)
    yield Layout(columns, heads, wrapped, widths, _gaps(widths, width), dropped)


def _stretched(layout: Layout, summary: Summary, width: int, safe: Callable[[str], str]) -> Layout:
    """Return *layout* with the spare width given to drawings, from the left."""
    columns, heads, cells, widths = list(layout.columns), list(layout.heads), list(layout.cells), list(layout.widths)
    for index, column in enumerate(layout.columns):
        spare = width - sum(widths) - sum(layout.gaps)
        if column.min_width is not None and spare > 0:
            columns[index] = column.resized(min(column.max_width, widths[index] + spare))
            heads[index] = safe(columns[index].header(summary))
            cells[index] = tuple(safe(cell) for cell in columns[index].cells(summary))
            widths[index] = _widths([heads[index]], [cells[index]])[0]
    return Layout(tuple(columns), tuple(heads), tuple(cells), tuple(widths), layout.gaps, layout.dropped)


def _gaps(widths: Sequence[int], width: int) -> tuple[int, ...]:
    """Return the gaps between columns: one cell, or two from the left while there is room."""
    inner = len(widths) - 1
    spare = max(0, width - sum(widths) - inner)
    return (*(2 if index < spare else 1 for index in range(inner)), 0)


def _widths(heads: Sequence[str], cells: Sequence[Sequence[str]]) -> tuple[int, ...]:
    return tuple(
        max(cell_len(line) for text in (head, *column) for line in text.split("\n"))
        for head, column in zip(heads, cells, strict=True)
    )


def wrap_label(label: str, width: int) -> str:
    """Break *label* at blanks and after ``+ = . , _ -`` into lines of at most *width* cells, the further ones indented.

    A number that fits on a line stays whole, and a sign stays with the name that it stands before.
    """
    lines = [""]
    for part in re.findall(r"(?:(?<![^ ])[-+])?(?:[^+=.,_\- ]|\.(?=\d))*[+=.,_\- ]?", label):
        if cell_len(lines[-1] + part) > width:
            lines.append("  ")
        for character in part:
            if cell_len(lines[-1] + character) > width:
                lines.append("  ")
            lines[-1] += character
    return "\n".join(line for line in lines if line.strip())


def _draw(
    layout: Layout, summary: Summary, options: ConsoleOptions, safe: Callable[[str], str]
) -> Iterator[Table | Text]:
    """Yield a table for the header and the base, and one for each group: fixed widths keep the columns aligned."""
    rule = ASCII_RULE if options.ascii_only else RULE
    groups = groups_of(summary)
    if len(groups) <= 1:
        yield _table(layout, summary, rule, (0, *(1 + position for position in order_of(summary))), head=True)
        return
    yield _table(layout, summary, rule, (0,), head=True)
    width = min(sum(layout.widths) + sum(layout.gaps), options.max_width)
    for group in groups:
        title = safe(f"── {heading(group)} ")
        line = Text(title if cell_len(title) <= width else safe(f"── {group.words.title} "), style="dim")
        line.append(safe("─") * (width - line.cell_len))
        line.truncate(width)
        yield line
        yield _table(layout, summary, rule, tuple(1 + position for position in group.positions), head=False)


def _table(layout: Layout, summary: Summary, rule: Box, lines: Sequence[int], *, head: bool) -> Table:
    # The box puts one space between columns; padding inside the cells adds the rest of the gap.
    table = Table(box=rule, show_edge=False, pad_edge=False, padding=0, show_header=head)
    paddings = [(0, max(0, gap - 1), 0, 0) for gap in layout.gaps]
    for column, title, width, padding in zip(layout.columns, layout.heads, layout.widths, paddings, strict=True):
        text = Text(title, style="bold", justify=column.justify)
        table.add_column(Padding(text, padding), width=width + padding[1], overflow="fold")
    rows = (summary.base, *summary.rows)
    for line in lines:
        table.add_row(
            *(
                Padding(column.text(column_cells[line], rows[line]), padding)
                for column, column_cells, padding in zip(layout.columns, layout.cells, paddings, strict=True)
            ),
            style="bold" if line == 0 else "",
        )
    return table


def bullet(text: str, options: ConsoleOptions) -> Table:
    """Return *text* as a list item, its further lines indented."""
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=1)
    grid.add_column(overflow="fold")
    grid.add_row(Text("*" if options.ascii_only else "·"), Text(text))
    return grid

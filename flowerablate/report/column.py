"""The base class of all columns of the table, built-in or from a plugin.

A column gets the whole :class:`~flowerablate.stats.Summary`, so that it can align its cells by the decimal point. The
standard columns are in :mod:`.standard` and :mod:`.forest`. A plugin adds one with a ``ColumnSpec`` whose
``build(context, **params)`` returns it, and ``report --columns variant,effect,NAME`` shows it::

    class Worst(Column):
        name = "worst"

        def cells(self, summary):
            scale = scale_of(summary)
            effects = [row.effect for row in summary.rows]
            return [MISSING, *(scale.signed(min(e.differences)) if e else MISSING for e in effects)]
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Literal

from rich.text import Text

from ..stats import Row, Summary


class Column(ABC):
    """One column of the table.

    *name*: its name in ``--columns`` and in the note about omitted columns. *justify*: the alignment of its cells.
    *drop_order*: on a narrow terminal the column with the lowest number is omitted first; None is never omitted.
    *is_drawing*: its cells are drawings in characters of one width, so Markdown and LaTeX leave it out.

    Cells are one line of plain text. They may hold any character and are escaped for each format. A value that the
    trials do not give is ``MISSING`` (:mod:`flowerablate.report.phrases`), never empty.
    """

    name: str
    justify: ClassVar[Literal["left", "right"]] = "right"
    drop_order: int | None = 0
    is_drawing: ClassVar[bool] = False
    min_width: int | None = None
    """The minimum width of a drawing in cells; None for a column that is as wide as its text."""
    max_width: int = 0
    """The maximum width of a drawing in cells."""

    def header(self, summary: Summary) -> str:
        """Return the head of the column, of one or two lines."""
        return self.name

    @abstractmethod
    def cells(self, summary: Summary) -> list[str]:
        """Return the text of each cell: the base first, then ``summary.rows`` in order."""

    def style(self, row: Row) -> str:
        """Return the rich style of a cell; it must not carry information that the text lacks."""
        return ""

    def text(self, cell: str, row: Row) -> Text:
        """Return *cell*, one of ``cells`` or its ASCII form, as printed for *row*."""
        return Text(cell, style=self.style(row), justify=self.justify)

    def resized(self, width: int) -> Column:
        """Return this column *width* cells wide; called only if ``min_width`` is a number."""
        return self

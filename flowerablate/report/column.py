"""What a column of the table is: the class from which every column derives, ours and those of plugins.

A column sees the whole :class:`~flowerablate.stats.Summary`, so that it can align its cells by the decimal point. Those
of the standard table are in :mod:`.standard` and :mod:`.forest`; a plugin brings others by a ``ColumnSpec`` whose
``build(**params)`` returns one, and ``report --columns variant,effect,NAME`` shows it::

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

    *name*: how ``--columns`` and the note on what had no room call it. *justify*: the side at which its cells stand.
    *drop_order*: on a narrow terminal the column with the lowest number goes first; None stays. *is_drawing*: its cells
    are images made of characters of one width, so it is left out of Markdown and LaTeX.

    Cells are plain text of one line; they may hold any character, and are escaped for the format at hand. A value that
    the trials do not give is ``MISSING`` (:mod:`flowerablate.report.phrases`), never empty.
    """

    name: str
    justify: ClassVar[Literal["left", "right"]] = "right"
    drop_order: int | None = 0
    is_drawing: ClassVar[bool] = False
    least: int | None = None
    """The width in cells below which a drawing says nothing; None for a column that is as wide as its text."""
    most: int = 0
    """The width beyond which a drawing gains nothing."""

    def header(self, summary: Summary) -> str:
        """Return the head of the column, of one or two lines."""
        return self.name

    @abstractmethod
    def cells(self, summary: Summary) -> list[str]:
        """Return the text of each cell: first the base's, then one for each of ``summary.rows``, in that order."""

    def style(self, row: Row) -> str:
        """Return the rich style of a cell; it must never be the only carrier of a meaning."""
        return ""

    def text(self, cell: str, row: Row) -> Text:
        """Return *cell*, one of ``cells`` or its ASCII form, as it is printed in the row of *row*."""
        return Text(cell, style=self.style(row), justify=self.justify)

    def resized(self, width: int) -> Column:
        """Return this column *width* cells wide; called only where ``least`` is a number."""
        return self

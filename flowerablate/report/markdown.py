"""Markdown: a table as GitHub renders it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..errors import in_one_line
from ..stats import Summary
from .caption import caption, headline
from .column import Column
from .phrases import printable
from .row_groups import groups_of, heading, order_of
from .standard import VariantColumn, default_columns


def to_markdown(summary: Summary, title: str = "", columns: Sequence[Column] = ()) -> str:
    """Return a GitHub table, the caption and the notes; names from the study are set as code."""
    columns = [column for column in columns or default_columns(summary) if not column.is_drawing]
    heads = [escape(column.header(summary).replace("\n", " ")) for column in columns]
    cells = list(zip(*(_cells(column, summary) for column in columns), strict=True))
    marks = ["---:" if column.justify == "right" else "---" for column in columns]
    lines = [f"### {escape(title)}", ""] if title else []
    lines += [f"{escape(headline(summary))}:", "", table_line(heads), table_line(marks), table_line(cells[0])]
    groups = groups_of(summary)
    for group in groups if len(groups) > 1 else ():
        lines.append(table_line([f"*{escape(heading(group))}*", *[""] * (len(columns) - 1)]))
        lines += [table_line(cells[1 + position]) for position in group.positions]
    if len(groups) == 1:
        lines += [table_line(cells[1 + position]) for position in order_of(summary)]
    lines += ["", " ".join(escape(line) for line in caption(summary, columns))]
    if summary.notes:
        lines += ["", *(f"- {escape(note)}" for note in summary.notes)]
    return "\n".join(lines).rstrip() + "\n"


def _cells(column: Column, summary: Summary) -> list[str]:
    if isinstance(column, VariantColumn):
        return [summary.base.label, *(code_text(row.label) for row in summary.rows)]
    # Built-in cells contain brackets at most; those of a plugin may contain any markup.
    return [_inactive(in_one_line(cell)) for cell in column.cells(summary)]


def table_line(cells: Sequence[str]) -> str:
    """Return one line of a table."""
    return f"| {' | '.join(cells)} |"


def code_text(text: str) -> str:
    """Return *text* as inline code, without active markup."""
    label = printable(text).replace("|", r"\|")
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", label)), default=0))
    return f"{fence}{label}{fence}" if fence == "`" else f"{fence} {label} {fence}"


def escape(text: str) -> str:
    """Return *text* with all Markdown characters escaped."""
    return re.sub(r"^([-+])", r"\\\1", re.sub(r"([\\`*_\[\]<>|#~&])", r"\\\1", printable(text)))


def _inactive(text: str) -> str:
    return re.sub(r"([\\`*_<>|#~&]|\](?=[(\[:]))", r"\\\1", printable(text))

"""One summary, several outputs."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Literal

from rich.console import Console

from ..errors import StudyError, nearest
from ..stats import Row, Summary
from .columns import default_columns
from .records import to_csv, to_json
from .table import Report, caption, headline
from .wording import printable

Format = Literal["rich", "md", "csv", "json", "svg"]
FORMATS: tuple[Format, ...] = ("rich", "md", "csv", "json", "svg")


def render(summary: Summary, format: str = "rich", *, width: int = 80, color: bool = False, title: str = "") -> str:
    """Return *summary* as text in one of ``FORMATS``, ending in a newline.

    *width* (terminal cells) holds for ``rich`` and ``svg``, *color* (ANSI codes) for ``rich``; *title*, such as the
    name of the study, for all but ``csv``. Raises :class:`StudyError` for an unknown format.
    """
    if format == "rich":
        return _terminal(summary, width, color, title)
    if format == "md":
        return to_markdown(summary, title)
    if format == "csv":
        return to_csv(summary)
    if format == "json":
        return to_json(summary, title)
    if format == "svg":
        return to_svg(summary, width, title)
    raise StudyError(f"no report format is called {format!r}; {nearest(format, FORMATS)}")


def show(summary: Summary, console: Console, *, title: str = "") -> None:
    """Print the table on *console*, in its width, encoding and colours."""
    console.print(Report(summary, title))


def _terminal(summary: Summary, width: int, color: bool, title: str) -> str:
    buffer = io.StringIO()
    console = Console(
        file=buffer,
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        legacy_windows=False,
    )
    show(summary, console, title=title)
    return "".join(line.rstrip() + "\n" for line in buffer.getvalue().splitlines())


def to_markdown(summary: Summary, title: str = "") -> str:
    """Return a GitHub table, the caption and the notes; names from the study are code, with nothing in them active."""
    columns = default_columns()
    heads = [column.header(summary).replace("\n", " ") for column in columns]
    cells = [[" ".join(cell.split()) for cell in column.cells(summary)] for column in columns]
    cells[0] = [_code(row) for row in (summary.base, *summary.rows)]
    marks = ["---:" if column.justify == "right" else "---" for column in columns]
    lines = [f"### {_escape(title)}", ""] if title else []
    lines += [f"{_escape(headline(summary))}:", ""]
    lines += [_table_line(line) for line in (heads, marks, *zip(*cells, strict=True))]
    lines += ["", " ".join(_escape(line) for line in caption(summary))]
    if summary.notes:
        lines += ["", *(f"- {_escape(note)}" for note in summary.notes)]
    return "\n".join(lines) + "\n"


def _table_line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _code(row: Row) -> str:
    if not row.change:
        return row.label
    label = printable(row.label).replace("|", r"\|")
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", label)), default=0))
    return f"{fence}{label}{fence}" if fence == "`" else f"{fence} {label} {fence}"


def _escape(text: str) -> str:
    return re.sub(r"^([-+])", r"\\\1", re.sub(r"([\\`*_\[\]<>|#~&])", r"\\\1", printable(text)))


_SVG = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
    <style>
    .{unique_id}-matrix {{
        font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace;
        font-size: {char_height}px;
        line-height: {line_height}px;
    }}
    .{unique_id}-title {{ font: bold 18px sans-serif; }}
    {styles}
    </style>
    <defs>
    <clipPath id="{unique_id}-clip-terminal">
      <rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
    </clipPath>
    {lines}
    </defs>
    {chrome}
    <g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
    {backgrounds}
    <g class="{unique_id}-matrix">
    {matrix}
    </g>
    </g>
</svg>
"""
"""Rich's own template without its web fonts: a picture in a README must not need the network."""


def to_svg(summary: Summary, width: int = 80, title: str = "") -> str:
    """Return the printed table as a picture of a terminal, *width* cells wide, in colour."""
    console = Console(file=io.StringIO(), width=width, record=True, force_terminal=True, color_system="truecolor")
    show(summary, console)
    svg: str = console.export_svg(title=printable(title) or "flowerablate", unique_id="report", code_format=_SVG)
    return "".join(line.rstrip() + "\n" for line in svg.splitlines())

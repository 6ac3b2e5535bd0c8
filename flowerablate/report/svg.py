"""The printed table as an image of a terminal."""

from __future__ import annotations

import io
from collections.abc import Sequence

from rich.console import Console

from ..stats import Summary
from .column import Column
from .phrases import printable
from .standard import default_columns
from .table import Report, natural_width

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
"""Rich's template without its web fonts: an image in a README must not load anything."""

MIN_WIDTH = 80
MAX_WIDTH = 120
"""Terminal cells: the minimum keeps notes readable, and a page shows the maximum without scrolling."""


def to_svg(summary: Summary, title: str = "", columns: Sequence[Column] = ()) -> str:
    """Return the printed table as an image of a terminal, in colour.

    It is as wide as its columns need, 80 to 120 cells; columns that do not fit are left out as on a terminal.
    """
    width = max(MIN_WIDTH, min(natural_width(columns or default_columns(summary), summary), MAX_WIDTH))
    console = Console(
        file=io.StringIO(),
        width=width,
        record=True,
        force_terminal=True,
        force_jupyter=False,  # otherwise a notebook would display it
        color_system="truecolor",
    )
    console.print(Report(summary, columns=columns))
    svg: str = console.export_svg(title=printable(title) or "flowerablate", unique_id="report", code_format=_SVG)
    return "".join(line.rstrip() + "\n" for line in svg.splitlines())

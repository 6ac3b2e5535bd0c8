"""The printed table as a picture of a terminal."""

from __future__ import annotations

import io
from collections.abc import Sequence

from rich.console import Console

from ..stats import Summary
from .columns import Column
from .table import Report
from .wording import printable

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


def to_svg(summary: Summary, width: int = 80, title: str = "", columns: Sequence[Column] = ()) -> str:
    """Return the printed table as a picture of a terminal, *width* cells wide, in colour."""
    console = Console(file=io.StringIO(), width=width, record=True, force_terminal=True, color_system="truecolor")
    console.print(Report(summary, columns=columns))
    svg: str = console.export_svg(title=printable(title) or "flowerablate", unique_id="report", code_format=_SVG)
    return "".join(line.rstrip() + "\n" for line in svg.splitlines())

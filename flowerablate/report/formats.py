"""Renders a summary in each of the output formats."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from rich.console import Console, RenderableType

from ..errors import StudyError, nearest
from ..stats import Summary
from .column import Column
from .json_csv import to_csv, to_json
from .latex import to_latex
from .markdown import to_markdown
from .svg import to_svg
from .table import Report

TableFormat = Literal["rich", "md", "latex", "csv", "json", "svg"]
FORMATS: tuple[TableFormat, ...] = ("rich", "md", "latex", "csv", "json", "svg")

SUFFIXES: dict[str, str] = {
    ".txt": "rich",
    ".md": "md",
    ".tex": "latex",
    ".csv": "csv",
    ".json": "json",
    ".svg": "svg",
    ".html": "html",
}
"""The format for each file suffix."""


def render(
    summary: Summary,
    format: str = "rich",
    *,
    width: int = 80,
    color: bool = False,
    title: str = "",
    columns: Sequence[Column] = (),
) -> str:
    """Return *summary* as text in one of ``FORMATS``, ending in a newline.

    *width* (terminal cells) and *color* (ANSI codes) apply to ``rich``; *title*, such as the name of the study, to all
    but ``csv``; *columns*, instead of the standard ones, to all but ``csv`` and ``json``, which contain every value.
    Raises :class:`StudyError` for an unknown format.
    """
    if format == "rich":
        return as_text(Report(summary, title, columns), width, color)
    if format == "md":
        return to_markdown(summary, title, columns)
    if format == "latex":
        return to_latex(summary, title, columns)
    if format == "csv":
        return to_csv(summary)
    if format == "json":
        return to_json(summary, title)
    if format == "svg":
        return to_svg(summary, title, columns)
    raise StudyError(f"no report format is called {format!r}; {nearest(format, FORMATS)}")


def show(summary: Summary, console: Console, *, title: str = "", columns: Sequence[Column] = ()) -> None:
    """Print the table on *console*, fitted to its width, encoding and colours."""
    console.print(Report(summary, title, columns))


def as_text(renderable: RenderableType, width: int, color: bool = False) -> str:
    """Return *renderable* as a terminal of *width* cells shows it, with ANSI codes if *color*."""
    buffer = io.StringIO()
    console = Console(
        file=buffer,
        width=width,
        force_terminal=color,
        force_jupyter=False,  # otherwise a notebook would display it and the buffer would stay empty
        color_system="standard" if color else None,
        no_color=not color,
        legacy_windows=False,
    )
    console.print(renderable)
    return "".join(line.rstrip() + "\n" for line in buffer.getvalue().splitlines())


def format_of(path: Path) -> str:
    """Return the format for the suffix of *path*, or raise :class:`StudyError` for an unknown one."""
    known = SUFFIXES.get(path.suffix.lower())
    if known is None:
        raise StudyError(f"{path} has no suffix of a report ({', '.join(SUFFIXES)}); name the format as well")
    return known

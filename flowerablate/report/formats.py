"""One summary, several outputs."""

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

Format = Literal["rich", "md", "latex", "csv", "json", "svg"]
FORMATS: tuple[Format, ...] = ("rich", "md", "latex", "csv", "json", "svg")

SUFFIXES: dict[str, str] = {
    ".txt": "rich",
    ".md": "md",
    ".tex": "latex",
    ".csv": "csv",
    ".json": "json",
    ".svg": "svg",
    ".html": "html",
}
"""What the ending of a file's name says about its format."""


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

    *width* (terminal cells) holds for ``rich``, *color* (ANSI codes) for ``rich``; *title*, such as the
    name of the study, for all but ``csv``; *columns*, in place of the standard ones, for all but ``csv`` and ``json``,
    which hold every figure anyway. Raises :class:`StudyError` for an unknown format.
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
    """Print the table on *console*, in its width, encoding and colours."""
    console.print(Report(summary, title, columns))


def as_text(renderable: RenderableType, width: int, color: bool = False) -> str:
    """Return *renderable* as a terminal of *width* cells shows it, with ANSI codes where *color* is wanted."""
    buffer = io.StringIO()
    console = Console(
        file=buffer,
        width=width,
        force_terminal=color,
        force_jupyter=False,  # else a notebook would show it, and the buffer stay empty
        color_system="standard" if color else None,
        no_color=not color,
        legacy_windows=False,
    )
    console.print(renderable)
    return "".join(line.rstrip() + "\n" for line in buffer.getvalue().splitlines())


def format_of(path: Path) -> str:
    """Return the format that the ending of *path* names, or raise :class:`StudyError`."""
    known = SUFFIXES.get(path.suffix.lower())
    if known is None:
        raise StudyError(f"{path} does not end as a report does ({', '.join(SUFFIXES)}); name the format with --format")
    return known

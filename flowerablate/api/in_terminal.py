"""What a renderable looks like where only text can be shown."""

from __future__ import annotations

import shutil

from rich.console import RenderableType

from ..report.formats import as_text


def as_terminal_shows(renderable: RenderableType) -> str:
    """Return *renderable* as plain text in the width of the terminal (80 cells where there is none)."""
    return as_text(renderable, shutil.get_terminal_size((80, 24)).columns).rstrip("\n")

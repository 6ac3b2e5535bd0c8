"""The console that commands and progress bars print on: whatever is printed, only styles command the terminal."""

from __future__ import annotations

from collections.abc import Iterable

import rich.console
from rich.console import ConsoleOptions, RenderableType
from rich.segment import Segment

from .visible import visible


class Console(rich.console.Console):
    """Rich's console, with each text made :func:`~flowerablate.visible.visible`; styles and bars work as they do."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield the segments of *renderable*, their text made visible."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(visible(segment.text), segment.style)

"""The table that the user takes away: on the terminal, and as Markdown, LaTeX, CSV, JSON or a picture.

``show(summary, console)`` prints; ``render(summary, format)`` returns text; ``compare`` sets two studies side by side.
``Column`` is what columns of plugins derive from. ``python -m flowerablate.report`` shows an example with invented
figures.
"""

from .columns import Column
from .formats import FORMATS, render, show
from .standard import default_columns
from .table import Report
from .wording import MISSING, Scale, scale_of

__all__ = ["FORMATS", "MISSING", "Column", "Report", "Scale", "default_columns", "render", "scale_of", "show"]

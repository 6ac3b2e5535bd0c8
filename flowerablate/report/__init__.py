"""The table that the user takes away: on the terminal, and as Markdown, CSV, JSON or a picture.

``show(summary, console)`` prints; ``render(summary, format)`` returns text. ``python -m flowerablate.report`` shows an
example with invented figures.
"""

from .columns import Column, default_columns
from .formats import FORMATS, render, show
from .table import Report

__all__ = ["FORMATS", "Column", "Report", "default_columns", "render", "show"]

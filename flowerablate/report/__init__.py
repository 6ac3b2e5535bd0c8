"""The ablation table: on the terminal, and as Markdown, LaTeX, CSV, JSON or an image.

``show(summary, console)`` prints; ``render(summary, format)`` returns text; ``compare`` sets two studies side by side.
``Column`` is the base class of plugin columns. ``python -m flowerablate.report`` shows an example with invented
numbers.
"""

from .column import Column
from .comparison import Comparison, Side, compare
from .comparison_formats import FORMATS as COMPARISON_FORMATS
from .comparison_formats import render_comparison, show_comparison
from .forest import ForestColumn
from .formats import FORMATS, format_of, render, show
from .phrases import MISSING, Scale, cost, duration, printable, probability, quantity, scale_of
from .standard import (
    CostColumn,
    EffectColumn,
    MeansColumn,
    PairsColumn,
    ParametersColumn,
    SecondaryColumn,
    TimeColumn,
    VariantColumn,
    VerdictColumn,
    default_columns,
    interval_cells,
)
from .table import Report

__all__ = [
    "COMPARISON_FORMATS",
    "FORMATS",
    "MISSING",
    "Column",
    "Comparison",
    "CostColumn",
    "EffectColumn",
    "ForestColumn",
    "MeansColumn",
    "PairsColumn",
    "ParametersColumn",
    "Report",
    "Scale",
    "SecondaryColumn",
    "Side",
    "TimeColumn",
    "VariantColumn",
    "VerdictColumn",
    "compare",
    "cost",
    "default_columns",
    "duration",
    "format_of",
    "interval_cells",
    "printable",
    "probability",
    "quantity",
    "render",
    "render_comparison",
    "scale_of",
    "show",
    "show_comparison",
]

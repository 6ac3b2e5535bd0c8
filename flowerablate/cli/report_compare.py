"""``flowerablate report --compare OTHER``: two studies side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from ..errors import StudyError, nearest
from .report_table import put, read_summary

if TYPE_CHECKING:
    from ..ledger import Ledger, StudyNote
    from ..report import Side
    from ..wiring.assemble import Assembler


def print_comparison(
    ledger: Ledger,
    other: Ledger,
    format: str,
    console: Console,
    assembler: Assembler,
    metric: str | None = None,
    out: Path | None = None,
) -> None:
    """Print the latest studies of two ledgers beside each other, by *metric* or by their primary ones."""
    from ..report import COMPARISON_FORMATS, compare, render_comparison, show_comparison

    if format not in COMPARISON_FORMATS:
        raise StudyError(f"no format of a comparison is called {format!r}; {nearest(format, COMPARISON_FORMATS)}")
    comparison = compare(_side(ledger, assembler, metric), _side(other, assembler, metric))
    if format == "rich" and out is None:
        show_comparison(comparison, console)
    else:
        put(render_comparison(comparison, format), out)


def _side(ledger: Ledger, assembler: Assembler, metric: str | None) -> Side:
    from ..report import Side

    note, summary = read_summary(ledger, None, assembler, metric)
    return Side(ledger.root.absolute().name, summary, note.data, _split(ledger, note))


def _split(ledger: Ledger, note: StudyNote) -> dict[str, object]:
    """Return how the images were divided when the base was trained; empty where its trials do not tell."""
    for claim, folder in ledger.trials_of(note.base_id):
        plan = folder.record.get("pipeline", {}).get("split", {})
        if not claim.change and plan:
            return dict(plan)
    return {}

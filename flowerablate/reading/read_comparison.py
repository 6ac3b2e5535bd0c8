"""Reads two studies side by side from their ledgers."""

from __future__ import annotations

from collections.abc import Sequence

from ..contracts import finished
from ..ledger import Ledger, StudyNote
from ..report import Comparison, Side, compare
from ..wiring.assemble import Assembler
from ..wiring.scoring import LOSS
from .find_study import note_of
from .kept_metrics import Reading, reading
from .read_summary import read_summary


def read_comparison(first: Ledger, second: Ledger, assembler: Assembler, metric: str | None = None) -> Comparison:
    """Return the latest studies of two ledgers side by side, by *metric* or by one that both have.

    That is their primary metric. If these differ, it is the primary one of either that all trials of the other
    recorded too, or else another that all trials recorded; a remark says which.
    """
    remark = ""
    if metric is None:
        metric, remark = _common_metric((first, second), assembler)
    return compare(_side(first, assembler, metric), _side(second, assembler, metric), remark)


def _common_metric(ledgers: Sequence[Ledger], assembler: Assembler) -> tuple[str, str]:
    """Return the metric for a comparison, and why it is that one; empty if it is the primary one of both studies.

    If there is none that all trials recorded, it is the primary one of the first study.
    """
    notes = [note_of(ledger) for ledger in ledgers]
    read = [reading(note, None, assembler) for note in notes]
    primaries = [each.primary for each in read]
    if primaries[0] == primaries[1]:
        return primaries[0], ""
    recorded = [_recorded(*each) for each in zip(ledgers, notes, strict=True)]
    candidates = [*primaries, *_others(read), *recorded[0]]
    chosen = next((name for name in candidates if all(name in names for names in recorded)), primaries[0])
    return chosen, (
        f"The primary metric of A is {primaries[0]}, that of B is {primaries[1]}; both are compared by {chosen}. "
        "Name a metric to compare by another."
    )


def _others(read: Sequence[Reading]) -> list[str]:
    return [name for each in read for name in each.secondary]


def _recorded(ledger: Ledger, note: StudyNote) -> list[str]:
    """Return the metrics that all finished trials recorded, except the loss."""
    trials = finished(ledger.results(note.base_id))
    names = trials[0].metrics if trials else ()
    return [name for name in names if name != LOSS.name and all(name in trial.metrics for trial in trials)]


def _side(ledger: Ledger, assembler: Assembler, metric: str) -> Side:
    note, summary = read_summary(ledger, None, assembler, metric)
    return Side(ledger.root.absolute().name, summary, note.data, _split(ledger, note))


def _split(ledger: Ledger, note: StudyNote) -> dict[str, object]:
    """Return the split plan of the base; empty if its trials do not record it."""
    for claim, folder in ledger.trials_of(note.base_id):
        plan = folder.record.get("pipeline", {}).get("split", {})
        if not claim.change and plan:
            return dict(plan)
    return {}

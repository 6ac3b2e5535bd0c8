"""Which tables a study has shown, by the notes of its ledger: what runs and reports judge by, and add to.

A table with verdicts spends a part of the error (:mod:`flowerablate.stats.looks`), so each is recorded with the pairs
that it was about. One that cannot be recorded shows no new verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypedDict

from ..contracts import Contrast, JudgedTable, Rules, TrialOutcome
from ..errors import LedgerError
from ..ledger import Ledger, StudyNote
from ..stats.arms import contrasts_for
from ..stats.looks import is_complete, replicates_of, rules_in_force, seeds_of
from ..stats.pairs import ids_by_seed, pairs_of
from .image_evidence import is_over_images


class TablesShown(TypedDict):
    """What :func:`~flowerablate.stats.summarise` must know of the tables so far."""

    looked: Sequence[int]
    seen: Mapping[str, Sequence[int]] | None
    shown: Sequence[Rules]
    told: Sequence[Rules]
    judged: Mapping[str, Sequence[JudgedTable]]


def shown_so_far(note: StudyNote | None) -> TablesShown:
    """Return what the *note* of a study says of its tables.

    Numbers of replicates alone say for no question whether it was in a table, so they count in ledgers of earlier
    versions only, which have nothing else.
    """
    if note is None:
        return TablesShown(looked=(), seen=None, shown=(), told=(), judged={})
    told = note.told or note.rules_shown
    if _is_of_earlier_version(note):
        looked = note.unplanned if note.rules.looks else note.looked
        return TablesShown(looked=looked, seen=note.seen or None, shown=note.rules_shown, told=told, judged=note.judged)
    return TablesShown(looked=(), seen=None, shown=note.rules_shown, told=told, judged=note.judged)


def with_table(
    note: StudyNote,
    ledger: Ledger,
    results: Sequence[TrialOutcome],
    contrasts: Sequence[Contrast],
    rules: Rules | None = None,
    *,
    pending: bool = False,
) -> StudyNote:
    """Return *note* with the look that a table of *results* is, by *rules* or those of the note.

    Without a finished trial of the base it is none, and *note* is returned as it is. While trials are *pending*,
    planned looks show verdicts of complete comparisons only, and no other was judged.
    """
    rules = rules or note.rules
    seeds, ids = seeds_of(results), ids_by_seed(results)
    count = max((seed + 1 for seed, there in ids.items() if "" in there), default=0)
    if not count:
        return note
    before = ledger.note(note.base_id) or note
    at = {contrast.label: replicates_of(contrast, seeds) for contrast in contrasts}
    tables = {
        contrast.label: pairs_of(contrast, ids).at(n)._replace(number=1 + before.tables, planned=bool(rules.looks))
        for contrast, n in zip(contrasts, at.values(), strict=True)
        if not pending or (n in rules.looks and is_complete(contrast, seeds, n))
    }
    needed = _needed(tables.values(), ledger, note.base_id, rules_in_force(rules, before.told), before.told)
    judged = {label: (table._replace(verdict=table.pairs >= needed),) for label, table in tables.items()}
    return replace(
        note,
        looked=(count,),
        seen={label: (n,) for label, n in at.items()},
        judged=judged,
        shown=rules if any(table.verdict for (table,) in judged.values()) else None,
        told=(rules,),
    )


def record_table(
    ledger: Ledger, note: StudyNote, results: Sequence[TrialOutcome], *, pending: bool
) -> tuple[StudyNote, bool]:
    """Record the table of *results* that is about to be shown, and return the note, and whether the table counts.

    It does not where the ledger cannot be written to, or where a study with planned looks is between two of them. A
    table with *pending* trials shows verdicts at planned looks only.
    """
    planned = bool(note.rules.looks)
    if _is_of_earlier_version(note) or (pending and not planned):
        return note, True
    contrasts = contrasts_for(results, note.contrasts)
    found = with_table(note, ledger, results, contrasts, pending=pending or planned)
    if found is note:
        return note, True
    seeds, ids = seeds_of(results), ids_by_seed(results)
    left = {
        contrast.label: pairs_of(contrast, ids).at(replicates_of(contrast, seeds))
        for contrast in contrasts
        if contrast.label not in found.judged
    }
    counts = (
        not planned or pending or all(_was_shown(table, note.judged.get(label, ())) for label, table in left.items())
    )
    known = all(_is_known(table, note.judged.get(label, ())) for label, (table,) in found.judged.items())
    if known and note.rules in note.told:
        return note, counts
    try:
        ledger.show(found)
    except OSError:
        return note, planned and counts
    return ledger.note(note.base_id) or note, counts


def _is_known(table: JudgedTable, tables: Iterable[JudgedTable]) -> bool:
    """Whether *table* is among those recorded; one without a verdict need not be."""
    return not table.verdict or any(table[:3] == known[:3] and known.verdict for known in tables)


def _was_shown(table: JudgedTable, tables: Iterable[JudgedTable]) -> bool:
    """Whether *tables* have shown the pairs of *table*, as of a question that a later plan leaves out."""
    return any(table[:3] == known[:3] for known in tables)


def _is_of_earlier_version(note: StudyNote) -> bool:
    tables = [table for every in note.judged.values() for table in every]
    return bool(note.looked) and not note.told and all(table.planned is None for table in tables)


def _needed(tables: Iterable[JudgedTable], ledger: Ledger, base_id: str, rules: Rules, told: Sequence[Rules]) -> int:
    """Return how many pairs a verdict by *rules* needed in *tables*, fewer if its intervals were over test images."""
    needed = rules.needed_replicates
    if not any(rules.min_replicates <= table.pairs < needed for table in tables):
        return needed
    try:
        over_images = is_over_images(ledger, base_id, rules)
    except LedgerError:
        over_images = True
    return rules_in_force(rules, told, over_images=True).min_replicates if over_images else needed

"""What a ledger records about a study besides its trials: its questions and the rules of its verdicts."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ..contracts import ASKED_EARLIER, Contrast, CostInfo, JudgedTable, MetricInfo, Rules, TunedBase
from ..errors import LedgerError
from ..files import write_json
from .json_files import read_json

_FORMAT = 2


@dataclass(frozen=True)
class StudyNote:
    """What the runs of the study with base *base_id* asked for.

    *trials* are those of the latest run, *skipped* counts its unreadable images. *contrasts* are all that were ever
    asked; *refused* gives a reason for each asked contrast that changes nothing, *remarks* what the comparison before
    training found about others. *secondary* metrics are shown in addition to that of the *rules*; *metrics* and *costs*
    say how to read each if its plugin is no longer installed. *data* identifies the images by their content;
    *data_remarks* says what a reader must know about them and their split. *threads* is the number that torch computes
    with in every trial, *device* the kind of device; 0 and an empty text if not settled yet. *tuned*: how the base was
    tuned and its variants were not.

    The tables so far: *judged* is what each was about, for each contrast in it. *looked* are the numbers of replicates
    of the base in all tables, with verdicts or without; *unplanned* are those before the looks of the rules were
    planned. *seen* are, for each contrast, the numbers of its own replicates in these tables. *late* gives, for each
    contrast first asked after verdicts had been shown, the number of replicates of that table. *shown* are the rules of
    the first table with verdicts, *later* other ones of such tables since; *told* are the rules of all tables, with
    verdicts or without.
    """

    base_id: str
    trials: tuple[str, ...] = ()
    skipped: int = 0
    contrasts: tuple[Contrast, ...] = ()
    rules: Rules = field(default_factory=Rules)
    refused: Mapping[str, str] = field(default_factory=dict)
    looked: tuple[int, ...] = ()
    unplanned: tuple[int, ...] = ()
    secondary: tuple[str, ...] = ()
    remarks: Mapping[str, str] = field(default_factory=dict)
    metrics: tuple[MetricInfo, ...] = ()
    data: str = ""
    data_remarks: tuple[str, ...] = ()
    costs: tuple[CostInfo, ...] = ()
    threads: int = 0
    device: str = ""
    tuned: TunedBase | None = None
    late: Mapping[str, int] = field(default_factory=dict)
    seen: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    judged: Mapping[str, tuple[JudgedTable, ...]] = field(default_factory=dict)
    shown: Rules | None = None
    later: tuple[Rules, ...] = ()
    told: tuple[Rules, ...] = ()

    @property
    def tables(self) -> int:
        """The number of the latest table."""
        return max((table.number for every in self.judged.values() for table in every), default=0)

    @property
    def rules_shown(self) -> tuple[Rules, ...]:
        """The rules of the tables whose verdicts were shown, each once."""
        return () if self.shown is None else (self.shown, *self.later)


@dataclass(frozen=True)
class Notes:
    """The notes of a ledger: *studies* by their base, and the base of the *latest* run."""

    latest: str
    studies: Mapping[str, StudyNote]

    def with_note(self, note: StudyNote) -> Notes:
        """Return the notes with *note* as the latest; earlier questions are kept."""
        old = self.studies.get(note.base_id)
        if old is not None:
            asked = {contrast.label for contrast in note.contrasts}
            contrasts = _union([c for c in old.contrasts if c.label not in note.refused], note.contrasts)
            old, note = _with_labels(old, note, _new_labels(old.contrasts, contrasts))
            tables = _with_tables(old, note)
            note = replace(
                note,
                contrasts=contrasts,
                refused={**{label: why for label, why in old.refused.items() if label not in asked}, **note.refused},
                remarks={**old.remarks, **note.remarks},
                late={**_late(old, tables, note.contrasts), **old.late},
                looked=tables.looked,
                seen=tables.seen,
                judged=tables.judged,
                shown=tables.shown,
                later=tables.later,
                told=tables.told,
                unplanned=_unplanned(old, note),
                metrics=tuple({info.name: info for info in (*old.metrics, *note.metrics)}.values()),
                threads=note.threads or old.threads,
                device=note.device or old.device,
                tuned=note.tuned or old.tuned,
                costs=tuple({info.name: info for info in (*old.costs, *note.costs)}.values()),
            )
        return Notes(note.base_id, {**self.studies, note.base_id: note})

    def with_table(self, note: StudyNote) -> Notes:
        """Return the notes with the table that *note* has, and no other change."""
        old = self.studies.get(note.base_id)
        study = _with_tables(old, note) if old else note
        return Notes(self.latest or note.base_id, {**self.studies, note.base_id: study})


def _with_tables(old: StudyNote, note: StudyNote) -> StudyNote:
    """Return the *old* note with the tables of both."""
    return replace(
        old,
        looked=tuple(sorted({*old.looked, *note.looked})),
        seen=_united(old.seen, note.seen),
        judged=_judged(old, note.judged),
        shown=old.shown or note.shown,
        later=_later(old, note.shown),
        told=tuple(dict.fromkeys((*old.told, *note.told))),
    )


def _united(old: Mapping[str, tuple[Any, ...]], new: Mapping[str, tuple[Any, ...]]) -> dict[str, tuple[Any, ...]]:
    return {label: tuple(sorted({*old.get(label, ()), *new.get(label, ())})) for label in (*old, *new)}


def _judged(old: StudyNote, new: Mapping[str, tuple[JudgedTable, ...]]) -> dict[str, tuple[JudgedTable, ...]]:
    """Return the tables of both, in order; one that is shown again without a change stays what it was.

    Those that are new come after all others, also if another process has recorded a table in the meantime.
    """
    found = {}
    for label in dict.fromkeys((*old.judged, *new)):
        later = (_after(table, old.tables) for table in new.get(label, ()))
        known = {table[:3]: table for table in (*later, *old.judged.get(label, ()))}
        found[label] = tuple(sorted(known.values(), key=lambda table: (table.number, table.replicates)))
    return found


def _after(table: JudgedTable, tables: int) -> JudgedTable:
    return table._replace(number=max(table.number, tables + 1)) if table.number else table


def _later(old: StudyNote, shown: Rules | None) -> tuple[Rules, ...]:
    is_new = shown is not None and old.shown is not None and shown not in (old.shown, *old.later)
    return (*old.later, shown) if is_new and shown else old.later


def _unplanned(old: StudyNote, note: StudyNote) -> tuple[int, ...]:
    """Return the looks before the plan; the first note with a plan may name one more, at a table read since."""
    is_new = note.rules.looks and not old.rules.looks
    return tuple(sorted({*old.looked, *note.looked})) if is_new else old.unplanned


def _new_labels(old: Iterable[Contrast], now: Sequence[Contrast]) -> dict[str, str]:
    """Return the label *now* of each of the *old* questions whose label has gone to another one of the same name."""
    there = {contrast.label: contrast for contrast in now}
    found = {}
    for contrast in old:
        same = there.get(contrast.label)
        if same is not None and (_same_question(same, contrast) or _same_draws(same, contrast)):
            continue
        name = contrast.label.partition(ASKED_EARLIER)[0]
        for each in now:
            if each.label.partition(ASKED_EARLIER)[0] == name and _same_question(each, contrast):
                found[contrast.label] = each.label
    return found


def _with_labels(old: StudyNote, note: StudyNote, new: Mapping[str, str]) -> tuple[StudyNote, StudyNote]:
    """Return both notes with what each question has been through under its *new* label.

    The looks of *note* are those before its run, when the questions had the old labels.
    """
    if not new:
        return old, note

    def moved(entries: Mapping[str, Any]) -> dict[str, Any]:
        return {new.get(label, label): entry for label, entry in entries.items()}

    contrasts = tuple(replace(each, label=new.get(each.label, each.label)) for each in old.contrasts)
    return (
        replace(
            old,
            contrasts=contrasts,
            remarks=moved(old.remarks),
            late=moved(old.late),
            seen=moved(old.seen),
            judged=moved(old.judged),
        ),
        replace(note, seen=moved(note.seen), judged=moved(note.judged)),
    )


def _late(old: StudyNote, shown_by_now: StudyNote, contrasts: Iterable[Contrast]) -> dict[str, int]:
    """Return the *contrasts* that are asked only now, though the verdicts on others were shown.

    *shown_by_now*: the tables so far, with one that was read since the *old* note was written.
    """
    least = min(rules.needed_replicates for rules in (old.rules, *old.rules_shown))
    tables = [table for every in shown_by_now.judged.values() for table in every]
    looked = [table.replicates for table in tables if table.verdict] or (() if tables else old.looked)
    shown = max((n for n in looked if n >= least), default=0)
    known = {contrast.label for contrast in old.contrasts}
    return {contrast.label: shown for contrast in contrasts if shown and contrast.label not in known}


_NOTES: TypeAdapter[Notes] = TypeAdapter(Notes)


def read_notes(path: Path) -> Notes:
    """Read the notes at *path*, empty if there are none; a damaged file raises :class:`LedgerError`."""
    if not path.exists():
        return Notes("", {})
    content: Any = read_json(path)
    if not isinstance(content, dict) or content.pop("format", None) != _FORMAT:
        raise LedgerError(f"{path} is not a note of this version; remove it")
    try:
        return _NOTES.validate_python(content)
    except ValidationError:
        raise LedgerError(f"{path} is not a valid note; remove it") from None


def write_notes(path: Path, notes: Notes) -> None:
    """Write *notes* to *path*."""
    write_json(path, {"format": _FORMAT, **_NOTES.dump_python(notes, mode="json")})


def _union(old: Iterable[Contrast], new: Iterable[Contrast]) -> tuple[Contrast, ...]:
    """Return the questions of both, in the order in which they were first asked.

    Every question asked stays in the family: if a later question has the label of another, such as a main effect over
    other components, the earlier one is kept under a label that says so. Weights of single replicates are kept even if
    fewer replicates are asked for later.
    """
    found: dict[str, Contrast] = {}
    for contrast in (*old, *new):
        for label in [label for label in found if label.startswith(f"{contrast.label}{ASKED_EARLIER}")]:
            if _same_question(found[label], contrast):
                del found[label]
        known = found.get(contrast.label)
        if known is not None and _same_draws(known, contrast):
            contrast = replace(contrast, by_seed={**known.by_seed, **contrast.by_seed})
        elif known is not None and not _same_question(known, contrast):
            renamed = _free_label(contrast.label, found)
            found[renamed] = replace(known, label=renamed)
        found[contrast.label] = contrast
    return tuple(found.values())


def _free_label(label: str, taken: Container[str]) -> str:
    numbered = (f"{label}{ASKED_EARLIER}{f' ({number})' if number > 1 else ''}" for number in count(1))
    return next(each for each in numbered if each not in taken)


def _same_question(one: Contrast, other: Contrast) -> bool:
    return one.weights == other.weights and one.by_seed == other.by_seed


def _same_draws(one: Contrast, other: Contrast) -> bool:
    """Whether both have weights for single replicates, equal on those that they share."""
    shared = one.by_seed.keys() & other.by_seed.keys()
    return bool(shared) and all(one.by_seed[seed] == other.by_seed[seed] for seed in shared)

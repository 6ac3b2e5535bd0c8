"""Reads what ledgers of earlier versions call a variant or a question, ``-flip+light``, as ``-flip -light``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from ..contracts import Contrast, current_label
from .note import Notes, StudyNote, read_notes

Kept = TypeVar("Kept")


def read_current_notes(path: Path) -> Notes:
    """Return the notes at *path*, as :func:`~flowerablate.ledger.note.read_notes` does, with current labels."""
    notes = read_notes(path)
    return replace(notes, studies={base_id: _note(note) for base_id, note in notes.studies.items()})


def _note(note: StudyNote) -> StudyNote:
    return replace(
        note,
        contrasts=tuple(map(_contrast, note.contrasts)),
        refused=_keys({label: _reason(why) for label, why in note.refused.items()}),
        remarks=_keys(note.remarks),
        late=_keys(note.late),
        seen=_keys(note.seen),
        judged=_keys(note.judged),
    )


def _contrast(contrast: Contrast) -> Contrast:
    return replace(
        contrast,
        label=current_label(contrast.label),
        weights=_keys(contrast.weights),
        component=current_label(contrast.component),
        by_seed={seed: _keys(weights) for seed, weights in contrast.by_seed.items()},
        aliases=tuple(map(current_label, contrast.aliases)),
    )


def _reason(text: str) -> str:
    """Return why a question was refused, which may begin with the name of the component."""
    component, colon, why = text.partition(": ")
    return f"{current_label(component)}{colon}{why}" if colon and " " not in component else text


def _keys(old: Mapping[str, Kept]) -> dict[str, Kept]:
    return {current_label(label): value for label, value in old.items()}

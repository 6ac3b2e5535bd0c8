"""What else a change moved beside its component."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..contracts import TrialResult

if TYPE_CHECKING:
    from .summary import Summary


def confound_notes(summary: Summary, results: Sequence[TrialResult]) -> Iterator[str]:
    """Return what differs between the arms beside the component."""
    yield from ()

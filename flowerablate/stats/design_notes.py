"""What the design itself has to say under the table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .summary import Summary


def design_notes(summary: Summary) -> Iterator[str]:
    """Return what a reader must know of the design of *summary*."""
    yield from ()

"""``flowerablate report --format html``: the page of a study, with its pictures where the data can be found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..ledger import Ledger, StudyNote
    from ..report import Column
    from ..stats import Summary
    from ..wiring.assemble import Assembler


def page(
    ledger: Ledger,
    note: StudyNote,
    summary: Summary,
    title: str,
    assembler: Assembler,
    columns: Sequence[Column] = (),
    *,
    pictures: bool = True,
) -> str:
    """Return the page of the study that *note* is of, *title* above it, with *pictures* of its data if wanted."""
    from ..reading.study_document import collect
    from ..report.html.page import to_html

    return to_html(collect(ledger, note, summary, title, assembler if pictures else None), columns)

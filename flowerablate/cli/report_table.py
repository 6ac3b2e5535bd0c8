"""The table of a study, from its ledger to the terminal or a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console

from ..errors import LedgerError, StudyError
from .environment import note_of
from .report_page import page

if TYPE_CHECKING:
    from ..contracts import Population
    from ..ledger import Ledger, StudyNote
    from ..stats import Summary
    from ..wiring.assemble import Assembler


def print_report(
    ledger: Ledger,
    base_id: str | None,
    format: str,
    console: Console,
    assembler: Assembler,
    metric: str | None = None,
    out: Path | None = None,
    columns: str | None = None,
    population: Population | None = None,
    *,
    pictures: bool = True,
) -> None:
    """Print the comparison of all variants that the ledger holds for *base_id*, or for the base of the latest run.

    A *metric* that the trials do not have yet is taken of their predictions; *assembler* builds it, and the *columns*.
    *population* takes the place of the one that the study's rules name. *pictures*: whether a page shows some.
    """
    from ..report import SecondaryColumn, render, show
    from ..wiring.chosen_columns import choose_columns

    if columns is not None and format in ("csv", "json"):
        raise StudyError(f"{format} holds every figure; leave out --columns")
    chosen = choose_columns(columns, assembler, note_of(ledger, base_id).costs) if columns is not None else ()
    beside = [column.metric for column in chosen if isinstance(column, SecondaryColumn) and column.metric]
    note, summary = read_summary(ledger, base_id, assembler, metric, population, beside)
    title = ledger.root.absolute().name
    if format == "html":
        text = page(ledger, note, summary, title, assembler, chosen, pictures=pictures)
    elif format == "rich" and out is None:
        show(summary, console, title=title, columns=chosen)
        return
    else:
        text = render(summary, format, title=title, columns=chosen)
    put(text, out)


def read_summary(
    ledger: Ledger,
    base_id: str | None,
    assembler: Assembler,
    metric: str | None = None,
    population: Population | None = None,
    beside: Sequence[str] = (),
) -> tuple[StudyNote, Summary]:
    """Return what the ledger notes of the study with that base, or of the latest, and what its trials say.

    Metrics *beside* those of the study are shown as its secondary ones are.
    """
    from ..reading.image_evidence import image_evidence
    from ..reading.kept_metrics import reading, undefined, with_metrics
    from ..stats import summarise
    from ..stats.confounds import refusal_notes
    from ..stats.wording import count
    from ..wiring.measured_costs import cost_infos

    note = note_of(ledger, base_id)
    results = ledger.results(note.base_id)
    if not results:
        if base_id is None:
            raise LedgerError(f"no trial of {ledger.root} is finished yet; 'flowerablate run' goes on with them")
        known = ", ".join(ledger.base_ids()) or "none"
        raise LedgerError(f"{ledger.root} has no finished trials of base {base_id}; bases in it: {known}")
    read = reading(note, metric, assembler, beside)
    results = with_metrics(results, ledger, note.base_id, read.metrics)
    rules = replace(note.rules, population=population or note.rules.population)
    summary = summarise(
        results,
        note.contrasts,
        rules=rules,
        metric=read.primary,
        metrics=read.infos,
        secondary=read.secondary,
        looked=note.unplanned if note.rules.looks else note.looked,
        pending=ledger.unfinished(note),
        costs=cost_infos(assembler, note.costs),
        images=image_evidence(ledger, note.base_id, rules, read.metrics.names, read.metrics.built),
    )
    more = (*refusal_notes(note.refused, note.remarks), *undefined(results, read.infos))
    data = (f"{remark}." for remark in note.data_remarks)
    summary = replace(summary, notes=(*summary.notes, *more, *data))
    if note.skipped:
        left_out = f"{count(note.skipped, 'unreadable image')} left out of the data."
        summary = replace(summary, notes=(*summary.notes, left_out))
    return note, summary


def put(text: str, out: Path | None) -> None:
    """Write *text* to the file *out*, which is said on standard error, or to the standard output."""
    if out is None:
        typer.echo(text, nl=False)
    else:
        from ..files import replacing

        with replacing(out) as file:
            file.write(text.encode())
        typer.echo(f"wrote {out}", err=True)

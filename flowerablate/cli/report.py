"""``flowerablate report``: print the table of a study again, from its ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer
from rich.console import Console

from ..contracts import Population
from ..errors import LedgerError, StudyError, nearest
from . import report_page

if TYPE_CHECKING:
    from ..execute.assemble import Assembler
    from ..ledger import Ledger, StudyNote
    from ..stats import Summary


def report(
    study: Annotated[
        str | None, typer.Argument(help="Name of the study, or its ledger folder. Without it: the latest one.")
    ] = None,
    format: Annotated[
        str | None,
        typer.Option("--format", help="rich, md, latex, csv, json, svg or html. Without it: as --out ends, else rich."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write to this file instead of the terminal.")
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(metavar="X,Y", help="The columns of the table, left to right: see 'flowerablate list column'."),
    ] = None,
    compare: Annotated[
        str | None, typer.Option(metavar="OTHER", help="Set beside it another study, by name or by ledger folder.")
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(
            help="The metric to compare, any that is installed, or loss. Without it: the study's primary one."
        ),
    ] = None,
    population: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="What intervals speak of: replicates (these test images), images (others like them), or auto. "
            "Without it: what the study says.",
        ),
    ] = None,
    base: Annotated[
        str | None, typer.Option(metavar="ID", help="Id of the base pipeline, where the ledger holds several.")
    ] = None,
    runs: Annotated[Path, typer.Option(help="The folder in which ledgers are kept.")] = Path("runs"),
    images: Annotated[
        bool, typer.Option("--images", help="Instead of the table: the test images that each component wins and loses.")
    ] = False,
    of: Annotated[
        str | None, typer.Option(metavar="ROW", help="With --images: this row of the table only, such as -flip.")
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="With --images: so many won and lost images of each row.")] = 10,
    sheet: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="With --images: draw them on a contact sheet.")
    ] = None,
) -> None:
    """Print the ablation table of a study that has been run, wholly or in part.

    \b
    Examples:
      flowerablate report
      flowerablate report flowers --out flowers.tex
      flowerablate report flowers --columns variant,effect,forest,p,mde,verdict
      flowerablate report flowers --compare flowers-noisy
      flowerablate report --metric calibration_error,bins=10
      flowerablate report --population images
      flowerablate report --format html --out report.html
      flowerablate report --images --of -morphology --sheet morphology.png
    """
    from ..ledger import Ledger
    from ..report import FORMATS, format_of

    if format is not None and format not in (*FORMATS, "html"):
        raise StudyError(f"no report format is called {format!r}; {nearest(format, (*FORMATS, 'html'))}")
    ledger = Ledger(_find(study, runs))
    if images:
        from .report_images import print_images

        _refuse(
            "--images",
            {"--columns": columns, "--compare": compare, "--out": out, "--metric": metric, "--population": population},
        )
        note = _note(ledger, base)
        print_images(ledger, note, format or "rich", Console(), _assembler(), of=of, top=top, sheet=sheet)
        return
    _refuse("a table", {"--of": of, "--sheet": sheet})
    chosen = format or (format_of(out) if out else "rich")
    if compare is not None:
        from .report_compare import print_comparison

        _refuse("--compare", {"--columns": columns, "--base": base, "--population": population})
        print_comparison(ledger, Ledger(_find(compare, runs)), chosen, Console(), _assembler(), metric, out)
        return
    wanted = None if population is None else _population(population)
    print_report(ledger, base, chosen, Console(), _assembler(), metric, out, columns, wanted)


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
) -> None:
    """Print the comparison of all variants that the ledger holds for *base_id*, or for the base of the latest run.

    A *metric* that the trials do not have yet is taken of their predictions; *assembler* builds it, and the *columns*.
    *population* takes the place of the one that the study's rules name.
    """
    from ..report import render, show
    from .columns import choose_columns

    if columns is not None and format in ("csv", "json"):
        raise StudyError(f"{format} holds every figure; leave out --columns")
    chosen = choose_columns(columns, assembler) if columns is not None else ()
    note, summary = read_summary(ledger, base_id, assembler, metric, population)
    title = ledger.root.absolute().name
    if format == "html":
        text = report_page.page(ledger, note, summary, title, assembler, chosen)
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
) -> tuple[StudyNote, Summary]:
    """Return what the ledger notes of the study with that base, or of the latest, and what its trials say."""
    from ..execute.images import image_evidence
    from ..execute.metrics import reading, undefined, with_metrics
    from ..stats import summarise
    from ..stats.confounds import refusal_notes
    from ..stats.wording import count

    note = _note(ledger, base_id)
    results = ledger.results(note.base_id)
    if not results:
        if base_id is None:
            raise LedgerError(f"no trial of {ledger.root} is finished yet; 'flowerablate run' goes on with them")
        known = ", ".join(ledger.base_ids()) or "none"
        raise LedgerError(f"{ledger.root} has no finished trials of base {base_id}; bases in it: {known}")
    read = reading(note, metric, assembler)
    results = with_metrics(results, ledger, note.base_id, read.metrics)
    rules = replace(note.rules, population=population or note.rules.population)
    summary = summarise(
        results,
        note.contrasts,
        rules=rules,
        metric=read.primary,
        metrics=read.infos,
        secondary=read.secondary,
        looked=note.looked,
        pending=ledger.unfinished(note),
        images=image_evidence(ledger, note.base_id, rules, read.metrics.names, read.metrics.built),
    )
    more = (*refusal_notes(note.refused, note.remarks), *undefined(results, read.infos))
    summary = replace(summary, notes=(*summary.notes, *more))
    if note.skipped:
        left_out = f"{count(note.skipped, 'unreadable image')} left out of the data."
        summary = replace(summary, notes=(*summary.notes, left_out))
    return note, summary


def put(text: str, out: Path | None) -> None:
    """Write *text* to the file *out*, or to the standard output."""
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")


def _population(text: str) -> Population:
    if text not in get_args(Population):
        raise StudyError(f"no population is called {text!r}; {nearest(text, get_args(Population))}")
    return cast(Population, text)


def _refuse(beside: str, options: Mapping[str, object]) -> None:
    given = [name for name, value in options.items() if value is not None]
    if given:
        raise StudyError(f"{given[0]} does not go with {beside}; leave out one of them")


def _note(ledger: Ledger, base_id: str | None) -> StudyNote:
    note = ledger.note(base_id)
    if note is None:
        raise LedgerError(f"{ledger.root} has no trials yet; 'flowerablate run' makes some")
    return note


def _assembler() -> Assembler:
    """Return an assembler with the plugins that are installed, and with that of the current folder."""
    from ..discovery import discover
    from .listing import warn
    from .run import make_assembler

    catalogue = discover(Path().absolute(), strict=False)
    warn(catalogue)
    return make_assembler(catalogue.registry, Path().absolute())


def _find(study: str | None, runs: Path) -> Path:
    ledgers = {path.parent.name: path.parent for path in sorted(runs.glob("*/trials"))}
    if study is None:
        if not ledgers:
            raise LedgerError(f"no study has been run yet in {runs}; 'flowerablate run' makes one")
        return max(ledgers.values(), key=lambda folder: max(path.stat().st_mtime for path in folder.iterdir()))
    if study in ledgers:
        return ledgers[study]
    if (Path(study) / "trials").is_dir():
        return Path(study)
    raise LedgerError(f"no study {study!r} in {runs}; {nearest(Path(study).stem, ledgers)}")

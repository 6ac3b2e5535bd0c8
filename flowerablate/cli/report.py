"""``flowerablate report``: print the table of a study again, from its ledger."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from ..errors import LedgerError, StudyError, nearest

if TYPE_CHECKING:
    from ..ledger import Ledger


def report(
    study: Annotated[
        str | None, typer.Argument(help="Name of the study, or its ledger folder. Without it: the latest one.")
    ] = None,
    format: Annotated[str, typer.Option("--format", help="rich, md, csv, json or svg.")] = "rich",
    metric: Annotated[str, typer.Option(help="The metric to compare.")] = "accuracy",
    base: Annotated[
        str | None, typer.Option(metavar="ID", help="Id of the base pipeline, where the ledger holds several.")
    ] = None,
    runs: Annotated[Path, typer.Option(help="The folder in which ledgers are kept.")] = Path("runs"),
) -> None:
    """Print the ablation table of a study that has been run, wholly or in part.

    \b
    Examples:
      flowerablate report
      flowerablate report flowers --format csv > flowers.csv
      flowerablate report --metric loss
    """
    from ..ledger import Ledger
    from ..report import FORMATS

    if format not in FORMATS:
        raise StudyError(f"no report format is called {format!r}; {nearest(format, FORMATS)}")
    ledger = Ledger(_find(study, runs))
    base_id = base or ledger.latest_base_id()
    if base_id is None:
        raise LedgerError(f"{ledger.root} has no trials yet; 'flowerablate run' makes some")
    print_report(ledger, base_id, format, Console(), metric)


def print_report(ledger: Ledger, base_id: str, format: str, console: Console, metric: str = "accuracy") -> None:
    """Print the comparison of all variants that the ledger holds for *base_id*."""
    from ..report import render, show
    from ..stats import summarise

    results = ledger.results(base_id)
    pending = ledger.unfinished(base_id)
    if not results:
        known = ", ".join(ledger.base_ids()) or "none"
        raise LedgerError(f"{ledger.root} has no finished trials of base {base_id}; bases in it: {known}")
    summary = summarise(results, metric=metric, pending=pending)
    title = ledger.root.absolute().name
    if format == "rich":
        show(summary, console, title=title)
    else:
        typer.echo(render(summary, format, title=title), nl=False)


def _find(study: str | None, runs: Path) -> Path:
    ledgers = {path.parent.name: path.parent for path in sorted(runs.glob("*/trials"))}
    if study is None:
        if not ledgers:
            raise LedgerError(f"no study has been run yet in {runs}; 'flowerablate run' makes one")
        return max(ledgers.values(), key=lambda folder: (folder / "trials").stat().st_mtime)
    if study in ledgers:
        return ledgers[study]
    if (Path(study) / "trials").is_dir():
        return Path(study)
    raise LedgerError(f"no study {study!r} in {runs}; {nearest(Path(study).stem, ledgers)}")

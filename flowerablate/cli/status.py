"""``flowerablate status``: how far a run is, from another terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from ..durations import in_units
from ..files import finite
from ..visible import printable
from .echo import echo
from .environment import LedgerChoice
from .listing import Format

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ..reading.run_status import RunningTrial, RunStatus


def status(
    study: LedgerChoice,
    form: Annotated[
        Format, typer.Option("--format", help="A summary for people, or JSON for programs.")
    ] = Format.table,
) -> None:
    """Show how far the latest run of a study is: trials done, running, failed and left, and the time left.

    Everything is read from the ledger, so any terminal, and any machine that sees the folder, can ask at any time.

    \b
    Examples:
      flowerablate status
      flowerablate status flowers --format json
      watch flowerablate status flowers
    """
    from ..reading.find_study import note_of
    from ..reading.run_status import run_status

    ledger = study.open()
    found = run_status(ledger, note_of(ledger, study.base))
    if form is Format.json:
        echo(json.dumps(finite({**asdict(found), "left": found.left}), indent=2))
        return
    from ..console import Console

    console = Console()
    for part in _parts(found):
        console.print(part, highlight=False, soft_wrap=isinstance(part, str))


def _parts(found: RunStatus) -> Iterator[RenderableType]:
    from rich.markup import escape
    from rich.table import Table

    counts = [f"{found.done} of {found.trials} trials done"]
    counts += [
        f"{number} {word}"
        for number, word in ((len(found.running), "running"), (len(found.failed), "failed"), (found.left, "left"))
        if number
    ]
    if found.seconds_left:
        counts.append(f"about {in_units(found.seconds_left)} to go")
    yield f"{escape(printable(found.study))}, latest run: {', '.join(counts)}"
    if found.running:
        table = Table(box=None, pad_edge=False)
        for head in ["running", "seed", "epoch", "step", "loss", "since", "where"]:
            table.add_column(head, overflow="fold", justify="left" if head in ("running", "where") else "right")
        for trial in found.running:
            table.add_row(*(escape(printable(cell)) for cell in _cells(trial)))
        yield table
    for failure in found.failed:
        what = f"{printable(failure.label)} seed {failure.seed}: {printable(failure.reason)}"
        yield f"[red]failed[/red] {escape(what)}"


def _cells(trial: RunningTrial) -> tuple[str, ...]:
    epoch = str(trial.epoch) if trial.epochs is None else f"{trial.epoch}/{trial.epochs}"
    loss = "" if trial.loss is None else f"{trial.loss:.3f}"
    step = f"{trial.step}/{trial.steps}" if trial.steps else ""
    where = f"{trial.host}, process {trial.pid}"
    return trial.variant, str(trial.seed), epoch, step, loss, in_units(trial.seconds), where

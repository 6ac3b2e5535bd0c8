"""``flowerablate sanity``: a ladder of checks to climb before any ablation."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from ..console import Console
from ..contracts import ExecutorSpec
from ..errors import StudyError
from ..stats.wording import count
from ..visible import printable
from .echo import echo
from .environment import StudyChoice
from .listing import Format, print_indented

if TYPE_CHECKING:
    from rich.text import Text

    from ..sanity import Rung

_LADDER = "ladder.json"
_SIGNS = {"passed": ("✓", "green"), "failed": ("✗", "red"), "skipped": ("–", "dim")}


def complete_rungs(incomplete: str) -> list[str]:
    """Complete the name of a rung."""
    from ..sanity import RUNGS

    return [name for name in RUNGS if name.startswith(incomplete)]


def sanity(
    study: StudyChoice,
    subset: Annotated[
        str,
        typer.Option(
            metavar="N|P%", help="Training images of the small runs: a number for each class, or a percentage."
        ),
    ] = "100",
    seed: Annotated[int, typer.Option(min=0, max=2**64 - 1, help="The replicate whose split is used.")] = 0,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="RUNG", help="Run only this rung; may be repeated.", autocompletion=complete_rungs),
    ] = None,
    skip: Annotated[
        list[str] | None,
        typer.Option(metavar="RUNG", help="Leave out this rung; may be repeated.", autocompletion=complete_rungs),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Folder for the output. Without it: sanity/STUDY.")
    ] = None,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="As for 'run': leave out unreadable images.")] = False,
    executor: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="How the rungs run: processes, so that a crash costs one rung, or inline, for a debugger.",
        ),
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="Text for people, or JSON for programs.")] = Format.table,
) -> None:
    """Run the checks that should come before any ablation, rung by rung.

    The rungs: data, batch, initial-loss, overfit, labels, subset, lr-range, inputs, reproducible. Each reports
    its observations, whether it passed, and what to do if not. The exit code is 1 if one failed.

    \b
    Examples:
      flowerablate sanity
      flowerablate sanity study.toml --data photographs --subset 10%
      flowerablate sanity --only lr-range --set optimizer.lr=0.03
      flowerablate sanity --skip labels --format json
    """
    from ..train.threads import wait_politely

    wait_politely()  # before torch is imported by what follows

    from ..api.progress import Display
    from ..execute.execution import INLINE, LOCAL
    from ..execute.workplace import Workplace
    from ..files import write_json
    from ..sanity import chosen, climb, set_up
    from ..sanity.ladder_job import climb_apart, device_of
    from ..sanity.subset import plan_of
    from ..study.resolve import resolve
    from ..train.device import prepare_process

    console, messages = Console(), Console(stderr=True)
    plan_of(subset)  # refused before anything is read
    names = chosen(only or (), skip or ())
    asked = study.open().ask(executor=executor)
    wanted = asked.file
    where = out or Path("sanity") / wanted.name
    use = wanted.table(ExecutorSpec).use
    if executor and use not in (INLINE, LOCAL):
        raise StudyError(f"--executor {executor}: the rungs run on this machine; choose {LOCAL} or {INLINE}")
    assembler = asked.assembler()
    rungs: list[Rung] = []

    def finished(rung: Rung) -> None:
        rungs.append(rung)
        if form is Format.table:
            with display.aside():
                _print(rung, console)

    display = Display(messages)
    try:
        with display:
            assembler.progress = display.preparing
            pipeline = resolve(wanted, assembler.lookup)
            data = assembler.load_data(pipeline, skip_bad=skip_bad)
            if use == INLINE:
                prepare_process(threads=wanted.execution.threads)
                device = device_of(wanted)
                bench = set_up(pipeline, assembler, data, seed=seed, subset=subset, out=where, device=device)
                for rung in climb(bench, names):
                    finished(rung)
            else:
                place = Workplace(assembler, data)
                climb_apart(pipeline, place, wanted, names, finished, seed=seed, subset=subset, out=where)
    except KeyboardInterrupt:
        messages.print(f"interrupted after {count(len(rungs), 'rung')}", highlight=False)
        raise typer.Exit(130) from None
    document = {"study": wanted.name, "folder": str(where), "rungs": _records(rungs)}
    write_json(where / _LADDER, document)
    if form is Format.json:
        echo(json.dumps(document, indent=2))
    else:
        _sum_up(rungs, console)
    if any(rung.status == "failed" for rung in rungs):
        raise typer.Exit(1)


def _print(rung: Rung, console: Console) -> None:
    from rich.text import Text

    from ..sanity.ladder import NOT_ASKED_FOR

    sign, style = _SIGNS[rung.status]
    if rung.seen == NOT_ASKED_FOR:
        return
    if rung.status == "skipped":
        console.print(Text(printable(f"{sign} {rung.name}: skipped, {rung.seen[0]}"), style))
        return
    console.print(Text.assemble((sign, style), " ", (rung.name, "bold"), (f"  {rung.seconds:.1f} s", "dim")))
    for line in _lines(rung):
        print_indented(line, 4, console)


def _lines(rung: Rung) -> Iterable[Text]:
    from rich.text import Text

    for line in rung.seen:
        yield Text(printable(line))
    if rung.status == "failed":
        yield Text(f"-> {printable(rung.do)}", "yellow")


def _sum_up(rungs: Sequence[Rung], console: Console) -> None:
    numbers = {status: sum(rung.status == status for rung in rungs) for status in _SIGNS}
    words = ", ".join(f"{number} {status}" for status, number in numbers.items() if number)
    seconds = sum(rung.seconds for rung in rungs)
    console.print(f"{words}, in {seconds:.0f} s", highlight=False)
    first = next((rung for rung in rungs if rung.status == "failed"), None)
    if first is not None:
        console.print(
            f"fix [bold]{escape(printable(first.name))}[/bold] first; later failures may follow from it",
            highlight=False,
        )


def _records(rungs: Iterable[Rung]) -> list[dict[str, Any]]:
    records = [asdict(rung) for rung in rungs]
    for record in records:
        values = record["values"]
        record["values"] = {name: value if math.isfinite(value) else None for name, value in values.items()}
    return records

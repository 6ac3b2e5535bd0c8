"""``flowerablate tune``: search the settings that are best on validation, and write them as a study."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from ..api.options import ExecutionOptions, Unpack
from ..console import Console
from ..errors import StudyError, nearest
from ..stats.wording import count
from ..tuning.extra import PRUNERS, optuna
from ..visible import printable
from .completion import complete_metrics, complete_settings
from .environment import RUNS, RunsOption, StudyChoice
from .listing import show
from .tune_display import brief

if TYPE_CHECKING:
    from ..tuning.storage import Trials, TuningTrial
    from ..tuning.tuning_plan import TuningPlan
    from ..wiring.assemble import Assembler

_SEARCH = "Search"


def complete_pruners(incomplete: str) -> list[str]:
    """Complete the name of a pruner."""
    return [name for name in PRUNERS if name.startswith(incomplete)]


def tune(
    study: StudyChoice,
    search: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY[=SPACE]",
            help="Search this setting: KEY, KEY=low:high, KEY=a,b,c, a whole PLACE, or PLACE=component,component.",
            rich_help_panel=_SEARCH,
            autocompletion=complete_settings,
        ),
    ] = None,
    trials: Annotated[
        int, typer.Option(min=1, help="Trials in total, including those of earlier sessions.", rich_help_panel=_SEARCH)
    ] = 30,
    seeds: Annotated[
        int,
        typer.Option(
            min=1, max=100, help="Training runs of each trial, each on a different split.", rich_help_panel=_SEARCH
        ),
    ] = 2,
    prune: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="The pruner, which ends poor trials early: median, hyperband or none.",
            rich_help_panel=_SEARCH,
            autocompletion=complete_pruners,
        ),
    ] = "median",
    metric: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The validation metric by which trials are judged. Without it: the study's primary one.",
            rich_help_panel=_SEARCH,
            autocompletion=complete_metrics,
        ),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Start no trial that is not expected to end within this time, such as 2h, 90m, 1h30m or 45s.",
            rich_help_panel=_SEARCH,
        ),
    ] = None,
    name: Annotated[
        str, typer.Option(metavar="NAME", help="The name of the tuning, a folder next to the trials of the study.")
    ] = "tune",
    storage: Annotated[
        str | None, typer.Option(metavar="URL", help="Optuna's storage. Without it: a SQLite file in that folder.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The study file to write. Without it: best.toml next to the study."),
    ] = None,
    runs: RunsOption = RUNS,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave out unreadable images, and count them.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what is searched; nothing is trained.")] = False,
    **execution: Unpack[ExecutionOptions],
) -> None:
    """Search for the settings that are best on validation, and write them as a study.

    Every trial trains on the same few splits, from the same initial weights. Without --search: the
    optimizer's learning rate and weight decay. If interrupted, continue with the same command.

    \b
    Examples:
      flowerablate tune --dry-run
      flowerablate tune --search optimizer.lr --search model.width=16,32
      flowerablate tune flowers.toml --search optimizer.lr=0.01:0.3 --trials 40
      flowerablate tune --search optimizer=nesterov,adamw --search optimizer.lr
      flowerablate tune --search model --prune hyperband --budget 2h --jobs 2
    """
    from ..train.threads import wait_politely

    wait_politely()  # before the following imports load torch

    from ..durations import seconds_of
    from ..study.read import study_name
    from ..tuning.tuning_plan import is_ours, plan_tuning

    optuna()
    seconds = seconds_of(budget) if budget else None
    if prune not in PRUNERS:
        raise StudyError(f"--prune: unknown pruner {prune!r}; {nearest(prune, PRUNERS)}")
    if study_name(name) != name or name == "trials":
        raise StudyError(f"--name {name!r} is not valid; use letters, digits and '-', and not 'trials'")
    console, messages = Console(), Console(stderr=True)
    asked = study.open()
    target = out or (study.study.parent if study.study else Path()) / "best.toml"
    if not is_ours(target):
        raise StudyError(f"{target} exists and was not written by tune; choose another file with --out")
    if target.suffix != ".toml":
        raise StudyError(f"--out {target}: a study file must end in .toml")
    asked = asked.ask(metric=metric, **execution)
    wanted, assembler = asked.file, asked.assembler()
    plan = plan_tuning(wanted, tuple(search or ()), seeds, prune, assembler, skip_bad=skip_bad)
    _show_space(plan, console)
    if dry_run:
        return

    from ..execute.budget import Budget
    from ..tuning.storage import Trials
    from ..tuning.tuner import tune as run_trials
    from ..tuning.tuner import tuning_execution
    from .tune_display import TuneDisplay

    folder = runs / wanted.name / name
    url = storage or f"sqlite:///{folder.absolute() / 'tune.db'}"
    kept = Trials(plan, assembler, folder, url)
    how = tuning_execution(wanted, assembler, kept)
    try:
        with TuneDisplay(messages, plan.metric, trials) as display:
            assembler.progress = display.preparing
            display.begin(kept.rows(), kept.best())
            ended = run_trials(kept, assembler, display, trials, Budget(seconds) if seconds else None, how)
    except KeyboardInterrupt:
        begun = [row for row in kept.rows() if row.state != "running"]
        messages.print(
            f"interrupted: {len(begun)} of {trials} trials have ended; continue with the same command",
            highlight=False,
            soft_wrap=True,
        )
        raise typer.Exit(130) from None
    if not ended:
        messages.print("the time of --budget is over; continue with the same command", highlight=False)
    _finish(kept, assembler, target, console)


def _show_space(plan: TuningPlan, console: Console) -> None:
    from rich.table import Table

    from ..study.designs.naming import show_value

    table = Table(box=None, pad_edge=False)
    for head in ("searched", "space", "base"):
        table.add_column(head, overflow="fold")
    for dimension in plan.space.dimensions:
        value = plan.space.at(plan.base, dimension)
        at_base = "" if value is None else show_value(value)
        table.add_row(escape(dimension.name), escape(dimension.text), escape(at_base))
    show([table])
    splits = f"{count(len(plan.seeds), 'split')} reserved for tuning (seeds from {plan.seeds[0]})"
    console.print(f"by {escape(printable(plan.metric.name))} on validation, mean of {splits}", highlight=False)
    if plan.space.left_out:
        console.print(
            f"left out because they declare no range: {escape(printable(', '.join(plan.space.left_out)))}",
            highlight=False,
        )
    if plan.space.point_of(plan.base) is None:
        console.print("the base is outside this space and is not tried", highlight=False)
    console.print()


def _finish(trials: Trials, assembler: Assembler, target: Path, console: Console) -> None:
    """Print the results, write the best trial as a study, and the figures next to the trials."""
    from ..files import replacing
    from ..report.figures.tuning import TrialPoint, write_history, write_importance

    best = trials.best()
    rows = trials.rows()
    if best is None:
        console.print("no trial has finished yet, so there is no best one to write", highlight=False)
        return
    plan = trials.plan
    _print_best(rows, plan, console)
    importance = trials.importance()
    _print_importance(importance, console)
    points = [TrialPoint(row.number, row.value, row.seed_values) for row in rows if row.state != "running"]
    for suffix in ("png", "svg"):
        history = trials.folder / f"history.{suffix}"
        write_history(points, plan.metric.name, history, lower_is_better=plan.metric.lower_is_better)
        if importance:
            write_importance(importance, trials.folder / f"importance.{suffix}")
    reached = "" if best.value is None else plan.metric.shown(best.value, 2)
    remark = f"trial {best.number} of {len(rows)}, {plan.metric.name} {reached} on validation"
    with replacing(target) as file:
        file.write(plan.study_file(best.values, len(rows), remark, assembler).encode())
    drawn = "history and importance" if importance else "history"
    where = f"wrote {target}; {drawn}: {trials.folder}"
    console.print(escape(printable(where)), highlight=False, soft_wrap=True)
    console.print(
        "The validation metric of the best of many trials is biased upwards. Report the metric on the test split of "
        "replicates that tuning has not used:",
        highlight=False,
    )
    console.print(f"  flowerablate run {escape(printable(shlex.quote(str(target))))}", highlight=False, soft_wrap=True)


def _print_best(rows: list[TuningTrial], plan: TuningPlan, console: Console, max_shown: int = 10) -> None:
    from rich.table import Table

    sign = 1 if plan.metric.lower_is_better else -1
    values = {row.number: row.value for row in rows if row.value is not None}
    done = sorted(
        (row for row in rows if row.number in values), key=lambda row: (sign * values[row.number], row.number)
    )
    base = plan.space.point_of(plan.base)
    several = len(plan.seeds) > 1
    table = Table(box=None, pad_edge=False)
    table.add_column("trial", justify="right")
    table.add_column(escape(printable(plan.metric.name)), justify="right")
    if several:
        table.add_column("sd", justify="right")
    table.add_column("settings", overflow="fold")
    first = next((row for row in done if base is not None and row.number == 0), None)
    shown = done[:max_shown] + ([first] if first is not None and first not in done[:max_shown] else [])
    for row in shown:
        settings = "  ".join(f"{key}={brief(value)}" for key, value in row.values.items())
        std = "" if row.std is None else plan.metric.shown(row.std, 2)
        cells = [str(row.number), plan.metric.shown(values[row.number], 2), *([std] if several else [])]
        table.add_row(*cells, escape(settings) + (" (base)" if row is first else ""))
    show([table])
    states: list[str] = [row.state for row in rows]
    counts = [f"{states.count(state)} {word}" for state, word in _STATES if states.count(state)]
    console.print(f"{count(len(rows), 'trial')}: {', '.join(counts)}", highlight=False)
    failed = next((row for row in rows if row.state == "failed"), None)
    if failed is not None:
        console.print(f"trial {failed.number} failed: {escape(printable(failed.failure))}", highlight=False)
    console.print()


_STATES = (("complete", "complete"), ("pruned", "pruned"), ("failed", "failed"), ("running", "under way"))


def _print_importance(importance: dict[str, float], console: Console) -> None:
    from rich.table import Table

    if not importance:
        console.print("importance of the settings: needs ten complete trials that differ", highlight=False)
        console.print()
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("setting", overflow="fold")
    table.add_column("importance, %", justify="right")
    for name, fraction in importance.items():
        table.add_row(escape(name), f"{100 * fraction:.0f}")
    show([table])
    console.print()

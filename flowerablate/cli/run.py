"""``flowerablate run``: train what is missing, then print the ablation table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from ..errors import FlowerablateError, StudyError
from ..stats.wording import count, several
from . import run_options as options
from .environment import make_assembler, open_registry, open_study
from .report_table import print_report

if TYPE_CHECKING:
    from ..contracts import Contrast
    from ..execute.plan import Plan
    from ..execute.runner import Outcome
    from ..ledger import Ledger


def run(
    study: Annotated[
        Path | None,
        typer.Argument(
            metavar="STUDY", help="The study file. Without one: study.toml if it is here, else the default study."
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH", help="A folder of pictures, one subfolder per class; or what another data set reads."
        ),
    ] = None,
    seeds: options.Seeds = None,
    subset: options.Subset = None,
    disable: options.Disable = None,
    swap: options.Swap = None,
    vary: options.Vary = None,
    design: options.DesignNames = None,
    retune: options.Retune = None,
    placebo: options.Placebo = False,
    luck: options.Luck = False,
    until_decided: options.UntilDecided = None,
    max_seeds: options.MaxSeeds = None,
    budget: options.Budget = None,
    metric: options.Metric = None,
    margin: options.Margin = None,
    population: options.Population = None,
    tracker: options.Trackers = None,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override any key of the study.")
    ] = None,
    runs: Annotated[Path, typer.Option(metavar="FOLDER", help="The folder in which ledgers are kept.")] = Path("runs"),
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Go on without unreadable images, and count them.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the trials; nothing is decoded or trained.")] = False,
) -> None:
    """Run an ablation study and print its table.

    Without --disable, --swap or --vary (here or in the study) each removable step and each feature is left out in turn.
    What is in the ledger already is not run again: interrupt it, go on later, add seeds, components or questions.

    \b
    Examples:
      flowerablate run --disable morphology
      flowerablate run flowers.toml --data photographs --seeds 10
      flowerablate run --disable flip+rotation --disable model.skip
      flowerablate run --swap model=resnet14 --set train.epochs=12 --dry-run
      flowerablate run --vary optimizer.lr=0.03,0.01 --vary morphology.size=5
      flowerablate run --design leave-one-out --design add-one-in --placebo
      flowerablate run --design shapley --disable flip --disable model.skip
      flowerablate run --disable light --retune optimizer.lr=0.1,0.03
      flowerablate run --disable light --metric macro_f1 --margin 0.01
      flowerablate run --disable light --tracker csv --tracker tensorboard
      flowerablate run --data photographs --subset 10%
      flowerablate run --disable light --until-decided --max-seeds 20 --budget 2h
    """
    from ..train.threads import wait_politely

    wait_politely()  # before torch is imported by what follows

    from ..contracts import TrackerContext
    from ..execute.adaptive import settled
    from ..execute.budget import Budget, seconds_of
    from ..execute.plan import plan_study
    from ..execute.runner import run_study
    from ..execute.trackers import Tracked, build_trackers
    from ..ledger import Ledger
    from ..study.resolve import resolve_trackers
    from .display import Display

    clock = Budget(seconds_of(budget)) if budget else None
    console, messages = Console(), Console(stderr=True)
    registry, folder = open_registry(study, messages)
    chosen = options.chosen(
        seeds=seeds,
        disable=disable,
        swap=swap,
        vary=vary,
        design=design,
        retune=retune,
        placebo=placebo,
        luck=luck,
        until_decided=until_decided,
        max_seeds=max_seeds,
        metric=metric,
        margin=margin,
        population=population,
        trackers=tracker,
        subset=subset,
    )
    wanted = open_study(study, data, chosen, overrides, registry)
    if max_seeds is not None and not wanted.ablation.until_decided:
        raise StudyError("--max-seeds goes with --until-decided; --seeds is the number of a study of fixed size")
    ledger = Ledger(runs / wanted.name)
    assembler = make_assembler(registry, folder)
    trackers = resolve_trackers(wanted, assembler.lookup)
    context = TrackerContext(wanted.name, ledger.root.absolute())
    following = {} if dry_run else build_trackers(trackers, context, assembler)
    plan = outcome = None
    try:
        with Display(messages) as display:
            assembler.progress = display.preparing
            plan = settled(plan_study(wanted, assembler, skip_bad=skip_bad), ledger)
            display.metric = plan.metrics.infos[plan.rules.metric]
            if not dry_run:
                with Tracked(display, following, wanted.name) as observer:
                    outcome = run_study(plan, assembler, ledger, observer, clock)
    except KeyboardInterrupt:
        _say_interrupted(plan, ledger, messages)
        raise typer.Exit(130) from None
    if outcome is None:
        _show_trials(plan, ledger, console)
        return
    if ledger.results(plan.base_id):
        print_report(ledger, None, "rich", console, assembler)
    _finish(outcome, plan, messages)


def _show_trials(plan: Plan, ledger: Ledger, console: Console) -> None:
    from rich.table import Table

    from ..report import printable
    from ..report.table import wrap_label
    from ..study.designs import candidates

    trials: dict[str, list[bool]] = {}
    for trial in plan.trials:
        trials.setdefault(trial.variant.label, []).append(ledger.folder(trial).complete)
    table = Table(box=None, pad_edge=False)
    table.add_column("variant", overflow="fold")
    for head in ("trials", "to run"):
        table.add_column(head, justify="right")
    for label, complete in trials.items():
        name = wrap_label(printable(label), max(20, console.width - 18))
        table.add_row(escape(name), str(len(complete)), str(complete.count(False)))
    console.print(table, highlight=False)
    _show_questions(plan.design.contrasts, console)
    missing = sum(complete.count(False) for complete in trials.values())
    console.print(
        f"{count(len(trials), 'variant')}, {count(len(plan.trials), 'trial')}, {missing} to run; "
        f"{count(len(plan.data.samples), 'image')} of {len(plan.data.samples.classes)} classes",
        highlight=False,
    )
    trainings = sum(len(candidates(trial.variant.pipeline)) for trial in plan.trials)
    if trainings > len(plan.trials):
        console.print(f"{trainings} trainings, as each trial tries the values of --retune", highlight=False)
    looks = plan.rules.looks
    if looks:
        console.print(
            f"looks at {several(looks)} replicates; these are the trials of the first, and after the last there are "
            f"{len(plan.trials_of(range(looks[-1])))} at most",
            highlight=False,
        )


def _show_questions(contrasts: Sequence[Contrast], console: Console) -> None:
    """Say what is asked, where that is more than the base against each variant."""
    from rich.table import Table

    from ..report.table import wrap_label
    from ..stats.design_notes import aliases_in_words

    if all(contrast.weights.get("") == 1 and len(contrast.weights) == 2 for contrast in contrasts):
        return
    table = Table(box=None, pad_edge=False)
    for head in ("question", "about", "answered by"):
        table.add_column(head, overflow="fold")
    names = [contrast.label if contrast.in_family else f"{contrast.label} (no verdict)" for contrast in contrasts]
    room = console.width - max(map(len, names)) - max(len(contrast.kind) for contrast in contrasts) - 4
    for name, contrast in zip(names, contrasts, strict=True):
        table.add_row(escape(name), contrast.kind, escape(wrap_label(_answered_by(contrast), max(room, 30))))
    console.print()
    console.print(table)
    for contrast in contrasts:
        if contrast.aliases:
            console.print(f"{escape(contrast.label)} cannot be told from {escape(aliases_in_words(contrast))}")
    console.print()


def _answered_by(contrast: Contrast) -> str:
    """Write a contrast out where it is short, and else count its trials."""
    if contrast.by_seed:
        sizes = sorted({len(weights) for weights in contrast.by_seed.values()})
        return f"{' or '.join(map(str, sizes))} trials, drawn anew for each replicate"
    if len(contrast.weights) > 4:
        return f"{len(contrast.weights)} trials in each replicate"
    terms = [(f"{'-' if weight < 0 else '+'} {abs(weight):g} ", change) for change, weight in contrast.weights.items()]
    text = " ".join(f"{factor.replace(' 1 ', ' ')}[{change or 'base'}]" for factor, change in terms)
    return text.removeprefix("+ ")


def _say_interrupted(plan: Plan | None, ledger: Ledger, messages: Console) -> None:
    far = "no trial had begun"
    note = ledger.note(plan.base_id) if plan else None
    if note and note.trials:
        far = f"{len(note.trials) - ledger.unfinished(note)} of {len(note.trials)} trials are finished"
    messages.print(f"interrupted: {far}; the same command goes on from here", highlight=False)


def _finish(outcome: Outcome, plan: Plan, messages: Console) -> None:
    skipped = plan.data.samples.skipped
    if skipped:
        what = count(len(skipped), "unreadable image")
        messages.print(f"left out {what}, such as {escape(skipped[0])}", highlight=False)
    if outcome.elsewhere:
        what = count(outcome.elsewhere, "trial")
        messages.print(f"left to another run that is at work on it: {what}; 'flowerablate report' shows it later")
    if outcome.left:
        missing = count(outcome.left, "trial") + (" of this look" if plan.rules.looks else "")
        over, cure = "is over, or too short for one more trial", "the same command goes on from here"
        if not outcome.run:
            over, cure = "was over before a trial was begun", "the same command goes on, given more time"
        messages.print(
            f"the time of --budget {over}; still to run: {missing}: {cure}",
            highlight=False,
            soft_wrap=True,
        )
    if outcome.failed:
        first = outcome.failed[0]
        raise FlowerablateError(
            f"{count(len(outcome.failed), 'trial')} failed, the first with {first.reason}; failure.json in its "
            f"folder, trials/{first.trial_id}, has more; the same command tries again"
        )

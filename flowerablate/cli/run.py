"""``flowerablate run``: train what is missing, then print the ablation table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from ..api.options import RunOptions, Unpack
from ..console import Console
from ..errors import FlowerablateError
from ..stats.wording import count
from ..visible import printable
from .environment import StudyChoice

if TYPE_CHECKING:
    from ..api.planned import PlannedStudy
    from ..execute.runner import Outcome


def run(
    study: StudyChoice,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the trials; nothing is decoded or trained.")] = False,
    **options: Unpack[RunOptions],
) -> None:
    """Run an ablation study and print its table.

    Without --disable, --swap or --vary (here or in the study) each removable step and each feature is left out in turn.
    Each of them replaces the list of the study.
    Trials in the ledger are not run again: interrupt it, continue later, add seeds, components or contrasts.

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
      flowerablate run --jobs 4 --trial-timeout 2h --retries 1
      flowerablate run --executor ray,address=auto
    """
    from ..train.threads import wait_politely

    wait_politely()  # before torch is imported by what follows

    from ..api.planned import make_plan
    from ..api.progress import Display
    from ..api.running import budget_of, study_options

    clock = budget_of(options.get("budget"))
    console, messages = Console(), Console(stderr=True)
    asked = study.open().ask(**study_options(options))
    planned = outcome = None
    try:
        with Display(messages) as display:
            planned = make_plan(asked, options["runs"], display, skip_bad=options["skip_bad"], follow=not dry_run)
            display.metric = planned.metric
            if not dry_run:
                outcome = planned.start(display, clock)
    except KeyboardInterrupt:
        messages.print(f"interrupted: {_how_far(planned)}; continue with the same command", highlight=False)
        raise typer.Exit(130) from None
    if outcome is None:
        found = printable(planned.plan.data.samples.found)
        messages.print(found, highlight=False, markup=False, soft_wrap=True)
        console.print(planned)
        return
    if planned.ledger.has_outcomes(planned.plan.base_id):
        console.print(planned.result(outcome))
    _finish(outcome, planned, messages, timed=clock is not None)


def _how_far(planned: PlannedStudy | None) -> str:
    note = planned.ledger.note(planned.plan.base_id) if planned else None
    if planned is None or note is None or not note.trials:
        return "no trial had started"
    done = len(note.trials) - planned.ledger.unfinished(note)
    return f"{done} of {len(note.trials)} trials are finished, those that were running go on from their last epoch"


def _finish(outcome: Outcome, planned: PlannedStudy, messages: Console, *, timed: bool) -> None:
    skipped = planned.plan.data.samples.skipped
    if skipped:
        what = count(len(skipped), "unreadable image")
        messages.print(f"left out {what}, such as {escape(printable(skipped[0]))}", highlight=False)
    if outcome.elsewhere and planned.study.file.execution.detach:
        what = count(outcome.elsewhere, "trial")
        messages.print(f"in the queue: {what}; 'flowerablate status' follows them, and the same command collects them")
    elif outcome.elsewhere:
        what = count(outcome.elsewhere, "trial")
        messages.print(f"being trained by another run: {what}; 'flowerablate report' shows the results later")
    if outcome.left:
        missing = count(outcome.left, "trial") + (" of this look" if planned.plan.rules.looks else "")
    if outcome.left and outcome.failed and planned.study.file.execution.fail_fast:
        messages.print(f"ended at the first failure; still to run: {missing}", highlight=False)
    elif outcome.left and not timed:
        messages.print(f"still to run: {missing}; continue with the same command", highlight=False)
    elif outcome.left:
        over, cure = "is over, or too short for one more trial", "continue with the same command"
        if not outcome.run:
            over, cure = "was over before a trial started", "continue with the same command and more time"
        messages.print(
            f"the time of --budget {over}; still to run: {missing}: {cure}",
            highlight=False,
            soft_wrap=True,
        )
    if outcome.failed:
        from ..api.planned import failed_in_words

        raise FlowerablateError(failed_in_words(outcome))

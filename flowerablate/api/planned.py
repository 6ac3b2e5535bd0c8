"""A study made ready to run: its trials, its questions, and the run itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from ..contracts import Contrast, MetricInfo, Tracker, Trial, finished
from ..durations import seconds_of
from ..errors import FlowerablateError, LedgerError, StudyError
from ..report.phrases import printable
from ..report.table import wrap_label
from ..stats.design_notes import aliases_in_words
from ..stats.wording import count, several
from ..study.designs import candidates
from .caller import files_in_one_line
from .in_terminal import as_terminal_shows
from .option_values import path_of
from .study import Study

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

    from ..execute.budget import Budget
    from ..execute.observer import RunObserver
    from ..execute.plan import Plan
    from ..execute.runner import Outcome
    from ..ledger import Ledger
    from ..study.schema import ExecutionTable
    from ..wiring.assemble import Assembler
    from .result import Result


@dataclass(frozen=True, repr=False)
class PlannedStudy:
    """What a run of *study* would do; printed, it shows the trials of each variant and the questions.

    *plan* has the design and the data, *ledger* the results of earlier runs; *trackers* follow a run.
    """

    study: Study
    plan: Plan
    ledger: Ledger
    assembler: Assembler
    trackers: Mapping[str, Tracker]

    @property
    def trials(self) -> tuple[Trial, ...]:
        """The trials in the order in which they run: all, or those of the first look of ``until_decided``."""
        return self.plan.trials

    @property
    def missing(self) -> tuple[Trial, ...]:
        """Those that the ledger does not have yet."""
        return tuple(trial for trial in self.trials if not self.ledger.folder(trial).complete)

    @property
    def questions(self) -> tuple[Contrast, ...]:
        """What the table will have rows for."""
        return self.plan.design.contrasts

    @property
    def metric(self) -> MetricInfo:
        """The metric that verdicts are based on."""
        return self.plan.metrics.infos[self.plan.rules.metric]

    @files_in_one_line()
    def start(self, observer: RunObserver, budget: Budget | None = None) -> Outcome:
        """Run the missing trials, report to *observer* and the trackers, and return the outcome."""
        from ..execute.execution import ask_execution, make_execution, settled_in
        from ..execute.runner import run_study
        from ..execute.trackers import Tracked

        self.assembler.progress = observer.preparing
        study = self.study.file
        settled = settled_in(self.ledger, self.plan.base_id)
        asked = ask_execution(study, self.assembler, self.ledger.root, settled)
        plan = replace(self.plan, threads=asked.threads, device=asked.device)
        make = partial(make_execution, asked, self.assembler, len(self.trials))
        with Tracked(observer, self.trackers, self.study.name) as tracked:
            outcome = run_study(plan, self.assembler, self.ledger, tracked, budget, make, study)
        if asked.spec.clear is not None and not (outcome.run or outcome.left or outcome.elsewhere or outcome.failed):
            asked.spec.clear(asked.folder)
        return outcome

    @files_in_one_line()
    def result(self, outcome: Outcome) -> Result:
        """Return the table of what the ledger has after a run that came to *outcome*.

        Raises :class:`~flowerablate.LedgerError` where no trial is finished, :class:`~flowerablate.FlowerablateError`
        where all have failed.
        """
        from .result import read_result

        if outcome.left or outcome.failed:
            results = self.ledger.results(self.plan.base_id)
            if not results and outcome.left:
                raise LedgerError("the budget ran out before a trial finished; run it again with more time")
            if outcome.failed and not finished(results):
                raise FlowerablateError(failed_in_words(outcome))
        return read_result(self.ledger, self.plan.base_id, self.assembler, outcome=outcome)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from self._parts(options.max_width)

    def __repr__(self) -> str:
        return as_terminal_shows(self)

    def _parts(self, width: int) -> Iterator[RenderableType]:
        complete: dict[str, list[bool]] = {}
        for trial in self.trials:
            complete.setdefault(trial.variant.label, []).append(self.ledger.folder(trial).complete)
        table = Table(box=None, pad_edge=False)
        table.add_column("variant", overflow="fold")
        for head in ("trials", "to run"):
            table.add_column(head, justify="right")
        for label, each in complete.items():
            name = wrap_label(printable(label), max(20, width - 18))
            table.add_row(Text(name), str(len(each)), str(each.count(False)))
        yield table
        yield from _questions(self.questions, width)
        samples, missing = self.plan.data.samples, sum(each.count(False) for each in complete.values())
        yield Text(
            f"{count(len(complete), 'variant')}, {count(len(self.trials), 'trial')}, {missing} to run; "
            f"{count(len(samples), 'image')} of {len(samples.classes)} classes"
        )
        training_runs = sum(len(candidates(trial.variant.pipeline)) for trial in self.trials)
        if training_runs > len(self.trials):
            option = self.study.written("retune")
            yield Text(f"{training_runs} training runs, as each trial tries the values of {option}")
        looks = self.plan.rules.looks
        if looks:
            yield Text(
                f"planned looks at {several(looks)} replicates; these are the trials up to the first look, and at most "
                f"{len(self.plan.trials_of(range(looks[-1])))} up to the last"
            )


def make_plan(
    study: Study, runs: Path | str, observer: RunObserver, *, skip_bad: bool = False, follow: bool = True
) -> PlannedStudy:
    """Return the plan of *study* with its ledger in the folder *runs*; nothing is decoded or trained.

    *follow*: whether its trackers are built, as a run needs them.
    """
    from ..contracts import TrackerContext
    from ..execute.adaptive import settled
    from ..execute.execution import ask_execution, begin_early, settled_in
    from ..execute.plan import plan_study
    from ..execute.trackers import build_trackers
    from ..ledger import Ledger
    from ..study.resolve import resolve_trackers

    wanted = study.file
    if "ablation.max_seeds" in study.keys and not wanted.ablation.until_decided:
        most, until, seeds = map(study.written, ("max_seeds", "until_decided", "seeds"))
        raise StudyError(f"{most} goes with {until}; {seeds} is the number of a study of fixed size")
    with wanted.blamed():
        _check_limits(wanted.execution)
    ledger = Ledger(path_of(runs, "runs") / wanted.name)
    assembler = study.assembler()
    assembler.progress = observer.preparing
    trackers = resolve_trackers(wanted, assembler.lookup)
    context = TrackerContext(wanted.name, ledger.root.absolute())
    built = build_trackers(trackers, context, assembler) if follow else {}
    if follow and not ledger.has_trials:
        begin_early(wanted)
    plan = plan_study(wanted, assembler, skip_bad=skip_bad, build=not follow)
    with wanted.blamed():
        plan = settled(plan, ledger)
    if not follow:  # a run finds these errors when it starts
        ask_execution(wanted, assembler, ledger.root, settled_in(ledger, plan.base_id))
    return PlannedStudy(study, plan, ledger, assembler, built)


def _check_limits(table: ExecutionTable) -> None:
    """Raise :class:`StudyError` where a limit of the trials is no time or no size, before anything is run."""
    from ..execute.execution import bytes_of

    for name in ("trial_timeout", "stall_timeout"):
        limit = getattr(table, name)
        try:
            if limit:
                seconds_of(limit)
        except StudyError as error:
            raise StudyError(f"execution.{name}: {error}") from None
    bytes_of(table.memory)


def failed_in_words(outcome: Outcome) -> str:
    """Return one line on the failed trials and where to find the details."""
    first = outcome.failed[0]
    return (
        f"{count(len(outcome.failed), 'trial')} failed, the first with {first.reason}; for details see "
        f"failure.json in trials/{first.trial_id}; the same command tries again"
    )


def _questions(contrasts: Sequence[Contrast], width: int) -> Iterator[RenderableType]:
    """Show what is asked, where that is more than the base against each variant."""
    if all(contrast.weights.get("") == 1 and len(contrast.weights) == 2 for contrast in contrasts):
        return
    table = Table(box=None, pad_edge=False)
    for head in ("question", "about", "answered by"):
        table.add_column(head, overflow="fold")
    names = [contrast.label if contrast.in_family else f"{contrast.label} (no verdict)" for contrast in contrasts]
    room = width - max(map(len, names)) - max(len(contrast.kind) for contrast in contrasts) - 4
    for name, contrast in zip(names, contrasts, strict=True):
        table.add_row(Text(name), contrast.kind, Text(wrap_label(_answered_by(contrast), max(room, 30))))
    yield Text()
    yield table
    for contrast in contrasts:
        if contrast.aliases:
            yield Text(f"{contrast.label} cannot be distinguished from {aliases_in_words(contrast)}")
    yield Text()


def _answered_by(contrast: Contrast) -> str:
    """Write a contrast out where it is short, and else count its trials."""
    if contrast.by_seed:
        sizes = sorted({len(weights) for weights in contrast.by_seed.values()})
        return f"{' or '.join(map(str, sizes))} trials, drawn separately for each replicate"
    if len(contrast.weights) > 4:
        return f"{len(contrast.weights)} trials in each replicate"
    terms = [(f"{'-' if weight < 0 else '+'} {abs(weight):g} ", change) for change, weight in contrast.weights.items()]
    text = " ".join(f"{factor.replace(' 1 ', ' ')}[{change or 'base'}]" for factor, change in terms)
    return text.removeprefix("+ ")

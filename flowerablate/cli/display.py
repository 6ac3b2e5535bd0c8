"""Draws the progress of a run: two bars on a terminal, one line per trial elsewhere. All of it goes to stderr."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from ..contracts import SECONDS, MetricInfo, Trial, TrialFailure, TrialOutcome
from ..stats.wording import count
from ..study.designs import candidates


class Display:
    """A :class:`~flowerablate.execute.observer.RunObserver` on a console."""

    def __init__(self, console: Console) -> None:
        self.metric: MetricInfo | None = None
        """The metric that is shown behind each trial, as soon as it is known."""
        self._console = console
        self._epochs = 1
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._study: TaskID | None = None
        self._part: TaskID | None = None
        self._trials = 0
        self._finished = 0

    def __enter__(self) -> Display:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def preparing(self, what: str, done: int, total: int) -> None:
        if self._part is None or done <= 1:
            self._begin(what, total)
        if self._part is not None:
            self._progress.update(self._part, completed=done, total=total, description=what)
        if done >= total:
            self._end()

    def look_started(self, number: int, looks: int, replicates: int, comparisons: int) -> None:
        are_open = f"{count(comparisons, 'comparison')} open"
        self._console.print(f"look {number} of {looks}: {count(replicates, 'replicate')}, {are_open}", highlight=False)

    def remarked(self, text: str) -> None:
        self._end()
        self._console.print(escape(text), soft_wrap=True, highlight=False)

    def study_started(self, trials: int, finished: int) -> None:
        if finished > self._finished:
            self._console.print(f"{finished} of {trials} trials are in the ledger already", style="dim")
        self._trials, self._finished = trials, finished
        if self._study is None:
            self._study = self._progress.add_task("study", total=trials)
        self._progress.update(self._study, total=trials, completed=finished)

    def trial_started(self, trial: Trial) -> None:
        self._epochs = sum(candidate.train.epochs for _, candidate in candidates(trial.variant.pipeline))
        self._begin(f"{escape(trial.variant.label)}  seed {trial.seed}", None)

    def step_done(self, epoch: int, step: int, steps: int) -> None:
        if self._part is not None:
            done = (epoch - 1) * steps + step
            self._progress.update(self._part, completed=done, total=self._epochs * steps)

    def epoch_done(self, epoch: int, values: Mapping[str, float]) -> None:
        """Nothing more to show: the steps have moved the bar."""

    def trial_finished(self, trial: Trial, result: TrialOutcome) -> None:
        self._end()
        self._finished += 1
        if self._study is not None:
            self._progress.update(self._study, completed=self._finished)
        self._console.print(
            f"{self._finished:>{len(str(self._trials))}}/{self._trials}  {_line(trial, result, self.metric)}"
        )

    def _begin(self, what: str, total: int | None) -> None:
        self._end()
        self._part = self._progress.add_task(what, total=total)

    def _end(self) -> None:
        if self._part is not None:
            self._progress.remove_task(self._part)
            self._part = None


def _line(trial: Trial, result: TrialOutcome, metric: MetricInfo | None) -> str:
    start = f"{escape(trial.variant.label)}  seed {trial.seed}"
    if isinstance(result, TrialFailure):
        return f"{start}  [red]failed[/red]: {escape(result.reason)}"
    collapsed = "  [yellow]collapsed[/yellow]" if result.collapsed else ""
    value = result.metrics.get(metric.name) if metric else None
    figure = "" if metric is None or value is None else f"  {escape(metric.name)} {value:.3f}"
    return f"{start}{figure}  {result.cost(SECONDS) or 0.0:.1f} s{collapsed}"

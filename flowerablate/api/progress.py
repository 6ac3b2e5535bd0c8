"""Shows how far a run is: bars on a terminal or in a notebook, one line per trial elsewhere."""

from __future__ import annotations

import html
import math
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from types import TracebackType
from typing import Any, TypeVar

from rich.console import ConsoleOptions, RenderableType, RenderResult
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from ..console import Console
from ..contracts import SECONDS, MetricInfo, Trial, TrialFailure, TrialOutcome
from ..jobs.time_left import Pace, seconds_left
from ..stats.wording import count
from ..study.designs import candidates
from ..visible import printable

_INTERVAL = 0.2
"""Seconds between two updates of a notebook."""

Shown = TypeVar("Shown", bound="Bars")


class _Narrower(Progress):
    """Bars that leave room for the ``^C`` that a terminal echoes: it would wrap, and a bar would stay."""

    def get_renderables(self) -> Iterable[RenderableType]:
        """Return the bars, two columns narrower than the terminal."""
        yield from map(_Narrow, super().get_renderables())


@dataclass(frozen=True)
class _Narrow:
    bars: RenderableType

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from console.render(self.bars, options.update_width(max(20, options.max_width - 2)))


class Bars:
    """A bar for the whole, one for the part at hand, and lines above them. A context manager.

    On a terminal rich draws them, and they are gone at the end. In a notebook they are one output that is updated; a
    line that is not to be kept stands in it until the next one. Elsewhere only lines are printed.
    """

    def __init__(self, console: Console, *, estimate: bool = True) -> None:
        self._cell = _Cell() if console.is_jupyter else None
        if self._cell is not None:
            console = Console(file=sys.stdout, force_jupyter=False, force_terminal=False)
        self._console = console
        more: tuple[ProgressColumn, ...] = (TextColumn("left"), _TimeLeft(self)) if estimate else ()
        self._progress = _Narrower(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            *more,
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._whole: TaskID | None = None
        self._part: TaskID | None = None

    def __enter__(self: Shown) -> Shown:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()
        if self._cell is not None:
            self._cell.close(self._progress)

    def preparing(self, what: str, done: int, total: int) -> None:
        """Show how far the preparation is."""
        shown = escape(printable(what))
        if self._part is None or done <= 1:
            self._begin(shown, total)
        self._move(done, total, shown)
        if done >= total:
            self._end()

    def remarked(self, text: str) -> None:
        """Print what is to be known now."""
        self._end()
        self._say(escape(printable(text)))

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Take the bars off the terminal while something else prints on it."""
        self._end()
        self._progress.stop()
        try:
            yield
        finally:
            self._progress.start()

    def _say(self, text: str, *, keep: bool = True, style: str | None = None, soft_wrap: bool = True) -> None:
        """Print a line of markup; one that a notebook need not *keep* stands in its output until the next one."""
        if self._cell is not None and not keep:
            self._cell.line = Text.from_markup(text).plain
            self._cell.update(self._progress, now=True)
        else:
            # Rich's own thread draws the bars; between its measuring and its writing nothing may be printed.
            with getattr(self._progress.live, "_lock", nullcontext()):
                self._console.print(text, style=style, soft_wrap=soft_wrap, highlight=False)

    def is_whole(self, task: TaskID) -> bool:
        """Whether *task* is the bar of the whole."""
        return task == self._whole

    def seconds_left(self) -> float | None:
        """Return how long the whole still takes; None if that is not known."""
        return None

    def _move_whole(self, what: str, done: int, total: int) -> None:
        if self._whole is None:
            self._whole = self._progress.add_task(what, total=total)
        self._progress.update(self._whole, completed=done, total=total, description=what)
        self._updated()

    def _begin(self, what: str, total: int | None) -> None:
        self._end()
        self._part = self._progress.add_task(what, total=total)
        self._updated()

    def _move(self, done: int, total: int, what: str | None = None) -> None:
        if self._part is not None:
            self._progress.update(self._part, completed=done, total=total, description=what)
            self._updated()

    def _end(self) -> None:
        if self._part is not None:
            self._progress.remove_task(self._part)
            self._part = None

    def _updated(self) -> None:
        if self._cell is not None:
            self._cell.update(self._progress)


class _TimeLeft(TimeRemainingColumn):
    """The time left: of the whole, as *bars* know it; of a part, by its own pace."""

    def __init__(self, bars: Bars) -> None:
        super().__init__()
        self._bars = bars

    def render(self, task: Task) -> Text:
        """Return the time as ``0:12:30``."""
        if not self._bars.is_whole(task.id):
            return super().render(task)
        seconds = self._bars.seconds_left()
        shown = "-:--:--" if seconds is None else str(timedelta(seconds=math.ceil(seconds)))
        return Text(shown, style="progress.remaining")


class Display(Bars):
    """A :class:`~flowerablate.execute.observer.RunObserver` on a console."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self.metric: MetricInfo | None = None
        """The metric that is shown after each trial, as soon as it is known."""
        self._bars: dict[str, TaskID] = {}
        self._epochs: dict[str, int] = {}
        self._paces: dict[str, Pace] = {}
        self._places: dict[str, str] = {}
        self._took: list[float] = []
        self._at_once = 1
        self._trials = 0
        self._finished = 0

    def look_started(self, number: int, looks: int, replicates: int, comparisons: int) -> None:
        """Print which look is next."""
        are_open = f"{count(comparisons, 'comparison')} open"
        self._say(
            f"up to planned look {number} of {looks}, at {count(replicates, 'replicate')}: {are_open}", soft_wrap=False
        )

    def study_started(self, trials: int, finished: int) -> None:
        """Show the bar of the whole study, for the trials known so far."""
        if finished > self._finished:
            self._say(f"{finished} of {trials} trials are finished already", keep=False, style="dim")
        self._trials, self._finished = trials, finished
        self._move_whole("study", finished, trials)

    def trial_started(self, trial: Trial) -> None:
        """Show the bar of one trial; several may run at once."""
        self._end()
        self._forget(trial)
        self._bars[trial.id] = self._progress.add_task(_name(trial), total=None)
        self._paces[trial.id] = Pace(time.monotonic())
        self._at_once = max(self._at_once, len(self._paces))
        self._epochs[trial.id] = sum(candidate.train.epochs for _, candidate in candidates(trial.variant.pipeline))
        self._updated()

    def trial_placed(self, trial: Trial, where: str) -> None:
        """Show where the trial runs beside its name."""
        self._places[trial.id] = where
        if trial.id in self._bars:
            self._progress.update(self._bars[trial.id], description=self._named(trial))
            self._updated()

    def seconds_left(self) -> float | None:
        """Return how long the trials known so far still take."""
        paces = list(self._paces.values())
        waiting = max(0, self._trials - self._finished - len(paces))
        return seconds_left(self._took, paces, waiting, self._at_once, time.monotonic())

    def step_done(self, trial: Trial, epoch: int, step: int, steps: int) -> None:
        """Move the trial's bar."""
        if trial.id in self._bars:
            done, total = (epoch - 1) * steps + step, self._epochs[trial.id] * steps
            self._progress.update(self._bars[trial.id], completed=done, total=total)
            self._paces[trial.id].reached(time.monotonic(), done / total)
            self._updated()

    def epoch_done(self, trial: Trial, epoch: int, values: Mapping[str, float]) -> None:
        """Show the loss of the epoch next to the trial."""
        if trial.id in self._bars and "train_loss" in values:
            said = f"{self._named(trial)}  epoch {epoch}, loss {values['train_loss']:.3f}"
            self._progress.update(self._bars[trial.id], description=said)

    def trial_finished(self, trial: Trial, result: TrialOutcome) -> None:
        """Print one line about the trial and move the study's bar."""
        if trial.id in self._paces and not isinstance(result, TrialFailure):
            self._took.append(time.monotonic() - self._paces[trial.id].began)
        self._forget(trial)
        self._finished += 1
        self._move_whole("study", self._finished, self._trials)
        said = _line(self._named(trial), result, self.metric)
        line = f"{self._finished:>{len(str(self._trials))}}/{self._trials}  {said}"
        self._say(line, keep=isinstance(result, TrialFailure), soft_wrap=False)

    def trial_elsewhere(self, trial: Trial, complete: bool) -> None:
        """Remove the trial's bar, and move the study's if the trial is *complete*."""
        self._forget(trial)
        self._finished += complete
        self._move_whole("study", self._finished, self._trials)

    def _named(self, trial: Trial) -> str:
        where = self._places.get(trial.id)
        return f"{_name(trial)}  on {escape(printable(where))}" if where else _name(trial)

    def _forget(self, trial: Trial) -> None:
        self._paces.pop(trial.id, None)
        bar = self._bars.pop(trial.id, None)
        if bar is not None:
            self._progress.remove_task(bar)


def _name(trial: Trial) -> str:
    return f"{escape(printable(trial.variant.label))}  seed {trial.seed}"


def _line(start: str, result: TrialOutcome, metric: MetricInfo | None) -> str:
    if isinstance(result, TrialFailure):
        return f"{start}  [red]failed[/red]: {escape(printable(result.reason))}"
    collapsed = "  [yellow]collapsed[/yellow]" if result.collapsed else ""
    value = result.metrics.get(metric.name) if metric else None
    shown = "" if metric is None or value is None else f"  {escape(metric.name)} {metric.shown(value)}"
    return f"{start}{shown}  {result.cost(SECONDS) or 0.0:.1f} s{collapsed}"


class _Cell:
    """The output of a notebook's cell that bars are drawn in; it needs nothing but IPython."""

    def __init__(self) -> None:
        shown = import_module("IPython.display")
        self._html: Any = shown.HTML
        self._handle: Any = shown.display(self._html(""), display_id=True)
        self._shown = 0.0
        self.line = ""

    def update(self, progress: Progress, *, now: bool = False) -> None:
        """Redraw the bars of *progress*, unless that was done a moment ago."""
        if now or time.monotonic() - self._shown >= _INTERVAL:
            bars = [_bar(task.description, task.completed, task.total) for task in list(progress.tasks)]
            self._draw([*bars, html.escape(self.line)])
            self._shown = time.monotonic()

    def close(self, progress: Progress) -> None:
        """Leave the last line, and how many of the whole are done."""
        whole = next((f"{task.completed:g} of {task.total:g} done" for task in progress.tasks if task.total), "")
        self._draw([html.escape("; ".join(filter(None, [whole, self.line])))])

    def _draw(self, lines: list[str]) -> None:
        text = "".join(f"<div>{line}</div>" for line in lines if line)
        self._handle.update(self._html(f'<div style="font-family: monospace">{text}</div>'))


def _bar(what: str, done: float, total: float | None) -> str:
    name = html.escape(Text.from_markup(what).plain)
    if not total:
        return f"<progress></progress> {name}"
    return f'<progress value="{done:g}" max="{total:g}"></progress> {done:g}/{total:g} {name}'

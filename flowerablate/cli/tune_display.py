"""What is seen of a tuning while it works: a bar, a line for each trial that is over, and the best so far."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from ..contracts import MetricInfo, Value
from ..study.designs.naming import show_value

if TYPE_CHECKING:
    from ..tuning.storage import OpenTrial, TuningTrial


class TuneDisplay:
    """A :class:`~flowerablate.tuning.tuner.TuneObserver` on a console, of *most* trials."""

    def __init__(self, console: Console, metric: MetricInfo, most: int) -> None:
        self._console, self._metric, self._most = console, metric, most
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._all = self._progress.add_task("tuning", total=most)
        self._part: TaskID | None = None
        self._epochs = 1
        self._over: set[int] = set()

    def __enter__(self) -> TuneDisplay:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def preparing(self, what: str, done: int, total: int) -> None:
        """Show how far the preparation is."""
        self._show(what, done, total)
        if done >= total:
            self._hide()

    def begin(self, rows: Sequence[TuningTrial], best: TuningTrial | None) -> None:
        """Say what earlier sessions did."""
        self._over = {row.number for row in rows if row.state != "running"}
        if self._over:
            self._console.print(f"{len(self._over)} of {self._most} trials are there already{self._so_far(best)}")
        self._advance(best)

    def look(self, rows: Sequence[TuningTrial], best: TuningTrial | None) -> None:
        """Say which trials are over since the last look."""
        for row in rows:
            if row.state != "running" and row.number not in self._over:
                self.trial_finished(row, best)

    def trial_started(self, work: OpenTrial, epochs: int) -> None:
        """Show the bar of a trial."""
        self._epochs = epochs
        self._show(f"trial {work.number}", 0, 1)

    def step_done(self, epoch: int, step: int, steps: int) -> None:
        """Move it."""
        if self._part is not None:
            self._progress.update(self._part, completed=(epoch - 1) * steps + step, total=self._epochs * steps)

    def trial_finished(self, row: TuningTrial, best: TuningTrial | None) -> None:
        """Print one line about the trial."""
        self._hide()
        self._over.add(row.number)
        figure = "" if row.value is None else f"{self._metric.name} {row.value:.4f}  "
        given_up = {"pruned": "given up early  ", "failed": f"failed: {row.failure}  "}.get(row.state, "")
        settings = " ".join(f"{key}={brief(value)}" for key, value in row.values.items())
        self._console.print(
            f"{len(self._over):>{len(str(self._most))}}/{self._most}  "
            f"{escape(figure + given_up + settings)}{self._so_far(best)}",
            highlight=False,
            soft_wrap=True,
        )
        self._advance(best)

    def _so_far(self, best: TuningTrial | None) -> str:
        if best is None or best.value is None:
            return ""
        return f"  [dim](best {best.value:.4f}, trial {best.number})[/dim]"

    def _advance(self, best: TuningTrial | None) -> None:
        best_text = "" if best is None or best.value is None else f", best {best.value:.4f}"
        self._progress.update(self._all, completed=len(self._over), description=f"tuning{best_text}")

    def _show(self, what: str, done: int, total: int) -> None:
        if self._part is None:
            self._part = self._progress.add_task(what, total=total)
        self._progress.update(self._part, completed=done, total=total, description=escape(what))

    def _hide(self) -> None:
        if self._part is not None:
            self._progress.remove_task(self._part)
            self._part = None


def brief(value: Value) -> str:
    """Return *value* as a user writes it, a long number in four digits."""
    text = show_value(value)
    try:
        return text if len(text) <= 6 else f"{float(text):.4g}"
    except ValueError:
        return text

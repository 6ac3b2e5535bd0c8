"""The progress display of a tuning: bars, a line for each finished trial, and the best so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.progress import TaskID

from ..api.progress import Bars
from ..console import Console
from ..contracts import MetricInfo, Value
from ..study.designs.naming import show_value

if TYPE_CHECKING:
    from ..tuning.storage import OpenTrial, TuningTrial


class TuneDisplay(Bars):
    """A :class:`~flowerablate.tuning.candidate_queue.TuneObserver` on a console, for *max_trials* trials."""

    def __init__(self, console: Console, metric: MetricInfo, max_trials: int) -> None:
        super().__init__(console, estimate=False)
        self._metric, self._max_trials = metric, max_trials
        self._bars: dict[int, TaskID] = {}
        self._epochs: dict[int, int] = {}
        self._over: set[int] = set()
        self._move_whole("tuning", 0, max_trials)

    def begin(self, rows: Sequence[TuningTrial], best: TuningTrial | None) -> None:
        self._over = {row.number for row in rows if row.state != "running"}
        if self._over:
            self._say(
                f"{len(self._over)} of {self._max_trials} trials are already done{self._so_far(best)}", soft_wrap=False
            )
        self._advance(best)

    def trial_started(self, trial: OpenTrial, epochs: int) -> None:
        """Show the bar of one trial; several may run at once."""
        self._end()
        self._forget(trial.number)
        self._epochs[trial.number] = epochs
        self._bars[trial.number] = self._progress.add_task(f"trial {trial.number}", total=None)
        self._updated()

    def step_done(self, trial: OpenTrial, epoch: int, step: int, steps: int) -> None:
        """Move the bar of the trial."""
        if trial.number in self._bars:
            total = self._epochs[trial.number] * steps
            self._progress.update(self._bars[trial.number], completed=(epoch - 1) * steps + step, total=total)
            self._updated()

    def trial_finished(self, row: TuningTrial, best: TuningTrial | None) -> None:
        """Print one line about the trial."""
        self._forget(row.number)
        self._over.add(row.number)
        value = "" if row.value is None else f"{self._metric.name} {self._metric.shown(row.value, 2)}  "
        outcome = {"pruned": "pruned  ", "failed": f"failed: {row.failure}  "}.get(row.state, "")
        settings = " ".join(f"{key}={brief(value)}" for key, value in row.values.items())
        number = f"{len(self._over):>{len(str(self._max_trials))}}/{self._max_trials}"
        self._say(f"{number}  {escape(value + outcome + settings)}{self._so_far(best)}")
        self._advance(best)

    def _forget(self, number: int) -> None:
        bar = self._bars.pop(number, None)
        if bar is not None:
            self._progress.remove_task(bar)

    def _so_far(self, best: TuningTrial | None) -> str:
        if best is None or best.value is None:
            return ""
        return f"  [dim](best {self._metric.shown(best.value, 2)}, trial {best.number})[/dim]"

    def _advance(self, best: TuningTrial | None) -> None:
        best_text = "" if best is None or best.value is None else f", best {self._metric.shown(best.value, 2)}"
        self._move_whole(f"tuning{best_text}", len(self._over), self._max_trials)


def brief(value: Value) -> str:
    """Return *value* as in a study file, a long number with four digits."""
    text = show_value(value)
    try:
        return text if len(text) <= 6 else f"{float(text):.4g}"
    except ValueError:
        return text

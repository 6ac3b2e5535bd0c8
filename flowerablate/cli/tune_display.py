"""What is seen of a tuning while it works: a bar, a line for each trial that is over, and the best so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from ..api.progress import Bars
from ..contracts import MetricInfo, Value
from ..study.designs.naming import show_value

if TYPE_CHECKING:
    from ..tuning.storage import OpenTrial, TuningTrial


class TuneDisplay(Bars):
    """A :class:`~flowerablate.tuning.tuner.TuneObserver` on a console, of *most* trials."""

    def __init__(self, console: Console, metric: MetricInfo, most: int) -> None:
        super().__init__(console, estimate=False)
        self._metric, self._most = metric, most
        self._epochs = 1
        self._over: set[int] = set()
        self._move_whole("tuning", 0, most)

    def begin(self, rows: Sequence[TuningTrial], best: TuningTrial | None) -> None:
        self._over = {row.number for row in rows if row.state != "running"}
        if self._over:
            self._say(
                f"{len(self._over)} of {self._most} trials are there already{self._so_far(best)}", soft_wrap=False
            )
        self._advance(best)

    def look(self, rows: Sequence[TuningTrial], best: TuningTrial | None) -> None:
        """Say which trials are over since the last look."""
        for row in rows:
            if row.state != "running" and row.number not in self._over:
                self.trial_finished(row, best)

    def trial_started(self, work: OpenTrial, epochs: int) -> None:
        self._epochs = epochs
        self._begin(f"trial {work.number}", 1)

    def step_done(self, epoch: int, step: int, steps: int) -> None:
        """Move the bar of the trial."""
        self._move((epoch - 1) * steps + step, self._epochs * steps)

    def trial_finished(self, row: TuningTrial, best: TuningTrial | None) -> None:
        """Print one line about the trial."""
        self._end()
        self._over.add(row.number)
        value = "" if row.value is None else f"{self._metric.name} {row.value:.4f}  "
        given_up = {"pruned": "given up early  ", "failed": f"failed: {row.failure}  "}.get(row.state, "")
        settings = " ".join(f"{key}={brief(value)}" for key, value in row.values.items())
        number = f"{len(self._over):>{len(str(self._most))}}/{self._most}"
        self._say(f"{number}  {escape(value + given_up + settings)}{self._so_far(best)}")
        self._advance(best)

    def _so_far(self, best: TuningTrial | None) -> str:
        if best is None or best.value is None:
            return ""
        return f"  [dim](best {best.value:.4f}, trial {best.number})[/dim]"

    def _advance(self, best: TuningTrial | None) -> None:
        best_text = "" if best is None or best.value is None else f", best {best.value:.4f}"
        self._move_whole(f"tuning{best_text}", len(self._over), self._most)


def brief(value: Value) -> str:
    """Return *value* as a user writes it, a long number in four digits."""
    text = show_value(value)
    try:
        return text if len(text) <= 6 else f"{float(text):.4g}"
    except ValueError:
        return text

"""The tracker ``csv``: one tidy file, a line for each figure, that any program reads."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path

from filelock import FileLock

import flowerablate as fa
from flowerablate.contracts import TrialOutcome, TrialResult

COLUMNS = ("study", "trial", "variant", "seed", "part", "epoch", "name", "value")
"""The header. *part* is ``training`` for the figures of epochs, ``test`` for those of the finished trial."""

_KEY = tuple(COLUMNS.index(name) for name in ("trial", "part", "epoch", "name"))


class CsvTracker:
    """Appends to *path*; a figure that is in the file is not written again, so interrupted trials leave no doubles.

    A line that was cut off when a process was killed is removed before the next one is written. Several processes may
    append: each takes a lock beside the file, and writes whole lines.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: set[tuple[str, ...]] | None = None

    def trial_started(self, trial: fa.TrackedTrial) -> None:
        """Look which figures the file has already."""
        self._known = None

    def epoch_done(self, trial: fa.TrackedTrial, epoch: int, values: Mapping[str, float]) -> None:
        self._append(_line(trial, "training", epoch, name, value) for name, value in values.items())

    def trial_finished(self, trial: fa.TrackedTrial, result: TrialOutcome) -> None:
        """Append the metrics of the test, at the best epoch; a trial that failed has none."""
        if isinstance(result, TrialResult):
            self._append(_line(trial, "test", result.best_epoch, name, value) for name, value in result.metrics.items())

    def close(self) -> None:
        """Every line is in the file already."""

    def _append(self, lines: Iterable[tuple[str, ...]]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self._path.with_name(f".{self._path.name}.lock")):
            with self._path.open("ab+") as file:
                _cut_off_half_line(file)
                empty = file.tell() == 0
            if self._known is None:
                self._known = set() if empty else self._read()
            new = [line for line in lines if _key(line) not in self._known]
            text = io.StringIO()
            writer = csv.writer(text, lineterminator="\n")
            writer.writerows([COLUMNS, *new] if empty else new)
            with self._path.open("ab") as file:
                file.write(text.getvalue().encode())
            self._known |= {_key(line) for line in new}

    def _read(self) -> set[tuple[str, ...]]:
        with self._path.open(encoding="utf-8", newline="") as file:
            rows = csv.reader(file)
            header = next(rows, [])
            if tuple(header) != COLUMNS:
                raise fa.StudyError(f"{self._path} has other columns than ours; move it away, or name another path")
            return {_key(row) for row in rows}


def _line(trial: fa.TrackedTrial, part: str, epoch: int, name: str, value: float) -> tuple[str, ...]:
    return (trial.study, trial.id, trial.variant, str(trial.seed), part, str(epoch), name, repr(float(value)))


def _key(line: Iterable[str]) -> tuple[str, ...]:
    cells = list(line)
    return tuple(cells[place] for place in _KEY)


def _cut_off_half_line(file: io.BufferedRandom) -> None:
    """Truncate *file* behind its last line break, and stand at its end."""
    end = file.seek(0, io.SEEK_END)
    while end:
        start = max(0, end - 4096)
        file.seek(start)
        found = file.read(end - start).rfind(b"\n")
        if found >= 0:
            end = start + found + 1
            break
        end = start
    file.truncate(end)
    file.seek(end)

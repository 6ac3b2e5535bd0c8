"""The tracker ``csv``: one tidy file with a line for each value."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path

from filelock import FileLock

import flowerablate as fa
from flowerablate.contracts import TrialOutcome, TrialResult
from flowerablate.files import open_text, require_file

COLUMNS = ("study", "trial", "variant", "seed", "part", "epoch", "name", "value")
"""The header. *part* is ``training`` for values of epochs, ``test`` for those of the finished trial."""

_KEY = tuple(COLUMNS.index(name) for name in ("trial", "part", "epoch", "name"))


class CsvTracker:
    """Appends to *path*; a value that is in the file is not written again, so resumed trials leave no duplicates.

    An incomplete line, left by a killed process, is removed before the next line is written. Several processes may
    append: each takes a lock next to the file and writes whole lines.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: set[tuple[str, ...]] | None = None

    def trial_started(self, trial: fa.TrackedTrial) -> None:
        """Forget the known values, so that the file is read again."""
        self._known = None

    def epoch_done(self, trial: fa.TrackedTrial, epoch: int, values: Mapping[str, float]) -> None:
        self._append(_line(trial, "training", epoch, name, value) for name, value in values.items())

    def trial_finished(self, trial: fa.TrackedTrial, result: TrialOutcome) -> None:
        """Append the test metrics, at the best epoch; a failed trial has none."""
        if isinstance(result, TrialResult):
            self._append(_line(trial, "test", result.best_epoch, name, value) for name, value in result.metrics.items())

    def close(self) -> None:
        """Do nothing: every line has been written."""

    def _append(self, lines: Iterable[tuple[str, ...]]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self._path.with_name(f".{self._path.name}.lock")):
            if self._path.exists():
                require_file(self._path)
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
        with open_text(self._path, newline="") as file:
            rows = csv.reader(file)
            header = next(rows, [])
            if tuple(header) != COLUMNS:
                raise fa.StudyError(
                    f"{self._path} has other columns than this tracker; move the file, or set another path"
                )
            return {_key(row) for row in rows}


def _line(trial: fa.TrackedTrial, part: str, epoch: int, name: str, value: float) -> tuple[str, ...]:
    return (trial.study, trial.id, trial.variant, str(trial.seed), part, str(epoch), name, repr(float(value)))


def _key(line: Iterable[str]) -> tuple[str, ...]:
    cells = list(line)
    return tuple(cells[place] for place in _KEY)


def _cut_off_half_line(file: io.BufferedRandom) -> None:
    """Truncate *file* after its last line break and seek to the end."""
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

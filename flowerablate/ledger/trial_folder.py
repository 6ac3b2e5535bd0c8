"""The folder of one trial: ``trial.json`` says what it is, ``result.json`` or ``failure.json`` what it came to."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from os.path import basename, getmtime, isfile, join
from pathlib import Path
from typing import Any

from ..contracts import TrialFailure, TrialResult, current_label
from ..errors import LedgerError
from ..files import lock_now, write_json
from .json_files import CommonEnds, RememberedFile, read_json
from .predictions import FILE, Predictions, read_predictions
from .result_file import FILE as RESULT
from .result_file import read_result, write_result

TRIAL, FAILURE = "trial.json", "failure.json"
_FORMAT = 1


@dataclass(frozen=True)
class Claim:
    """A trial's place in a study: for the base *base_id* it is the variant *change*.

    *order* is the variant's place in the design. One trial may serve several bases, each once.
    """

    base_id: str
    change: str
    order: int


def _claim(base_id: str, change: str, order: int) -> Claim:
    return Claim(base_id, current_label(change), order)


_TRIALS = CommonEnds("pipeline", lambda end: tuple(_claim(**claim) for claim in end["claims"]))
"""The replicates of a variant have the same pipeline, nearly all of the text, and the same claims."""


class TrialFolder:
    """One trial's folder. What it says is read again only where its files have changed."""

    def __init__(self, path: Path | str) -> None:
        self._folder = os.fspath(path)
        self._result_file, self._failure_file = join(self._folder, RESULT), join(self._folder, FAILURE)
        self._trial = RememberedFile(join(self._folder, TRIAL), self._read_places)
        self._result: RememberedFile[TrialResult] | None = None

    @property
    def name(self) -> str:
        """The id of the trial."""
        return basename(self._folder)

    @cached_property
    def path(self) -> Path:
        """The folder."""
        return Path(self._folder)

    @property
    def complete(self) -> bool:
        """Whether the trial has a result."""
        return isfile(self._result_file)

    @property
    def finished_at(self) -> float:
        """When the result was written, in seconds since 1970."""
        return getmtime(self._result_file)

    @property
    def failed(self) -> bool:
        """Whether the last attempt at the trial failed."""
        return not self.complete and isfile(self._failure_file)

    @contextmanager
    def locked(self) -> Iterator[bool]:
        """Lock the trial for this process; yield False, without waiting, if another process holds it."""
        lock = lock_now(self.path / "lock")
        if lock is None:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()

    def finish(self, result: TrialResult, files: Mapping[str, Any]) -> None:
        """Write the JSON *files*, then the result, which completes the trial."""
        for name, content in files.items():
            write_json(self.path / f"{name}.json", content)
        write_result(self.path, result)
        self.forget_failure()

    def fail(self, reason: str, traceback: str, **more: Any) -> None:
        """Record that the trial failed, and *more* about it; reports count it, and the next run tries it again."""
        write_json(self.path / FAILURE, {"reason": reason, "traceback": traceback, **more})

    def forget_result(self) -> None:
        """Remove the result: it is not one that can be read."""
        (self.path / RESULT).unlink(missing_ok=True)
        self._result = None

    def forget_failure(self) -> None:
        """Remove the record of an earlier failure: the trial is tried again."""
        (self.path / FAILURE).unlink(missing_ok=True)

    @property
    def failure(self) -> dict[str, Any]:
        """What was recorded when the trial failed: ``reason``, ``traceback`` and more."""
        return dict(read_json(self.path / FAILURE))

    def result_of(self, base_id: str, change: str) -> TrialResult:
        """Return the result of the trial as the *change* of the study with base *base_id*."""
        if self._result is None:
            self._result = RememberedFile(self._result_file, lambda: read_result(self._folder, base_id, change))
        result = self._result.content()
        if (result.base_id, result.change) != (base_id, change):
            result = replace(result, base_id=base_id, change=change)
        return result

    def failure_of(self, base_id: str, change: str) -> TrialFailure:
        """Return the failure of the trial as the *change* of the study with base *base_id*."""
        return TrialFailure(self.name, base_id, change, self.seed, str(self.failure["reason"]))

    @property
    def has_predictions(self) -> bool:
        """Whether the predictions for the test images were kept."""
        return (self.path / FILE).is_file()

    def predictions(self) -> Predictions:
        """Return the predictions of the trial's model for every test image."""
        return read_predictions(self.path)

    @property
    def record(self) -> dict[str, Any]:
        """The content of ``trial.json``: seed, pipeline and claims."""
        content = read_json(join(self._folder, TRIAL))
        if not isinstance(content, dict) or not {"seed", "claims"} <= content.keys():
            raise LedgerError(f"{join(self._folder, TRIAL)} is not a trial of flowerablate; remove its folder")
        return content

    @property
    def exists(self) -> bool:
        """Whether the trial has been entered."""
        return isfile(join(self._folder, TRIAL))

    @property
    def seed(self) -> int:
        """The replicate of the trial."""
        return self.places[0]

    @property
    def claims(self) -> tuple[Claim, ...]:
        """The trial's places in studies."""
        return self.places[1]

    @property
    def places(self) -> tuple[int, tuple[Claim, ...]]:
        """Both; raises :class:`FileNotFoundError` if the trial has not been entered."""
        return self._trial.content()

    def _read_places(self) -> tuple[int, tuple[Claim, ...]]:
        path = join(self._folder, TRIAL)
        try:
            own, claims = _TRIALS.read(path)
            return int(own["seed"]), claims
        except KeyError:
            raise LedgerError(f"{path} is not a trial of flowerablate; remove its folder") from None
        except (TypeError, ValueError):
            raise LedgerError(f"{path} is of another version; remove its folder") from None

    def claim(self, claims: Sequence[Claim], **record: Any) -> None:
        """Replace ``trial.json`` with *claims* and the further fields of *record*."""
        self.path.mkdir(parents=True, exist_ok=True)
        content = {"format": _FORMAT, **record, "claims": [asdict(claim) for claim in claims]}
        write_json(self.path / TRIAL, content)

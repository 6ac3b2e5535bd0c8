"""The ledger of a study: ``<root>/trials/<id>/`` with the trial, its checkpoints, and the result once it is complete.

A trial is complete when ``result.json`` has been renamed into place; nothing else is trusted. What a report needs is in
the trial folders, so studies merge by copying folders. ``study.json`` records what the runs asked for: without it,
every variant is compared with the base.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from os.path import isfile, join
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ..contracts import Trial, TrialFailure, TrialOutcome, TrialResult
from ..errors import LedgerError
from ..files import write_json
from .json_files import RememberedFile, many_objects, read_json
from .note import StudyNote, read_notes, write_notes
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


class TrialFolder:
    """One trial's folder. What it says is read again only where its files have changed."""

    def __init__(self, path: Path | str) -> None:
        self._folder = os.fspath(path)
        self._result_file, self._failure_file = join(self._folder, RESULT), join(self._folder, FAILURE)
        self._places = RememberedFile(join(self._folder, TRIAL), self._read_places)
        self._result: RememberedFile[TrialResult] | None = None

    @cached_property
    def path(self) -> Path:
        """The folder."""
        return Path(self._folder)

    @property
    def complete(self) -> bool:
        """Whether the trial has a result."""
        return isfile(self._result_file)

    @property
    def failed(self) -> bool:
        """Whether the last attempt at the trial failed."""
        return not self.complete and isfile(self._failure_file)

    @contextmanager
    def locked(self) -> Iterator[bool]:
        """Lock the trial for this process; yield False, without waiting, if another process holds it."""
        lock = FileLock(self.path / "lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
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
        return TrialFailure(self.path.name, base_id, change, self.seed, str(self.failure["reason"]))

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
        return self._places.content()[0]

    @property
    def claims(self) -> tuple[Claim, ...]:
        """The trial's places in studies."""
        return self._places.content()[1]

    def _read_places(self) -> tuple[int, tuple[Claim, ...]]:
        record = self.record
        try:
            return int(record["seed"]), tuple(Claim(**claim) for claim in record["claims"])
        except (TypeError, ValueError):
            raise LedgerError(f"{join(self._folder, TRIAL)} is of another version; remove its folder") from None

    def claim(self, claims: Sequence[Claim], **record: Any) -> None:
        """Replace ``trial.json`` with *claims* and the further fields of *record*."""
        self.path.mkdir(parents=True, exist_ok=True)
        content = {"format": _FORMAT, **record, "claims": [asdict(claim) for claim in claims]}
        write_json(self.path / TRIAL, content)


class Ledger:
    """The folder of one study's trials."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._trials = join(root, "trials")
        self._known: dict[str, TrialFolder] = {}

    def folder(self, trial: Trial) -> TrialFolder:
        """Return the folder of *trial*, which may not exist yet."""
        return self._folder(trial.id)

    def _folder(self, name: str) -> TrialFolder:
        found = self._known.get(name)
        if found is None:
            found = self._known[name] = TrialFolder(join(self._trials, name))
        return found

    def enter(self, trials: Sequence[Trial], pipelines: Mapping[str, Any], note: StudyNote) -> None:
        """Create the folders of *trials* and claim them for their study; *pipelines* describes each change.

        A replicate of a variant belongs to one trial. If its id has changed because a component did, the old trial
        loses its claim, but its folder stays. *note* is merged into the notes of earlier runs.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        with FileLock(self.root / "lock"):
            with many_objects():
                places = {(c.base_id, c.change, f.seed): f for f in self._folders() for c in f.claims} if trials else {}
            order: dict[str, int] = {}
            for trial in trials:
                change = trial.variant.change
                claim = Claim(trial.base_id, change, order.setdefault(change, len(order)))
                folder = self.folder(trial)
                held_by = places.get((trial.base_id, change, trial.seed))
                if held_by is not None and held_by is not folder:
                    _withdraw(held_by, claim)
                known = folder.claims if folder.exists else ()
                if all(old.base_id != claim.base_id for old in known):
                    folder.claim([*known, claim], id=trial.id, seed=trial.seed, pipeline=pipelines[change])
            write_notes(self._notes, read_notes(self._notes).with_note(note))

    def note(self, base_id: str | None = None) -> StudyNote | None:
        """Return the note of the study with base *base_id*, by default that of the latest run.

        Without notes, return an empty one for the newest trial's base, or None if there are no trials.
        """
        notes = read_notes(self._notes)
        wanted = base_id or notes.latest
        if wanted:
            return notes.studies.get(wanted, StudyNote(wanted))
        newest = max(self._folders(), key=lambda folder: (folder.path / TRIAL).stat().st_mtime, default=None)
        return StudyNote(newest.claims[-1].base_id) if newest and newest.claims else None

    @property
    def _notes(self) -> Path:
        return self.root / "study.json"

    def results(self, base_id: str) -> list[TrialOutcome]:
        """Return the finished and failed trials of the study with base *base_id*: the base first, then as designed."""
        with many_objects():
            found = [(claim, _outcome(folder, claim)) for claim, folder in self.trials_of(base_id)]
        results = [(claim, result) for claim, result in found if result is not None]
        results.sort(key=lambda pair: (pair[0].order if pair[0].change else -1, pair[0].change, pair[1].seed))
        return [result for _, result in results]

    def trials_of(self, base_id: str) -> list[tuple[Claim, TrialFolder]]:
        """Return the trials of the study with base *base_id*, finished or not, with their place in it."""
        with many_objects():
            return [(claim, folder) for folder in self._folders() for claim in folder.claims if claim.base_id == base_id]

    def base_ids(self) -> list[str]:
        """Return the bases whose trials the ledger holds."""
        return sorted({claim.base_id for folder in self._folders() for claim in folder.claims})

    def unfinished(self, note: StudyNote) -> int:
        """Count the trials of the run recorded in *note* that have neither a result nor a failure yet."""
        folders = map(self._folder, note.trials)
        return sum(not folder.complete and not folder.failed for folder in folders)

    def trials_in(self, note: StudyNote) -> list[TrialFolder]:
        """Return the folders of the trials of the run recorded in *note*."""
        return [self._folder(trial) for trial in note.trials]

    def _folders(self) -> Iterator[TrialFolder]:
        try:
            names = sorted(os.listdir(self._trials))
        except (FileNotFoundError, NotADirectoryError):
            return
        for name in names:
            folder = self._folder(name)
            if folder.exists:
                yield folder


def _withdraw(folder: TrialFolder, claim: Claim) -> None:
    rest = [old for old in folder.claims if (old.base_id, old.change) != (claim.base_id, claim.change)]
    kept = {key: value for key, value in folder.record.items() if key not in ("format", "claims")}
    folder.claim(rest, **kept)


def _outcome(folder: TrialFolder, claim: Claim) -> TrialOutcome | None:
    if folder.complete:
        return folder.result_of(claim.base_id, claim.change)
    if folder.failed:
        return folder.failure_of(claim.base_id, claim.change)
    return None

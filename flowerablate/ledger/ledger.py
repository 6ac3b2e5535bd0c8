"""The ledger of a study: ``<root>/trials/<id>/`` with the trial, its checkpoints, and the result once it is complete.

A trial is complete when ``result.json`` has been renamed into place; nothing else is trusted. What a report needs is in
the trial folders, so studies merge by copying folders. ``study.json`` records what the runs asked for: without it,
every variant is compared with the base.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from os.path import join
from pathlib import Path
from typing import Any

from filelock import FileLock

from ..contracts import Trial, TrialOutcome
from ..files import sweep
from .earlier_labels import read_current_notes
from .json_files import many_objects
from .note import StudyNote, write_notes
from .trial_folder import TRIAL, Claim, TrialFolder

_NO_FILE = (FileNotFoundError, NotADirectoryError)


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
                entered = dict(self._entered()) if trials else {}
            places = {(c.base_id, c.change, seed): f for f, (seed, claims) in entered.items() for c in claims}
            order: dict[str, int] = {}
            for trial in trials:
                change = trial.variant.change
                claim = Claim(trial.base_id, change, order.setdefault(change, len(order)))
                folder = self.folder(trial)
                held_by = places.get((trial.base_id, change, trial.seed))
                if held_by is not None and held_by is not folder:
                    _withdraw(held_by, claim)
                    entered[held_by] = held_by.places
                known = entered[folder][1] if folder in entered else ()
                if all(old.base_id != claim.base_id for old in known):
                    folder.claim([*known, claim], id=trial.id, seed=trial.seed, pipeline=pipelines[change])
                    entered[folder] = folder.places
            write_notes(self._notes, read_current_notes(self._notes).with_note(note))

    def show(self, note: StudyNote) -> None:
        """Add the table that *note* has to the notes of its study; what runs have asked for stays as it is.

        Raises :class:`OSError` where the ledger cannot be written to.
        """
        with FileLock(self.root / "lock"):
            write_notes(self._notes, read_current_notes(self._notes).with_table(note))

    def sweep(self) -> None:
        """Remove the temporary files that killed processes left in the ledger, but for trials at work."""
        sweep([self.root, *(Path(self._trials, name) for name in self._names())])

    def note(self, base_id: str | None = None) -> StudyNote | None:
        """Return the note of the study with base *base_id*, by default that of the latest run.

        Without notes, return an empty one for the newest trial's base, or None if there are no trials.
        """
        notes = read_current_notes(self._notes)
        wanted = base_id or notes.latest
        if wanted:
            return notes.studies.get(wanted, StudyNote(wanted))
        folders = [folder for folder in map(self._folder, self._names()) if folder.exists]
        newest = max(folders, key=lambda folder: (folder.path / TRIAL).stat().st_mtime, default=None)
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
            return list(self.each_trial_of(base_id))

    def each_trial_of(self, base_id: str) -> Iterator[tuple[Claim, TrialFolder]]:
        """Yield the same one by one, for whoever may need few of them."""
        return ((claim, folder) for claim, folder in self._claims() if claim.base_id == base_id)

    def other_notes(self, base_id: str) -> list[StudyNote]:
        """Return the notes of the studies in this ledger with other bases than *base_id*."""
        return [note for base, note in read_current_notes(self._notes).studies.items() if base != base_id]

    def base_ids(self) -> list[str]:
        """Return the bases whose trials the ledger holds."""
        return sorted({claim.base_id for claim, _ in self._claims()})

    def unfinished(self, note: StudyNote) -> int:
        """Count the trials of the run recorded in *note* that have neither a result nor a failure yet."""
        folders = map(self._folder, note.trials)
        return sum(not folder.complete and not folder.failed for folder in folders)

    def trials_in(self, note: StudyNote) -> list[TrialFolder]:
        """Return the folders of the trials of the run recorded in *note*."""
        return [self._folder(trial) for trial in note.trials]

    @property
    def has_trials(self) -> bool:
        """Whether any trial was ever entered."""
        return bool(self._names())

    def has_outcomes(self, base_id: str) -> bool:
        """Whether a trial of the study with base *base_id* has finished or failed."""
        return any(folder.complete or folder.failed for _, folder in self.each_trial_of(base_id))

    def _claims(self) -> Iterator[tuple[Claim, TrialFolder]]:
        return ((claim, folder) for folder, (_, claims) in self._entered() for claim in claims)

    def _entered(self) -> Iterator[tuple[TrialFolder, tuple[int, tuple[Claim, ...]]]]:
        for name in self._names():
            folder = self._folder(name)
            try:
                places = folder.places
            except _NO_FILE:
                continue
            yield folder, places

    def _names(self) -> list[str]:
        try:
            return sorted(os.listdir(self._trials))
        except _NO_FILE:
            return []


def _withdraw(folder: TrialFolder, claim: Claim) -> None:
    rest = [old for old in folder.claims if (old.base_id, old.change) != (claim.base_id, claim.change)]
    kept = {key: value for key, value in folder.record.items() if key not in ("format", "claims")}
    folder.claim(rest, **kept)


def _outcome(folder: TrialFolder, claim: Claim) -> TrialOutcome | None:
    try:
        return folder.result_of(claim.base_id, claim.change)
    except FileNotFoundError:
        return folder.failure_of(claim.base_id, claim.change) if folder.failed else None

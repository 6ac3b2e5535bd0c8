"""What the executor ``slurm`` keeps in the folder ``slurm`` of a ledger: which job is which, reports, and logs.

What was written about a job, in all its attempts, goes once the job is done. Nothing here needs submitit.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from flowerablate.files import content_of, lock_now, write_json
from flowerablate.ledger import TrialFolder

FOLDER, LOCK = "slurm", "lock"


class SlurmRecord:
    """The record in the folder *ledger*; whoever writes it has locked it."""

    def __init__(self, ledger: Path) -> None:
        self._ledger = ledger
        self.folder = ledger / FOLDER
        self.lock, self.log = self.folder / LOCK, self.folder / "log"
        self._file = self.folder / "jobs.json"
        self._known: dict[str, dict[str, Any]] = {}

    def read(self) -> dict[str, dict[str, Any]]:
        """Return what is known of each job, by name: its number in Slurm (*slurm*) and its *report*."""
        if not self._known:
            try:
                self._known = json.loads(content_of(self._file))
            except (OSError, ValueError):
                self._known = {}
        return dict(self._known)

    def handed_in(self, name: str, slurm: str, report: Path, folder: Path) -> None:
        """Note a job, perhaps in place of an earlier attempt at it."""
        earlier = self._known.get(name)
        before = [*earlier.get("before", ()), earlier["slurm"]] if earlier else []
        self._known[name] = {"slurm": slurm, "report": str(report), "folder": str(folder), "before": before}

    def write(self) -> None:
        """Write the record."""
        write_json(self._file, self._known)

    def clear(self, name: str) -> None:
        """Remove what was written about a job that is done."""
        known = self._known.pop(name)
        for path in self.folder.glob(f"{name}-{'?' * 12}.json"):
            path.unlink(missing_ok=True)
        for slurm in (*known.get("before", ()), known["slurm"]):
            for path in self.log.glob(f"{slurm}_*"):
                path.unlink(missing_ok=True)

    def done_meanwhile(self) -> Iterable[str]:
        """Return the jobs whose folders have a result."""
        trials = self._ledger / "trials"
        return [
            name for name, known in self._known.items() if TrialFolder(known.get("folder") or trials / name).complete
        ]

    def close(self) -> None:
        """Write the record, or remove the folder if no job is in it."""
        if self._known:
            self.write()
        else:
            shutil.rmtree(self.folder, ignore_errors=True)


def clear_finished(ledger: Path) -> None:
    """Remove what was written about jobs that were done while no run watched them; another run may be at work."""
    record = SlurmRecord(ledger)
    if not record.folder.is_dir():
        return
    lock = lock_now(record.lock)
    if lock is None:
        return
    try:
        record.read()
        for name in record.done_meanwhile():
            record.clear(name)
        record.close()
    finally:
        lock.release()

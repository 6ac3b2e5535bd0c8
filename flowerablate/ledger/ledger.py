"""The ledger of a study: ``<root>/trials/<id>/`` with the trial, its checkpoints, and the result once it is complete.

A trial is complete when ``result.json`` has been renamed into place; nothing else is trusted. Everything that a report
needs is in the trial folders, so studies merge by copying folders, and there is no index that could disagree with them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ..contracts import Trial, TrialResult
from .files import read_json, write_json

_FORMAT = 1


@dataclass(frozen=True)
class Claim:
    """A trial's place in a study: for the base *base_id* it is the variant *change*.

    *order* is the variant's place in the design. One trial may serve several bases.
    """

    base_id: str
    change: str
    order: int


class TrialFolder:
    """One trial's folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def complete(self) -> bool:
        """Whether the trial has a result."""
        return (self.path / "result.json").is_file()

    def lock(self) -> FileLock | None:
        """Take the trial for this process until the lock is released; None where another process has it."""
        lock = FileLock(self.path / "lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return None
        return lock

    def finish(self, result: TrialResult, files: Mapping[str, Any]) -> None:
        """Write the JSON *files*, then the result; with it the trial is complete."""
        for name, content in files.items():
            write_json(self.path / f"{name}.json", content)
        content = asdict(result)
        for place_in_study in ("base_id", "change", "failure"):
            del content[place_in_study]
        write_json(self.path / "result.json", {"format": _FORMAT, **content})
        (self.path / "failure.json").unlink(missing_ok=True)

    def fail(self, reason: str, traceback: str) -> None:
        """Record that the trial could not be run; it is counted in reports, and tried again by the next run."""
        write_json(self.path / "failure.json", {"reason": reason, "traceback": traceback})

    def claims(self) -> list[Claim]:
        """Return the trial's places in studies."""
        return [Claim(**claim) for claim in read_json(self.path / "trial.json")["claims"]]

    @property
    def seed(self) -> int:
        """The replicate's seed."""
        return int(read_json(self.path / "trial.json")["seed"])


class Ledger:
    """The folder of one study's trials."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, trial: Trial) -> TrialFolder:
        """Return the folder of *trial*, which may not exist yet."""
        return TrialFolder(self.root / "trials" / trial.id)

    def enter(self, trials: Sequence[Trial], pipelines: Mapping[str, Any]) -> None:
        """Make the folders of *trials* and claim them for their study; *pipelines* describes each change."""
        order: dict[str, int] = {}
        for trial in trials:
            folder = self.folder(trial)
            change = trial.variant.change
            claim = Claim(trial.base_id, change, order.setdefault(change, len(order)))
            claims = folder.claims() if (folder.path / "trial.json").is_file() else []
            if any((old.base_id, old.change) == (claim.base_id, claim.change) for old in claims):
                continue
            folder.path.mkdir(parents=True, exist_ok=True)
            content = {
                "format": _FORMAT,
                "id": trial.id,
                "seed": trial.seed,
                "pipeline": pipelines[change],
                "claims": [asdict(old) for old in [*claims, claim]],
            }
            write_json(folder.path / "trial.json", content)
        if trials:
            write_json(self.root / "study.json", {"format": _FORMAT, "latest_base_id": trials[0].base_id})

    def latest_base_id(self) -> str | None:
        """Return the base of the latest run, or of the newest trial where that note is lost; None without trials."""
        note = self.root / "study.json"
        if note.is_file():
            return str(read_json(note)["latest_base_id"])
        newest = max(self._folders(), key=lambda folder: (folder.path / "trial.json").stat().st_mtime, default=None)
        return newest.claims()[-1].base_id if newest else None

    def results(self, base_id: str) -> list[TrialResult]:
        """Return the finished and failed trials of the study with that base: the base first, then as designed."""
        found: list[tuple[tuple[int, str, int], TrialResult]] = []
        for folder in self._folders():
            for claim in folder.claims():
                if claim.base_id == base_id and (result := _result(folder, claim)):
                    found.append(((claim.order if claim.change else -1, claim.change, result.seed), result))
        return [result for _, result in sorted(found, key=lambda pair: pair[0])]

    def base_ids(self) -> list[str]:
        """Return the bases that the ledger holds trials of."""
        return sorted({claim.base_id for folder in self._folders() for claim in folder.claims()})

    def unfinished(self, base_id: str) -> int:
        """Count the trials of that study that have neither a result nor a failure yet."""
        return sum(
            not folder.complete and not (folder.path / "failure.json").is_file()
            for folder in self._folders()
            if any(claim.base_id == base_id for claim in folder.claims())
        )

    def _folders(self) -> Iterator[TrialFolder]:
        for path in sorted((self.root / "trials").glob("*/trial.json")):
            yield TrialFolder(path.parent)


def _result(folder: TrialFolder, claim: Claim) -> TrialResult | None:
    if folder.complete:
        content = read_json(folder.path / "result.json")
        del content["format"]
        for group in ("metrics", "validation"):
            content[group] = {name: math.nan if value is None else value for name, value in content[group].items()}
        return TrialResult(**content, base_id=claim.base_id, change=claim.change)
    if (folder.path / "failure.json").is_file():
        reason = str(read_json(folder.path / "failure.json")["reason"])
        return TrialResult.failed(folder.path.name, claim.base_id, claim.change, folder.seed, reason)
    return None

"""What the preparation of a study comes to, and the preparation as a job in a process of its own.

If that process ends or falls silent, the variant at hand is at fault, and the rest is prepared without it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from filelock import FileLock

from ..contracts import Ended, Job, label_of
from ..errors import FlowerablateError, PluginError
from ..jobs.schedule import Client, Limits, Schedule, Then
from ..jobs.worker import LOG, ended_how, tail_of_log
from ..study.schema import StudyFile
from .observer import RunObserver
from .plan import Plan

ENTRY = f"{__package__}.preparing:run"
FOLDER = "prepare"
"""The folder of the job in a study's ledger, which keeps its log."""

RESULT = "prepared.json"
_ERRORS = {each.__name__: each for each in FlowerablateError.__subclasses__()}


@dataclass(frozen=True)
class Prepared:
    """What the preparation of a design came to; *broken* has the reason for each change that cannot be trained.

    *refused*, *remarks*, *repeated*: see :class:`~flowerablate.probe.design.Probed`.
    """

    refused: Mapping[str, str] = field(default_factory=dict)
    remarks: Mapping[str, str] = field(default_factory=dict)
    repeated: int = 0
    broken: Mapping[str, str] = field(default_factory=dict)

    def applied(self, plan: Plan) -> Plan:
        """Return *plan* without the questions that are refused."""
        design = plan.design.reduced(self.refused)
        return replace(plan, design=design, refused=self.refused, remarks=self.remarks)


def prepare_apart(
    study: StudyFile,
    missing: Collection[str],
    job: Job,
    schedule: Callable[[Limits, Client], Schedule],
    observer: RunObserver,
    limits: Limits,
) -> Prepared:
    """Do as :func:`.preparing.prepare` does in a process of its own.

    *job* names it, ``schedule(limits, client)`` starts it.

    A change in whose turn the process ends, or is silent for longer than *limits* allow, is broken. If it is the base,
    raises :class:`PluginError`.
    """
    job.folder.mkdir(parents=True, exist_ok=True)
    params = {**job.params, "study": study.model_dump(mode="json"), "missing": sorted(missing)}
    broken: dict[str, str] = {}
    with FileLock(job.folder / "lock"):  # another run of the study prepares the same
        while True:
            (job.folder / RESULT).unlink(missing_ok=True)
            watch = _Watch(observer)
            attempt = replace(job, params={**params, "broken": broken})
            schedule(Limits(silence=limits.silence), watch).run([attempt])
            found = _result(job.folder)
            if found is not None:
                return found
            how = watch.how(job.folder)
            at_fault = [change for change in watch.about if change not in broken]
            if "" in at_fault or not at_fault:
                raise PluginError(f"the study could not be prepared: {how}; {job.folder / LOG} has more")
            broken |= dict.fromkeys(at_fault, f"could not be prepared: {how}")


def _result(folder: Path) -> Prepared | None:
    try:
        content = json.loads((folder / RESULT).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    if "error" not in content:
        return Prepared(**content)
    if content["error"] == OSError.__name__:
        raise OSError(content["errno"], content["message"], content["file"])
    raise _ERRORS.get(content["error"], FlowerablateError)(content["message"])


class _Watch:
    """The client of the one job: shows how far it is, and remembers what it turned to."""

    def __init__(self, observer: RunObserver) -> None:
        self._observer = observer
        self._ended = Ended("")
        self.about: list[str] = []

    def may_start(self, job: Job) -> bool:
        return True

    def started(self, job: Job) -> None:
        """Nothing to show before its first event."""

    def event(self, job: Job, event: dict[str, Any]) -> None:
        if event["event"] == "preparing":
            self._observer.preparing(event["what"], event["done"], event["total"])
        elif event["event"] == "about":
            self.about = event["what"]

    def ended(self, job: Job, ended: Ended, attempt: int) -> Then:
        self._ended = ended
        return Then.GO_ON

    def how(self, folder: Path) -> str:
        return ended_how(self._ended.exit_code, self._ended.reason, tail_of_log(folder))


def in_words(prepared: Prepared) -> list[str]:
    """Return what is to be said of the broken variants before the first trial."""
    return [f"{label_of(change)} cannot be trained: {reason}" for change, reason in prepared.broken.items()]

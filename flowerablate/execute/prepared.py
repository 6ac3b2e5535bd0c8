"""What the preparation of a study comes to, and the preparation as a job in a process of its own.

If that process ends or falls silent, the variant at hand is at fault, and the rest is prepared without it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from filelock import FileLock

from ..contracts import Job, label_of
from ..errors import PluginError
from ..jobs.schedule import Client, Limits, Schedule
from ..jobs.worker import LOG
from ..study.schema import StudyFile
from .apart import ask
from .observer import RunObserver
from .plan import Plan

ENTRY = f"{__package__}.preparing:run"
FOLDER = "prepare"
"""The folder of the job in a study's ledger, which keeps its log."""


@dataclass(frozen=True)
class Prepared:
    """What the preparation of a design came to; *broken* has the reason for each change that cannot be trained.

    *refused*, *remarks*, *repeated*: see :class:`~flowerablate.probe.design.Probed`. *needs*: the files and folders
    that the trials of each change read. *hints*: what else is to be said before the first trial on this CPU.
    """

    refused: Mapping[str, str] = field(default_factory=dict)
    remarks: Mapping[str, str] = field(default_factory=dict)
    repeated: int = 0
    broken: Mapping[str, str] = field(default_factory=dict)
    needs: Mapping[str, Sequence[str]] = field(default_factory=dict)
    hints: Sequence[str] = ()

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

    A change in whose turn the process ends, or takes longer than *limits* allow a trial, or its silence, is broken. If
    it is the base, raises :class:`PluginError`.
    """
    job.folder.mkdir(parents=True, exist_ok=True)
    params = {**job.params, "study": study.model_dump(mode="json"), "missing": sorted(missing)}
    broken: dict[str, str] = {}
    with FileLock(job.folder / "lock"):  # another run of the study prepares the same
        while True:
            asked = replace(job, params={**params, "broken": broken})
            found = ask(asked, schedule, observer.preparing, limits)
            if found.content is not None:
                return Prepared(**found.content)
            at_fault = [change for change in found.about if change not in broken]
            if "" in at_fault or not at_fault:
                raise PluginError(f"the study could not be prepared: {found.how}; {job.folder / LOG} has more")
            broken |= dict.fromkeys(at_fault, f"could not be prepared: {found.how}")


def in_words(prepared: Prepared) -> list[str]:
    """Return what is to be reported of the broken variants before the first trial."""
    return [f"{label_of(change)} cannot be trained: {reason}" for change, reason in prepared.broken.items()]

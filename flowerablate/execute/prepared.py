"""What the preparation of a study comes to, and the preparation as a job in a process of its own.

If that process ends or falls silent, the variant at hand is at fault, and the rest is prepared without it. What others
may have brought about is tried apart before it is believed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from filelock import FileLock

from ..contracts import Job, label_of
from ..errors import PluginError, StudyError
from ..jobs.fork_server import SERVER_ENDED, number_of_server, still_serves
from ..jobs.schedule import Client, Limits, Schedule
from ..jobs.worker import LOG
from ..stats.confounds import nothing_left
from ..stats.wording import several
from ..study.schema import StudyFile
from .apart import Answer, ask
from .execution import PRELOAD
from .observer import RunObserver
from .plan import Plan

ENTRY = f"{__package__}.preparing:run"
FOLDER = "prepare"
"""The folder of the job in a study's ledger, which keeps its log."""

HARMFUL = "harmful"
"""The changes of which one has changed the process in which all are prepared, in the answer of the job."""

_TRIES = 2
"""How often a variant is prepared alone if the fork server ends meanwhile: somebody else may have ended it."""


@dataclass(frozen=True)
class Prepared:
    """What the preparation of a design came to; *broken* has the reason for each change that cannot be trained.

    *refused*, *remarks*, *repeated*: see :class:`~flowerablate.probe.design.Probed`. *needs*: the files and folders
    that the trials of each change read. *hints*: what else is to be said before the first trial on this CPU.
    *apart*: the changes that had a process of their own, so that they were compared with the base alone.
    """

    refused: Mapping[str, str] = field(default_factory=dict)
    remarks: Mapping[str, str] = field(default_factory=dict)
    repeated: int = 0
    broken: Mapping[str, str] = field(default_factory=dict)
    needs: Mapping[str, Sequence[str]] = field(default_factory=dict)
    hints: Sequence[str] = ()
    apart: Sequence[str] = ()

    def applied(self, plan: Plan) -> Plan:
        """Return *plan* without the questions that are refused."""
        design = plan.design.reduced(self.refused)
        if self.refused and not design.contrasts:
            raise StudyError(nothing_left(self.refused))
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
    it is the base, raises :class:`PluginError`. Where others were looked at before in the same process, which may have
    harmed it, each that may be at fault has a process of its own first.
    """
    job.folder.mkdir(parents=True, exist_ok=True)
    with FileLock(job.folder / "lock"):  # another run of the study prepares the same
        return _Preparation(study, job, schedule, observer, limits, frozenset(missing)).run()


@dataclass
class _Preparation:
    """The preparation of *changes*: what it came to so far, and which of them had a process of their own, *apart*.

    *alone*: those that could be prepared so, the base too if it was tried.
    """

    study: StudyFile
    job: Job
    schedule: Callable[[Limits, Client], Schedule]
    observer: RunObserver
    limits: Limits
    changes: frozenset[str]
    found: Prepared = field(default_factory=Prepared)
    apart: set[str] = field(default_factory=set)
    alone: set[str] = field(default_factory=set)

    def run(self) -> Prepared:
        """Prepare all in one process; again without those that may have ended it."""
        while left := self.changes - self.apart:
            asked = self._ask(left, self.apart)
            if asked.content is None:
                self._after_end(asked)
                continue
            if HARMFUL in asked.content:
                for change in asked.content[HARMFUL]:
                    self._prepare_alone(change)
                continue
            together = Prepared(**asked.content)
            doubtful = _harmed(together.broken.keys() - self.apart, asked)
            self._add(together, without=self.apart | doubtful)
            for change in sorted(doubtful):
                self._prepare_alone(change)
            break
        return replace(self.found, apart=sorted(self.apart - self.found.broken.keys() - {""}))

    def _ask(self, changes: Collection[str], without: Collection[str]) -> Answer:
        """Have *changes* prepared, and compared with all others but those *without* which it is to be done."""
        params = {
            **self.job.params,
            "study": self.study.model_dump(mode="json"),
            "missing": sorted(changes),
            "broken": {change: "" for change in without if change},
        }
        return ask(replace(self.job, params=params), self.schedule, self.observer.preparing, self.limits)

    def _after_end(self, asked: Answer) -> None:
        """Find out which of the changes that the process had looked at ended it."""
        at_hand = set(asked.about) - self.apart
        possible = set(at_hand)
        if asked.lost:  # the server may have been killed a while ago
            possible |= self.changes
        elif "" in at_hand:  # what came before may have harmed the base
            possible |= asked.before
        suspects = possible - self.apart - {""}
        if not suspects:
            raise self._error(asked.how)
        if suspects == at_hand and not asked.lost and (asked.stopped or not _harmed(at_hand, asked)):
            for change in suspects:
                self._blame(change, asked.how)
            return
        if "" in possible & self.changes:
            self._prepare_alone("")  # first, because all others are compared with it
        for change in sorted(suspects):
            self._prepare_alone(change)

    def _prepare_alone(self, change: str) -> None:
        """Prepare *change* in a process of its own; if it ends that one too, or the fork server, it is broken."""
        without = (self.changes | self.apart) - {change}
        for _ in range(_TRIES):
            server = number_of_server()
            asked = self._ask({change}, without)
            lives = still_serves(server or number_of_server(), PRELOAD)
            if asked.content is None or lives:
                break
        if change and not asked.lost and "" in asked.about and change in asked.before and "" not in self.alone:
            self._prepare_alone("")  # if the base can be prepared, it is the change that harmed it
        how = asked.how if asked.content is None else SERVER_ENDED
        if asked.content is not None and lives:
            self.alone.add(change)
            self.apart |= {change} & self.changes
            self._add(Prepared(**asked.content), without)
        elif not change or (not asked.lost and "" in asked.about and "" not in self.alone):
            raise self._error(how)
        else:
            self._blame(change, how)

    def _blame(self, change: str, how: str) -> None:
        self.apart.add(change)
        if change not in self.changes:  # its trials are done
            return
        self._add(Prepared(broken={change: f"could not be prepared: {how}"}))

    def _add(self, other: Prepared, without: Collection[str] = ()) -> None:
        broken = {change: reason for change, reason in other.broken.items() if change not in without}
        self.found = Prepared(
            {**self.found.refused, **other.refused},
            {**self.found.remarks, **other.remarks},
            self.found.repeated + other.repeated,
            {**self.found.broken, **broken},
            {**self.found.needs, **other.needs},
            tuple(dict.fromkeys((*self.found.hints, *other.hints))),
        )

    def _error(self, how: str) -> PluginError:
        return PluginError(f"the study could not be prepared: {how}; {self.job.folder / LOG} has more")


def _harmed(changes: Collection[str], asked: Answer) -> set[str]:
    """Return those of *changes* that another one, looked at in the same process, may have harmed."""
    looked_at = asked.before | set(asked.about)
    return {change for change in changes if looked_at - {"", change}}


def in_words(prepared: Prepared) -> list[str]:
    """Return what is to be reported before the first trial of variants that are broken or were prepared apart."""
    found = [f"{label_of(change)} cannot be trained: {reason}" for change, reason in prepared.broken.items()]
    if len(prepared.apart) > 1:
        names = several([label_of(change) for change in prepared.apart])
        found.append(
            f"{names} were prepared in processes of their own: whether they differ from each other is not known"
        )
    return found

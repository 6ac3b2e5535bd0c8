"""Starts jobs on an executor as places become free, watches how far they are, and stops those that take too long."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from secrets import token_hex
from typing import Any, Protocol

from ..contracts import Ended, Executor, Job
from ..durations import in_units
from .events import EventReader
from .inline import UNWANTED, InlineExecutor
from .worker import DONE, word_of
from .worker_places import FreePlaces, WorkerPlace

_POLL = 0.05
"""Seconds to wait for a job to end before the events of the others are read."""

_HEARD_AT_ONCE = 64
"""Jobs whose events can be read after each poll; where more run, they are read less often."""


class Then(Enum):
    """What happens after a job has ended."""

    GO_ON = "go on"
    AGAIN = "again"
    ALONE = "alone"
    """Run it again while no other job runs on its device."""
    STOP = "stop"


class Client(Protocol):
    """Knows what the jobs of a schedule are for."""

    def may_start(self, job: Job) -> bool:
        """Whether *job* is still to be started; False ends the schedule once the running jobs have ended."""

    def started(self, job: Job) -> None:
        """The job is handed to the executor, for the first time or again."""

    def event(self, job: Job, event: dict[str, Any]) -> bool:
        """The job has written an event. False stops the job; what it wrote after that event is not heard."""

    def has_result(self, job: Job) -> bool:
        """Whether the job has left its result: then it does not run again, whatever its end is said to be."""

    def ended(self, job: Job, ended: Ended, attempt: int) -> Then:
        """The job's process has ended, its *attempt*-th one, counted from 1."""


@dataclass(frozen=True)
class Limits:
    """How long a job may take, and how long it may be silent, in seconds; 0: any time.

    *part*: how long it may take for each thing that it turns to (event ``about``); packing images does not count.
    """

    job: float = 0.0
    silence: float = 0.0
    part: float = 0.0


@dataclass
class _Running:
    job: Job
    place: WorkerPlace | None
    events: EventReader
    attempt: int
    alone: bool
    began: float
    heard: float
    turned: float | None = None
    """Since when it has been at the part at hand, if it has named one."""
    unwanted: bool = False


@dataclass
class Schedule:
    """Runs jobs on *executor*, each on one of *places* (none: the executor chooses), within *limits*.

    *detach*: start them and do not wait until they end. *max_lost*: how often a job runs again that ended for a reason
    outside it.
    """

    executor: Executor
    places: Sequence[WorkerPlace]
    limits: Limits
    client: Client
    detach: bool = False
    max_lost: int = 3
    _waiting: deque[tuple[Job, int, bool]] = field(default_factory=deque)
    _running: dict[str, _Running] = field(default_factory=dict)
    _lost: dict[str, int] = field(default_factory=dict)
    _stopped: list[Job] = field(default_factory=list)
    _open: bool = True
    _heard: float = -math.inf

    def __post_init__(self) -> None:
        self._free = FreePlaces(self.places)

    def add(self, job: Job) -> None:
        """Run *job* too; for a client that learns from one job what the next one is."""
        self._waiting.append((job, 1, False))

    def run(self, jobs: Iterable[Job]) -> list[Job]:
        """Run *jobs*, in order, and return those that did not end: they were not started, not again, or were stopped.

        An exception, such as that of Ctrl-C, stops all jobs before it passes through.
        """
        if isinstance(self.executor, InlineExecutor):
            self.executor.hear = self.client.event
        for job in jobs:
            self.add(job)
        try:
            while self._running or (self._open and self._waiting):
                self._start()
                for ended in self.executor.ended(_POLL if self._running else 0.0):
                    self._end(ended)
                self._watch()
                if self.detach:
                    self._running.clear()
                    break
        finally:
            if self._running:
                self._stop_all()
        return [*self._stopped, *(job for job, _, _ in self._waiting)]

    def _start(self) -> None:
        chosen: list[Job] = []
        capacity = self.executor.capacity
        while self._open and self._waiting and (capacity is None or len(self._running) < capacity):
            job, attempt, alone = self._waiting[0]
            place = self._free.find(alone) if self.places else None
            if self.places and place is None:
                break
            if not self.client.may_start(job):
                self._open = False
                break
            self._waiting.popleft()
            if place is not None:
                self._free.take(place, alone)
                job = replace(job, device=place.device, cores=place.cores)
            job = replace(job, attempt=token_hex(8))
            now = time.monotonic()
            self._running[job.name] = _Running(job, place, EventReader(job.folder), attempt, alone, now, now)
            self.client.started(job)
            chosen.append(job)
        if chosen:
            at_work = self.executor.start(chosen) or ()
            now = time.monotonic()
            for job in chosen:  # it may have waited for a fork server that loads torch
                self._running[job.name].began = self._running[job.name].heard = now
            for name in at_work:
                self._running[name].events.read_all()

    def _end(self, ended: Ended) -> None:
        running = self._running.pop(ended.name, None)
        if running is None:
            return
        self._hear(running)
        if running.place is not None:
            self._free.give_back(running.place, running.alone)
        job = running.job
        if ended.word is None and ended.exit_code != DONE:
            ended = replace(ended, word=word_of(job))
        lost = ended.lost and not running.unwanted and self._lost.setdefault(job.name, 0) < self.max_lost
        if lost and not self.client.has_result(job):
            self._lost[job.name] += 1
            # One of the jobs beside it may be what ends them all: apart, each has its own end.
            alone = running.alone or self._lost[job.name] > 1
            self._waiting.appendleft((job, running.attempt, alone))
            return
        then = self.client.ended(job, ended, running.attempt)
        if then is Then.AGAIN:
            self._waiting.append((job, running.attempt + 1, running.alone))
        elif then is Then.ALONE:
            self._waiting.append((job, running.attempt, True))
        elif then is Then.STOP:
            self._open = False
            self._stopped += self._stop_all()

    def _stop_all(self) -> list[Job]:
        self.executor.stop(tuple(self._running))
        stopped = [running.job for running in self._running.values()]
        for job in stopped:
            word_of(job)  # which nobody will want to hear
        self._running.clear()
        return stopped

    def _watch(self) -> None:
        now = time.monotonic()
        if now - self._heard < _POLL * len(self._running) / _HEARD_AT_ONCE:
            return
        self._heard = now
        for running in list(self._running.values()):
            self._hear(running)
            reason = UNWANTED if running.unwanted else self._too_long(running)
            if reason:
                self.executor.stop((running.job.name,))
                self._end(Ended(running.job.name, None, reason=reason))

    def _hear(self, running: _Running) -> None:
        if isinstance(self.executor, InlineExecutor):
            return  # the client has heard of it already
        for event in () if running.unwanted else running.events.new():
            now = time.monotonic()
            if event["event"] == "started":
                running.began = now  # it may have waited in the executor's queue until now, for the first time or again
            if event["event"] == "about" or (event["event"] == "preparing" and running.turned is not None):
                running.turned = now
            running.heard = now
            if not self.client.event(running.job, event):
                running.unwanted = True
                break

    def _too_long(self, running: _Running) -> str:
        if not running.events.begun and not self.places:
            return ""  # it waits in the executor's queue
        now = time.monotonic()
        timed = ((self.limits.job, running.began), (self.limits.part, running.turned))
        for limit, since in timed:
            if limit and since is not None and now - since > limit:
                return f"it exceeded its time limit of {in_units(limit)} and was stopped"
        if self.limits.silence and now - running.heard > self.limits.silence:
            return f"it made no progress for {in_units(self.limits.silence)} and was stopped"
        return ""

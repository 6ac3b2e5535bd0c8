"""A job that is no longer wanted ends at once, in a process or here; a client adds another one."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from flowerablate.contracts import Ended, Job
from flowerablate.jobs.events import EventWriter
from flowerablate.jobs.inline import UNWANTED, InlineExecutor
from flowerablate.jobs.schedule import Limits, Schedule, Then

EPOCHS = 5


def all_epochs(job: Job, begin: Callable[[], EventWriter]) -> int:
    """Stand for the entry of a job."""
    events = begin()
    for epoch in range(1, EPOCHS + 1):
        events.epoch_done(epoch, {})
    return 0


class Elsewhere:
    """An executor whose jobs write all their events at once, and go on until they are stopped; but not the last one."""

    capacity = 1

    def __init__(self):
        self._running, self.stopped = [], []

    def start(self, jobs):
        for job in jobs:
            events = EventWriter(job.folder)
            all_epochs(job, lambda events=events: events)
            events.close()
            self._running.append(job.name)

    def ended(self, seconds):
        ended = [Ended(name, 0) for name in self._running if name == "last"]
        self._running = [name for name in self._running if name != "last"]
        return ended

    def stop(self, names):
        self.stopped += names
        self._running = [name for name in self._running if name not in names]

    def close(self):
        pass


class Client:
    """Wants two epochs of the job ``first``, and then another job."""

    def __init__(self, following: Job):
        self.heard, self.ends, self.schedule, self._following = [], [], None, following

    def may_start(self, job):
        return True

    def started(self, job):
        pass

    def event(self, job, event):
        if event["event"] == "epoch_done":
            self.heard.append((job.name, event["epoch"]))
        return (job.name, event.get("epoch")) != ("first", 2)

    def has_result(self, job):
        return False

    def ended(self, job, ended, attempt):
        self.ends.append(ended)
        if job.name == "first":
            self.schedule.add(self._following)
        return Then.GO_ON


@pytest.mark.parametrize("make", [InlineExecutor, Elsewhere])
def test_a_job_that_is_no_longer_wanted_is_stopped_and_a_client_may_add_another(make, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "flowerablate.of_a_test", sys.modules[__name__])
    first, last = (job_in(tmp_path / name) for name in ("first", "last"))
    executor, client = make(), Client(last)
    client.schedule = Schedule(executor, (), Limits(), client)
    assert client.schedule.run([first]) == []
    assert client.heard == [("first", 1), ("first", 2), *(("last", epoch) for epoch in range(1, EPOCHS + 1))]
    assert client.ends == [Ended("first", None, reason=UNWANTED), Ended("last", 0)]
    assert getattr(executor, "stopped", ["first"]) == ["first"]


def job_in(folder: Path) -> Job:
    folder.mkdir()
    return Job(folder.name, "flowerablate.of_a_test:all_epochs", folder, folder, folder)

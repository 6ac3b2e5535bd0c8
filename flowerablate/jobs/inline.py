"""The executor that does one job after another in this process, where a debugger and ``print`` reach it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any

from ..contracts import Ended, Job
from .worker import work


class InlineExecutor:
    """Does each job when it is started; what a component does to this process outlives its trial."""

    capacity = 1

    def __init__(self) -> None:
        self._ended: list[Ended] = []
        self.hear: Callable[[Job, dict[str, Any]], None] | None = None
        """Hears the events of jobs as they happen, since nobody can read them meanwhile."""

    def start(self, jobs: Sequence[Job]) -> None:
        """Do *jobs*, one after another."""
        for job in jobs:
            listener = partial(self.hear, job) if self.hear else None
            self._ended.append(Ended(job.name, work(job, listener)))

    def ended(self, seconds: float) -> list[Ended]:
        """Return the jobs that were done since the last call."""
        ended, self._ended = self._ended, []
        return ended

    def stop(self, names: Collection[str]) -> None:
        """Do nothing: no job runs while another call is made."""

    def close(self) -> None:
        """Do nothing."""

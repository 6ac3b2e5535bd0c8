"""The executor that does one job after another in this process, where a debugger and ``print`` reach it."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from ..contracts import Ended, Job
from .worker import work

UNWANTED = "it was stopped because it is no longer needed"


class _Unwanted(BaseException):
    """Ends the job at hand: no component can take it for an error of its own."""


@contextmanager
def same_folder() -> Iterator[None]:
    """Return to the working directory at the end, for who names files from there; a component may have left it."""
    try:
        here = os.getcwd()  # noqa: PTH109
    except FileNotFoundError:  # it has been removed
        here = ""
    try:
        yield
    finally:
        with suppress(OSError):
            os.chdir(here or os.curdir)


class InlineExecutor:
    """Does each job when it is started; what a component does to this process outlives its trial."""

    capacity = 1

    def __init__(self) -> None:
        self._ended: list[Ended] = []
        self.hear: Callable[[Job, dict[str, Any]], bool] | None = None
        """Hears the events of jobs as they happen, since nobody can read them meanwhile; False ends the job."""

    def start(self, jobs: Sequence[Job]) -> None:
        """Do *jobs*, one after another."""
        for job in jobs:
            with same_folder():
                try:
                    code = work(job, partial(self._listen, job))
                    self._ended.append(Ended(job.name, code, word=code or None))  # no process ended with it
                except _Unwanted:
                    self._ended.append(Ended(job.name, reason=UNWANTED))

    def _listen(self, job: Job, event: dict[str, Any]) -> None:
        if self.hear is not None and not self.hear(job, event):
            raise _Unwanted

    def ended(self, seconds: float) -> list[Ended]:
        """Return the jobs that were done since the last call."""
        ended, self._ended = self._ended, []
        return ended

    def stop(self, names: Collection[str]) -> None:
        """Do nothing: no job runs while another call is made."""

    def close(self) -> None:
        """Do nothing."""

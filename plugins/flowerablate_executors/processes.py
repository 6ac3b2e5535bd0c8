"""The executor ``processes``: each job in a fresh process of this machine, which costs little.

On Linux and macOS a fork server loads torch and the installed plugins once; each job is forked from it. It computes
nothing itself, so a fork never meets another thread. Elsewhere processes are spawned.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Collection, Sequence
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowerablate.contracts import Ended, Job
from flowerablate.jobs.fork_server import (
    SERVER_ENDED,
    begin_fork_server,
    has_ended,
    kill_server,
    number_of_server,
    wake_server,
    without_main,
)
from flowerablate.jobs.worker import live_for

if TYPE_CHECKING:  # Windows has no fork server
    from multiprocessing.context import ForkServerContext, SpawnContext

_SERVER_GONE = 255
"""The exit code that :mod:`multiprocessing` reports for a process whose fork server ended before it; or its own."""


class ProcessExecutor:
    """Gives each job a process; *jobs* at once. *preload*: the modules that the fork server loads."""

    def __init__(self, jobs: int, preload: Sequence[str] = ()) -> None:
        self.capacity = jobs
        server = begin_fork_server(preload)
        self._forks, self._preload = server is not None, tuple(preload)
        self._context: ForkServerContext | SpawnContext = server or multiprocessing.get_context("spawn")
        self._running: dict[str, BaseProcess] = {}
        self._servers: dict[str, int | None] = {}
        """The fork server of each job."""
        self._lost: list[Ended] = []

    def start(self, jobs: Sequence[Job]) -> None:
        """Start a process for each of *jobs*; one whose fork server ends at this moment is lost."""
        for job in jobs:
            here = (dict(os.environ), str(Path.cwd()), list(sys.path))
            process = self._context.Process(target=_live, args=(job.as_json(), *here), daemon=False)
            try:
                begin_fork_server(self._preload)  # a new one, if it has ended
                with without_main():
                    process.start()
            except (EOFError, ConnectionError, FileNotFoundError):  # it has ended, or its socket was removed
                server = number_of_server()
                kill_server()
                has_ended(server, self._preload)  # so that the next job does not meet the same one
                self._lost.append(Ended(job.name, lost=True, reason=SERVER_ENDED))
            else:
                self._running[job.name] = process
                self._servers[job.name] = number_of_server()

    def ended(self, seconds: float) -> list[Ended]:
        """Return the jobs whose processes have ended; wait at most *seconds* for the first."""
        found, self._lost = self._lost, []
        wake_server()
        wait([process.sentinel for process in self._running.values()], timeout=0 if found else seconds)
        for name, process in list(self._running.items()):
            code = process.exitcode
            if code is None:
                continue
            del self._running[name]
            process.close()
            lost = self._forks and code == _SERVER_GONE and has_ended(self._servers[name], self._preload)
            found.append(Ended(name, None if lost else code, lost, SERVER_ENDED if lost else ""))
        return found

    def stop(self, names: Collection[str]) -> None:
        """Kill the processes of these jobs, and those that they have started."""
        stopped = [self._running.pop(name) for name in names if name in self._running]
        for process in stopped:
            _kill(process)
        for process in stopped:
            process.join()
            process.close()

    def close(self) -> None:
        """Kill all processes; the fork server lives on until this process ends, for the next run."""
        self.stop(tuple(self._running))


def _live(content: dict[str, Any], environment: dict[str, str], folder: str, path: list[str]) -> None:
    """Take over what the parent has now, which may not be what it had when the fork server began, and do the job."""
    os.environ.clear()
    os.environ.update(environment)
    with contextlib.suppress(OSError):
        os.chdir(folder)
    sys.path[:] = path
    live_for(Job.of_json(content))


def _kill(process: BaseProcess) -> None:
    pid = process.pid
    if pid is None or process.exitcode is not None:
        return
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            # The group is there once the process leads it, which is the first thing that it does.
            deadline = time.monotonic() + 1
            while os.getpgid(pid) != pid and time.monotonic() < deadline:
                time.sleep(0.001)
            os.killpg(pid, signal.SIGKILL) if os.getpgid(pid) == pid else os.kill(pid, signal.SIGKILL)
        else:
            process.kill()

"""The executor ``slurm``: the jobs of a study as a job array of Slurm, handed in by submitit.

Slurm has a queue of its own, and its jobs outlive the process that handed them in. So it is written down which job is
which, and the next run of the study watches those that wait or run instead of handing them in again. That a job has
ended is known from a file that it writes, or from ``squeue``: not every cluster keeps the accounts that submitit asks
``sacct`` for.
"""

from __future__ import annotations

import json
import logging
import math
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

import submitit
from submitit.core.utils import JobPaths

from flowerablate import ExecutorContext, StudyError
from flowerablate.contracts import Ended, Job
from flowerablate.durations import seconds_of
from flowerablate.errors import one_line
from flowerablate.files import content_of, lock_now
from flowerablate.jobs.events import forget_events
from flowerablate.jobs.same_process import began
from flowerablate.jobs.worker import DONE, DONE_BEFORE, ELSEWHERE

from .slurm_record import SlurmRecord
from .slurm_task import SlurmTask

LOCAL = "local"
"""The cluster that submitit plays on this machine, without Slurm."""

_ARRAY = 1000
"""Jobs in one array at most: Slurm's own default of MaxArraySize allows 1001."""

_ASK = 5.0
"""Seconds between two questions to Slurm."""

_LOOK = 0.5
"""Seconds between two looks at the reports of jobs, which lie on a file system that many machines share."""

_PATIENCE = 30.0
"""Seconds after the end of a job in which its report may still arrive on a shared file system."""

_TIMEOUTS = 1_000_000
"""How often a job that reaches its time limit is handed in again: it goes on each time."""

_WAITING = frozenset({"PENDING", "REQUEUED", "REQUEUE_HOLD", "SPECIAL_EXIT"})
_OVER = frozenset(
    {
        "BOOT_FAIL",
        "CANCELLED",
        "COMPLETED",
        "DEADLINE",
        "FAILED",
        "NODE_FAIL",
        "OUT_OF_MEMORY",
        "PREEMPTED",
        "REVOKED",
        "TIMEOUT",
    }
)
_GONE = "GONE"
"""The state of a job that Slurm has forgotten, a few minutes after its end."""

_LOST = frozenset({"BOOT_FAIL", "NODE_FAIL", "PREEMPTED", "REVOKED"})


@dataclass
class _Submitted:
    """A job with its *slurm* id, its *report*, and when it was first seen to be *over* without one."""

    job: Job
    slurm: str
    report: Path
    over: float | None = None
    local: Any = None


class SlurmExecutor:
    """Hands jobs to Slurm with these settings of ``sbatch``; *cluster* may be :data:`LOCAL`."""

    def __init__(self, context: ExecutorContext, *, cluster: str, time: str, setup: str, **settings: str) -> None:
        self._context = context
        self._record = SlurmRecord(context.folder)
        self._folder, self._log = self._record.folder, self._record.log
        self._local = cluster == LOCAL
        self.capacity = max(1, context.jobs) if self._local else None
        if not self._local and shutil.which("srun") is None:
            raise StudyError(
                "Slurm's srun was not found; run this on a login node, or try it with --executor slurm,cluster=local"
            )
        if "gpu" in settings["gres"] and not context.gpus:
            raise StudyError("a trial that asks Slurm for a GPU needs it named as its device too: --devices cuda")
        logging.getLogger("submitit").setLevel(logging.ERROR)
        self._cluster = cluster
        self._settings: dict[str, Any] = {
            "timeout_min": math.ceil(seconds_of(time) / 60),
            "cpus_per_task": context.threads,
        }
        if context.gpus and not settings["gres"]:
            self._settings["gpus_per_node"] = math.ceil(context.gpus)
        if not self._local:
            self._settings |= {f"slurm_{name}": value for name, value in settings.items() if value}
            self._settings["name"] = f"flowerablate-{context.study}"[:60]
            self._settings["slurm_array_parallelism"] = context.jobs or _ARRAY
            if setup:
                self._settings["slurm_setup"] = [setup]
        self._lock: Any = None
        self._jobs: dict[str, _Submitted] = {}
        self._earlier: dict[str, dict[str, Any]] = {}
        """Jobs of earlier runs that waited or ran when this one began, and were not asked for yet."""
        self._done: list[tuple[str, str]] = []
        """Jobs that have their result, with their numbers in Slurm; submitit may still write about them."""
        self._refused: list[Ended] = []
        self._states: dict[str, str] = {}
        self._asked = self._looked = -math.inf

    def start(self, jobs: Sequence[Job]) -> Collection[str]:
        """Hand in *jobs*, but for those that wait or run in Slurm from an earlier run, whose names are returned.

        One run of a study at a time hands in and watches: to another, all of its jobs are at work elsewhere.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._lock is None:
            self._lock = lock_now(self._record.lock)
            if self._lock is None:
                self._refused += [Ended(job.name, word=ELSEWHERE) for job in jobs]
                return ()
            self._earlier = self._going_on()
        new, taken_up = [], []
        for job in jobs:
            job.folder.mkdir(parents=True, exist_ok=True)
            found = self._earlier.pop(job.name, None)
            if found:
                self._jobs[job.name] = _Submitted(job, found["slurm"], Path(found["report"]))
                taken_up.append(job.name)
            else:
                new.append(job)
        for first in range(0, len(new), _ARRAY):
            self._hand_in(new[first : first + _ARRAY])
            self._record.write()
        return taken_up

    def _hand_in(self, jobs: Sequence[Job]) -> None:
        reports = [self._folder / f"{job.name}-{token_hex(6)}.json" for job in jobs]
        search = tuple(path for path in sys.path if path)
        ends_with = (os.getpid(), began(os.getpid()) or "") if self._local else None
        tasks = [SlurmTask(job.as_json(), report, search, ends_with) for job, report in zip(jobs, reports, strict=True)]
        memory = {"mem_gb": math.ceil(jobs[0].memory / 2**30)} if jobs[0].memory else {}
        try:
            submit = submitit.AutoExecutor(self._log, cluster=self._cluster, slurm_max_num_timeout=_TIMEOUTS)
            submit.update_parameters(**self._settings, **memory)
            with submit.batch():
                handed_in = [submit.submit(task) for task in tasks]
        except (RuntimeError, ValueError) as error:
            raise StudyError(f"Slurm rejects the trials: {one_line(error)}") from None
        for job, report, each in zip(jobs, reports, handed_in, strict=True):
            self._jobs[job.name] = _Submitted(job, each.job_id, report, local=each if self._local else None)
            self._record.handed_in(job.name, each.job_id, report, job.folder)
        self._asked = -math.inf

    def _going_on(self) -> dict[str, dict[str, Any]]:
        """Return the jobs of earlier runs that wait or run; forget the others."""
        known = self._record.read()
        if not self._local:  # there, all jobs have ended with their run
            self._ask(found["slurm"] for found in known.values())
        going_on = {}
        for name, found in known.items():
            if self._local or _is_over(self._states.get(found["slurm"], "")):
                self._forget(name, Path(found["report"]))
            else:
                going_on[name] = found
        for name in self._record.done_meanwhile():
            if name not in going_on:
                self._record.clear(name)
        return going_on

    def ended(self, seconds: float) -> list[Ended]:
        """Return the jobs that have ended; Slurm is asked now and then."""
        end = time.monotonic() + seconds
        while True:
            if not self._local and time.monotonic() - self._asked > _ASK:
                self._ask(each.slurm for each in self._jobs.values())
            found, self._refused = self._refused, []
            if self._local or time.monotonic() - self._looked > _LOOK:
                found += self._look()
            if found or time.monotonic() >= end:
                return found
            time.sleep(min(0.05, seconds))

    def _look(self) -> list[Ended]:
        self._looked = time.monotonic()
        arrived = set(self._folder.iterdir()) if self._jobs else set()
        return [ended for each in list(self._jobs.values()) if (ended := self._end_of(each, arrived))]

    def _end_of(self, each: _Submitted, arrived: Collection[Path]) -> Ended | None:
        name = each.job.name
        if each.report in arrived:
            report = json.loads(content_of(each.report))
            each.report.unlink()
            del self._jobs[name]
            if _has_result(report):
                self._done.append((name, each.slurm))
            return Ended(name, **report)
        state = self._state(each)
        if not _is_over(state):
            each.over = None
            return None
        each.over = each.over or time.monotonic()
        if time.monotonic() - each.over < (1.0 if self._local else _PATIENCE):
            return None
        del self._jobs[name]
        return Ended(
            name, lost=state in _LOST, reason=f"Slurm reports {state} for job {each.slurm}; see {self._folder}"
        )

    def _forget(self, name: str, report: Path) -> None:
        """Remove the report of a job that ended while nobody watched, and what submitit wrote if the job was done."""
        try:
            if _has_result(json.loads(content_of(report))):
                self._record.clear(name)
        except (OSError, ValueError, KeyError):
            return
        report.unlink(missing_ok=True)

    def _clear_done(self) -> None:
        """Remove what was written about jobs that are done, once submitit has written the last of it."""
        deadline = time.monotonic() + min(5.0, _PATIENCE)
        for name, slurm in self._done:
            last = JobPaths(self._log, slurm, 0).result_pickle
            while not last.exists() and time.monotonic() < deadline:
                time.sleep(0.05)
            if name not in self._jobs:
                self._record.clear(name)
        self._done.clear()

    def _state(self, each: _Submitted) -> str:
        if each.local is not None:
            return _GONE if each.local.done() else "RUNNING"
        return self._states.get(each.slurm, "PENDING")

    def _ask(self, ids: Iterator[str] | Collection[str]) -> None:
        """Note the states of the jobs *ids*."""
        wanted = set(ids)
        self._asked = time.monotonic()
        if not wanted:
            return
        arrays = sorted({each.partition("_")[0] for each in wanted})
        command = ["squeue", "--noheader", "--array", "--states=all", "--format=%i|%T", f"--jobs={','.join(arrays)}"]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        if answer.returncode and "Invalid job id" not in answer.stderr:
            return  # Slurm does not answer now; its jobs go on
        found = dict(line.split("|", 1) for line in answer.stdout.split() if "|" in line)
        before = self._states
        last = {name: before[name] for name in wanted if _is_over(before.get(name, ""))}
        self._states = {name: found.get(name, last.get(name, _GONE)) for name in wanted}
        for each in self._jobs.values():
            if self._states.get(each.slurm) in _WAITING and before.get(each.slurm, "PENDING") not in _WAITING:
                forget_events(each.job.folder)  # it will begin again, and no time runs until then

    def stop(self, names: Collection[str]) -> None:
        """Cancel these jobs, and wait until Slurm says that they are gone."""
        stopped = [self._jobs.pop(name) for name in names if name in self._jobs]
        if not stopped:
            return
        if self._local:
            for each in stopped:
                each.local.cancel()
            for each in stopped:
                while not each.local.done():
                    time.sleep(0.02)
            return
        for first in range(0, len(stopped), _ARRAY):
            subprocess.run(
                ["scancel", *(each.slurm for each in stopped[first : first + _ARRAY])], check=False, capture_output=True
            )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            self._ask([each.slurm for each in stopped])
            if all(_is_over(self._state(each)) for each in stopped):
                return
            time.sleep(0.5)

    def leave(self) -> None:
        """Let all jobs go on without this process."""
        self._jobs.clear()
        self.close()

    def close(self) -> None:
        """Cancel all jobs."""
        self.stop(tuple(self._jobs))
        if self._lock is not None:
            self._clear_done()
            self._record.close()
            self._lock.release()
            self._lock = None


def _has_result(report: Mapping[str, Any]) -> bool:
    return report["exit_code"] == DONE or report.get("word") == DONE_BEFORE


def _is_over(state: str) -> bool:
    return state == _GONE or state in _OVER

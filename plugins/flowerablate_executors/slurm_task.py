"""The node's side of the executor ``slurm``: what submitit runs for one job."""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flowerablate.contracts import Job
from flowerablate.files import write_json
from flowerablate.jobs.same_process import still_runs
from flowerablate.jobs.worker import DONE, DONE_BEFORE, word_of

_LOOK = 0.5
"""Seconds between two looks whether the process is still there with which the job ends."""


@dataclass(frozen=True)
class SlurmTask:
    """Does a job in a process of its own, and writes to *report* how that ended.

    *search*: where the process that hands it in looks for modules. *ends_with*: the process of this machine, by number
    and start, with which the job ends; None: it outlives all.
    """

    content: dict[str, Any]
    report: Path
    search: tuple[str, ...]
    ends_with: tuple[int, str] | None = None

    def __call__(self) -> None:
        job = Job.of_json(self.content)
        missing = [path for path in (job.folder, job.root, job.cache, *job.needs) if not path.exists()]
        if missing:
            self._write(None, None, f"{platform.node()} does not share {missing[0]}")
            return
        command = [sys.executable, "-m", "flowerablate.jobs"]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(self.search), "PYTHONSAFEPATH": "1"}
        process = subprocess.Popen(command, stdin=subprocess.PIPE, text=True, cwd=job.root, env=environment)
        given: str | None = json.dumps(self.content)
        try:
            while self.ends_with is None or still_runs(*self.ends_with):
                try:
                    process.communicate(given, timeout=_LOOK if self.ends_with else None)
                except subprocess.TimeoutExpired:
                    given = None
                else:
                    self._write(process.returncode, word_of(job), "")
                    break
        finally:  # Slurm preempts it, its time is over, it is cancelled, or the process it ends with is gone
            process.kill()
            process.wait()

    def _write(self, exit_code: int | None, word: int | None, reason: str) -> None:
        if word == DONE_BEFORE and int(os.environ.get("SLURM_RESTART_COUNT", "0")):
            exit_code, word = DONE, None  # by this job, before Slurm put it back in its queue
        # Slurm announces with SIGTERM that it will take the node away; some clusters send it to all processes of a job.
        lost = exit_code == -signal.SIGTERM
        write_json(self.report, {"exit_code": exit_code, "lost": lost, "reason": reason, "word": word})

    def checkpoint(self) -> Any:
        """Return what submitit submits again after preemption: the same, for the job resumes from its folder."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)

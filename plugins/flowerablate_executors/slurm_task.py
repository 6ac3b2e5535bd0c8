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
from flowerablate.jobs.worker import DONE, DONE_BEFORE, word_of


@dataclass(frozen=True)
class SlurmTask:
    """Does a job in a process of its own, and writes to *report* how that ended.

    *search*: where the process that hands it in looks for modules.
    """

    content: dict[str, Any]
    report: Path
    search: tuple[str, ...]

    def __call__(self) -> None:
        job = Job.of_json(self.content)
        missing = [path for path in (job.folder, job.root, job.cache, *job.needs) if not path.exists()]
        if missing:
            self._write(None, None, f"{platform.node()} does not share {missing[0]}")
            return
        command = [sys.executable, "-m", "flowerablate.jobs"]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(self.search), "PYTHONSAFEPATH": "1"}
        process = subprocess.Popen(command, stdin=subprocess.PIPE, text=True, cwd=job.root, env=environment)
        try:
            process.communicate(json.dumps(self.content))
        finally:  # Slurm preempts it, its time is over, or it is cancelled
            process.kill()
            process.wait()
        self._write(process.returncode, word_of(job), "")

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

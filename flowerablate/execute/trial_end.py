"""What follows when a trial's process has ended without a result."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..contracts import Ended, Job
from ..files import remove_temporary
from ..jobs.schedule import Then
from ..jobs.worker import DISK_FULL, FAILED, disk_full, ended_how, tail_of_log
from ..ledger import TrialFolder
from .execution import Execution
from .workplace import OUT_OF_MEMORY


@dataclass
class Attempts:
    """Decides whether a trial is tried again on *execution*."""

    execution: Execution
    _alone: set[str] = field(default_factory=set)

    def after(self, job: Job, folder: TrialFolder, ended: Ended, attempt: int) -> Then:
        """Make sure that the failure of *job* is recorded in *folder*, and return what follows.

        A trial that ran out of memory on a device that it shares has one attempt alone there. A disk that is full
        raises :class:`OSError`.
        """
        if ended.word == DISK_FULL:
            raise disk_full(folder.path)
        if not (folder.failed and ended.exit_code == FAILED):
            _record_end(folder, ended)
        shares = self.execution.shares_its_device(job) and job.name not in self._alone
        if folder.failure.get("kind") == OUT_OF_MEMORY and shares:
            self._alone.add(job.name)
            return Then.ALONE
        return Then.AGAIN if attempt <= self.execution.retries else Then.GO_ON


def _record_end(folder: TrialFolder, ended: Ended) -> None:
    """Record a failure for a process that left none: it was killed, it crashed, or it took too long."""
    remove_temporary(folder.path)
    tail = tail_of_log(folder.path)
    code = ended.exit_code
    signal = -code if code is not None and code < 0 else None
    folder.fail(ended_how(code, ended.reason, tail), "\n".join(tail), exit_code=code, signal=signal)

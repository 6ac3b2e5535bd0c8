"""What is recorded of a trial whose process ended without a word."""

from __future__ import annotations

from ..contracts import Ended
from ..files import remove_temporary
from ..jobs.worker import ended_how, tail_of_log
from ..ledger import TrialFolder


def record_end(folder: TrialFolder, ended: Ended) -> None:
    """Record a failure for a process that left none: it was killed, it crashed, or it took too long."""
    remove_temporary(folder.path)
    tail = tail_of_log(folder.path)
    code = ended.exit_code
    signal = -code if code is not None and code < 0 else None
    folder.fail(ended_how(code, ended.reason, tail), "\n".join(tail), exit_code=code, signal=signal)

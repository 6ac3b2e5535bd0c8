"""Ends what the process of a job has started, once that process has ended, however it did.

A component may start processes of its own, and end before them: it returns, crashes or is killed. They are in its
process group, and so is a small process that waits for its end and then kills the group. As long as it waits, no other
group can have the same number.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from typing import NoReturn

_POLL = 0.1
"""Seconds between two looks at the parent, where the system does not tell of its end."""


def guard_this_process() -> None:
    """Fork the process that kills the group which this one leads, when this one has ended; nothing on Windows."""
    if not hasattr(os, "fork") or os.getpgid(0) != os.getpid():
        return
    leader = os.getpid()
    signals = {signal.SIGTERM, signal.SIGINT}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    if os.fork() == 0:
        _wait_and_kill(leader)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_with_parent_thread(number: int) -> None:
    """Have Linux send this process the signal *number* when the thread that forked it ends."""
    if sys.platform.startswith("linux"):
        set_parent_death_signal = 1  # PR_SET_PDEATHSIG of sys/prctl.h
        ctypes.CDLL(None).prctl(set_parent_death_signal, number, 0, 0, 0)


def _wait_and_kill(leader: int) -> NoReturn:
    try:
        # Whoever waits for the end of a pipe must not wait for this process.
        os.closerange(0, os.sysconf("SC_OPEN_MAX"))
        end_with_parent_thread(signal.SIGTERM)
        while os.getppid() == leader:
            if sys.platform.startswith("linux"):
                signal.sigwait({signal.SIGTERM, signal.SIGINT})  # a component may send them to its group too
            else:
                time.sleep(_POLL)
        os.killpg(leader, signal.SIGKILL)
    finally:
        os._exit(0)

"""How the threads of torch wait for each other: to be settled before torch is imported, which is not done here."""

from __future__ import annotations

import os
import sys


def wait_politely() -> bool:
    """Let idle OpenMP threads sleep after a short spin; return whether that is in time, before torch is imported.

    Torch splits each operation over all cores and then waits for the slowest part. By default a waiting thread spins
    for milliseconds, which is fastest on an idle machine; where another program (or another trial) wants the same
    cores, it burns the time that the others need to finish, and training slows down several times more than the cores
    are shared. To sleep at once makes each of the many short waits dearer. So it spins for some microseconds, then
    sleeps. The switch is that of GNU's OpenMP, which torch brings along on Linux; others ignore it. What the user has
    set stays. Results do not depend on it.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "2000")
    return "torch" not in sys.modules

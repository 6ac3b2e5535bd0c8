"""How torch's threads wait for each other: must be set before torch is imported, so this module does not import it."""

from __future__ import annotations

import os
import sys


def wait_politely() -> bool:
    """Let idle OpenMP threads sleep after a short spin; return whether this came in time, before torch was imported.

    Torch splits each operation over all cores and then waits for the slowest part. By default a waiting thread spins
    for milliseconds, which is fastest on an idle machine. If another program (or another trial) uses the same cores,
    spinning burns the time that the others need to finish, and training slows down far more than sharing the cores
    explains. Sleeping at once makes each of the many short waits more expensive. Therefore threads spin for a few
    microseconds, then sleep. The variable belongs to GNU's OpenMP, which torch ships on Linux; other runtimes ignore
    it. A setting of the user takes precedence. Results do not depend on it.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "2000")
    return "torch" not in sys.modules

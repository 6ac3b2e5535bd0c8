"""How the threads of torch wait for each other: to be settled before torch is imported, which is not done here."""

from __future__ import annotations

import os
import sys


def wait_politely() -> bool:
    """Let idle OpenMP threads sleep instead of spin; return whether that is in time, before torch is imported.

    Torch splits each operation over all cores and then waits for the slowest part. A spinning thread waits a little
    faster on an idle machine; where another program (or another trial) wants the same cores, it burns the time that the
    others need to finish, and training slows down several times more than the cores are shared. A policy that the user
    has set stays. Results do not depend on it.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    return "torch" not in sys.modules

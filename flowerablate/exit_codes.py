"""Names how a process ended, from its exit code."""

from __future__ import annotations

import signal


def how_it_ended(exit_code: int) -> str:
    """Return ``ended with exit code 3``, or for a code below zero ``was killed by SIGSEGV (Segmentation fault)``."""
    if exit_code >= 0:
        return f"ended with exit code {exit_code}"
    number = -exit_code
    try:
        found = signal.Signals(number)
    except ValueError:
        return f"was killed by signal {number}"
    described = signal.strsignal(number)
    return f"was killed by {found.name} ({described})" if described else f"was killed by {found.name}"

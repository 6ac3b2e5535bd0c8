"""Tells a process from a later one with the same number."""

from __future__ import annotations

import os
from pathlib import Path


def began(pid: int) -> str | None:
    """Return when the process *pid* began, in a unit of the system; empty: that is not known, None: it has ended."""
    try:
        # The name of the program, in parentheses, may hold anything.
        words = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except FileNotFoundError:
        return None if Path("/proc/self/stat").exists() else _unknown(pid)
    except OSError:  # it ended meanwhile
        return None
    return None if words[0] in "ZX" else words[19]  # a zombie only waits to be asked how it ended


def still_runs(pid: int, start: str) -> bool:
    """Whether the process *pid* that began at *start* (empty: not known) is there."""
    found = began(pid)
    return found is not None and (not start or not found or found == start)


def _unknown(pid: int) -> str | None:
    if os.name == "nt":  # where the number 0 is no mere question, but ends the process
        return ""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    return ""

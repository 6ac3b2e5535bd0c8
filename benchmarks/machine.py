"""What a result depends on besides the code that is timed: the machine and the versions, for the result's JSON."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path


def machine() -> dict[str, object]:
    """Return the processor, the cores that this process may use, and how busy the machine was in the last minute.

    Nothing that names the machine or a path on it.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    load = getattr(os, "getloadavg", None)
    return {
        "cpu": _cpu(),
        "cores": len(affinity(0)) if affinity else os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "load_at_start": round(load()[0], 2) if load else None,
    }


def versions(distributions: Sequence[str]) -> dict[str, str]:
    """Return the version of Python and of each of the installed *distributions*."""
    return {"python": platform.python_version(), **{name: version(name) for name in distributions}}


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # only Linux has it
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()

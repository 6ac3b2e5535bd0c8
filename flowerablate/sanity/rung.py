"""The result of a rung of the ladder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Status: TypeAlias = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True)
class Rung:
    """One check of the ladder: its *name*, its *status*, the lines of what was *seen*, and what to *do* if it failed.

    *values* are the numbers of those lines, for programs. *files* were written to the folder of the ladder.
    """

    name: str
    status: Status
    seen: tuple[str, ...]
    do: str = ""
    values: Mapping[str, float] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    seconds: float = 0.0


def judged(
    name: str,
    seen: tuple[str, ...],
    faults: Mapping[str, str],
    values: Mapping[str, float],
    files: tuple[str, ...] = (),
) -> Rung:
    """Return a rung, failed if there are *faults*, which map each fault to its cure.

    The faults come before what was seen; the advice is that of the first, which often causes the others.
    """
    status: Status = "failed" if faults else "passed"
    return Rung(name, status, (*faults, *seen), next(iter(faults.values()), ""), values, files)

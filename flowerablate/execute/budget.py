"""A time that a run may take: no trial is begun that would not end within it."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable

from ..errors import StudyError

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0}
_TIME = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?")


def seconds_of(text: str) -> float:
    """Return the seconds of a time such as ``2h``, ``90m``, ``1h30m`` or ``45s``; else raise :class:`StudyError`."""
    found = _TIME.fullmatch(text.strip())
    parts = found.groups() if found else ()
    seconds = sum(float(part) * unit for part, unit in zip(parts, _UNITS.values(), strict=bool(parts)) if part)
    if seconds <= 0:
        raise StudyError(f"{text!r} is no time; write one such as 2h, 90m, 1h30m or 45s")
    return seconds


class Budget:
    """The time of a run, which begins now. How long a trial takes is judged by the mean of those before it.

    The trials of the same variant count, or those of all variants where it has none yet. What the ledger tells of
    earlier runs counts until a trial of that variant has ended in this one, as they may have run elsewhere.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._end = clock() + seconds
        self._before: dict[str, list[float]] = {}
        self._now: dict[str, list[float]] = {}

    def learn(self, change: str, seconds: float, *, now: bool = False) -> None:
        """Take note that a trial of *change* took *seconds*, in this run (*now*) or in an earlier one; failed: 0."""
        if seconds > 0:
            (self._now if now else self._before).setdefault(change, []).append(seconds)

    def allows(self, change: str) -> bool:
        """Whether a trial of *change* that begins now would end in time."""
        left = self._end - self._clock()
        return left > 0 and self._expected(change) <= left

    def _expected(self, change: str) -> float:
        for known in (self._now, self._before):
            if change in known:
                return _mean(known[change])
        for known in (self._now, self._before):
            if known:
                return _mean([seconds for group in known.values() for seconds in group])
        return 0.0


def _mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)

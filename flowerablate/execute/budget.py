"""The time budget of a run: no trial starts that is not expected to end within it."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import fmean


class Budget:
    """The time budget of a run, which starts now. The expected duration of a trial is the mean of earlier ones.

    It is the mean over trials of the same variant, or of all variants if there are none yet. Durations of earlier runs
    count until a trial of that variant has ended in this run, because they may come from another machine.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._end = clock() + seconds
        self._before: dict[str, list[float]] = {}
        self._now: dict[str, list[float]] = {}

    def learn(self, change: str, seconds: float, *, now: bool = False) -> None:
        """Record that a trial of *change* took *seconds*, in this run (*now*) or an earlier one; ignores 0 (failed)."""
        if seconds > 0:
            (self._now if now else self._before).setdefault(change, []).append(seconds)

    def allows(self, change: str) -> bool:
        """Whether a trial of *change* that starts now is expected to end in time."""
        left = self._end - self._clock()
        return left > 0 and self._expected(change) <= left

    def _expected(self, change: str) -> float:
        for known in (self._now, self._before):
            if change in known:
                return fmean(known[change])
        for known in (self._now, self._before):
            if known:
                return fmean([seconds for group in known.values() for seconds in group])
        return 0.0

"""How long many jobs still take: from what those that have ended took, how far others are, and how many run at once."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass

_ENOUGH = 0.1
"""The fraction of a job from which its own pace tells more than what others took."""


@dataclass
class Pace:
    """A job that *began* at a time in seconds; how far it was when that was first known and when it was last.

    *first*, *last*: a time and the fraction that was done. One that resumes is far from the start.
    """

    began: float
    first: tuple[float, float] | None = None
    last: tuple[float, float] | None = None

    def reached(self, now: float, fraction: float) -> None:
        """At *now* this *fraction* is done."""
        self.first = self.first or (now, fraction)
        self.last = (now, fraction)

    def left(self, now: float, mean: float | None) -> float | None:
        """Return the seconds that it still takes; *mean*: what others took. None if nothing is known."""
        if self.first is not None and self.last is not None:
            (then, before), (at, done) = self.first, self.last
            if at > then and done > before and (mean is None or done - before >= _ENOUGH):
                return max(0.0, (1.0 - done) * (at - then) / (done - before) - (now - at))
        return None if mean is None else max(0.0, mean - (now - self.began))


def seconds_left(
    took: Sequence[float], running: Sequence[Pace], waiting: int, at_once: int, now: float
) -> float | None:
    """Return the seconds until all jobs have ended: *running* ones, and *waiting*, of which *at_once* run at a time.

    *took*: the seconds of those that have ended. None if nothing is known yet.
    """
    mean = math.fsum(took) / len(took) if took else None
    lefts = [pace.left(now, mean) for pace in running]
    if mean is None:
        whole = [now - pace.began + left for pace, left in zip(running, lefts, strict=True) if left is not None]
        if not whole:
            return None if running or waiting else 0.0
        mean = math.fsum(whole) / len(whole)
    free = [mean if left is None else left for left in lefts]
    free += [0.0] * (at_once - len(free))
    if not free:
        return None if waiting else 0.0
    rounds = max(0, waiting // len(free) - 1)
    heapq.heapify(free)
    for _ in range(waiting - rounds * len(free)):
        heapq.heapreplace(free, free[0] + mean)
    return max(free) + rounds * mean

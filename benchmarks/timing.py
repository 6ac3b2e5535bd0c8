"""Takes times alternately, A B A B ..., and says what their ratios are."""

from __future__ import annotations

import gc
import math
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Work = Callable[[int], object]
"""Does so many units of work, such as batches."""

REST = 0.004
"""Seconds between two blocks: worker threads of the last one, which spin for a while, must not disturb the next."""


@dataclass
class Pairs:
    """The times of one peer beside ours, each pair taken back to back; seconds for one unit of work."""

    ours: list[float] = field(default_factory=list)
    peer: list[float] = field(default_factory=list)

    @property
    def ratios(self) -> list[float]:
        """How many times our time the peer took, pair by pair; above 1 we are faster."""
        return [peer / ours for ours, peer in zip(self.ours, self.peer, strict=True)]

    def record(self, scale: float = 1.0) -> dict[str, object]:
        """Return the summary and every measurement for the result's JSON, times multiplied by *scale*."""
        return {
            "ours": _short(statistics.median(self.ours) * scale),
            "peer": _short(statistics.median(self.peer) * scale),
            "ratio": _short(statistics.median(self.ratios)),
            "ratio_min": _short(min(self.ratios)),
            "ratio_max": _short(max(self.ratios)),
            "pairs": [[_short(a * scale), _short(b * scale)] for a, b in zip(self.ours, self.peer, strict=True)],
        }


@dataclass(frozen=True)
class Plan:
    """How long to measure: *rounds* pairs in blocks of *block* seconds; past *budget* seconds at least *min_rounds*."""

    rounds: int = 9
    block: float = 0.010
    budget: float = 2.5
    min_rounds: int = 3

    def rounds_for(self, seconds: float) -> int:
        """Return the number of pairs with a peer whose block takes so many seconds: odd, so that one is the median."""
        affordable = int(self.budget / max(seconds, 1e-9))
        return min(self.rounds, max(self.min_rounds, affordable - (affordable + 1) % 2))


def times(once: Callable[[], object]) -> Work:
    """Return a :data:`Work` that calls *once* for each unit."""

    def run(count: int) -> None:
        for _ in range(count):
            once()

    return run


class Clock:
    """What time is taken by: the clock on the wall, or the processor time of the calling thread."""

    now: Callable[[], float] = time.perf_counter

    @classmethod
    def of_this_thread(cls) -> None:
        """Count the calling thread's work only: for one thread, on a machine that others use too."""
        cls.now = time.thread_time


def alternate(
    ours: Work, peers: Mapping[str, Work], plan: Plan, multiples: Mapping[str, int] | None = None
) -> dict[str, Pairs]:
    """Time *ours* and each of *peers* in turns; what they load and allocate once lies before the clock.

    A block does as many units as take about ``plan.block`` seconds; of a peer with *multiples*, such as a DataLoader
    whose workers must have equal parts, a multiple of that. In round k each peer that still takes part is timed
    directly after ours, so that both see the machine in the same mood.
    """
    mine, _ = _units(ours, plan.block, 1)
    blocks = {name: _units(work, plan.block, (multiples or {}).get(name, 1)) for name, work in peers.items()}
    pairs = {name: Pairs() for name in peers}
    collecting = gc.isenabled()
    gc.disable()
    try:
        for number in range(plan.rounds):
            for name, work in peers.items():
                count, seconds = blocks[name]
                if number < plan.rounds_for(seconds):
                    pairs[name].ours.append(_time(ours, mine))
                    pairs[name].peer.append(_time(work, count))
    finally:
        if collecting:
            gc.enable()
    return pairs


def _units(work: Work, block: float, multiple: int) -> tuple[int, float]:
    """Run *work* to warm up and to see how much of it fills a block; returns (units, seconds of that block)."""
    each = _time(work, multiple)
    if each * multiple < block:
        each = min(each, _time(work, multiple))
    count = max(1, math.ceil(block / max(each * multiple, 1e-7))) * multiple
    return count, count * each


def _time(work: Work, count: int) -> float:
    """Return the seconds of one of *count* units."""
    time.sleep(REST)
    start = Clock.now()
    work(count)
    return (Clock.now() - start) / count


def _short(value: float) -> float:
    return float(f"{value:.4g}")

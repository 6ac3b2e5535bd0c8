"""Takes times alternately, A B A B ..., and says what their ratios are."""

from __future__ import annotations

import gc
import math
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Work = Callable[[], object]

REST = 0.004
"""Seconds between two blocks, so that worker threads of the last one, which spin for a while, do not disturb the next."""


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
    """How long to measure: *rounds* pairs with each peer, blocks of *block* seconds, fewer pairs past *budget* seconds."""

    rounds: int = 9
    block: float = 0.010
    budget: float = 2.5

    def rounds_for(self, seconds: float) -> int:
        """Return the number of pairs with a peer whose block takes so many seconds: odd, so that one is the median."""
        affordable = int(self.budget / max(seconds, 1e-9))
        return max(1, min(self.rounds, affordable - (affordable + 1) % 2))


def alternate(ours: Work, peers: Mapping[str, Work], plan: Plan) -> dict[str, Pairs]:
    """Time *ours* and each of *peers* in turns. Every callable does one unit of work; each has run before the clock.

    A block repeats a callable until it takes about ``plan.block`` seconds. In round k each peer that still takes part
    is timed directly after ours, so that both see the machine in the same mood.
    """
    repeats = {name: _repeats(work, plan.block) for name, work in peers.items()}
    mine, _ = _repeats(ours, plan.block)
    pairs = {name: Pairs() for name in peers}
    collecting = gc.isenabled()
    gc.disable()
    try:
        for number in range(plan.rounds):
            for name, work in peers.items():
                count, seconds = repeats[name]
                if number < plan.rounds_for(count * seconds):
                    pairs[name].ours.append(_time(ours, mine))
                    pairs[name].peer.append(_time(work, count))
    finally:
        if collecting:
            gc.enable()
    return pairs


def _repeats(work: Work, block: float) -> tuple[int, float]:
    """Run *work* to warm up and to see how often it fits into a block; returns (repeats, seconds of one)."""
    seconds = _time(work, 1)
    if seconds < block:
        seconds = min(seconds, _time(work, 1))
    return max(1, math.ceil(block / max(seconds, 1e-7))) if seconds < block else 1, seconds


def _time(work: Work, count: int) -> float:
    time.sleep(REST)
    start = time.perf_counter()
    for _ in range(count):
        work()
    return (time.perf_counter() - start) / count


def _short(value: float) -> float:
    return float(f"{value:.4g}")

"""Where jobs run: on which device and on which cores, and how many at once."""

from __future__ import annotations

import bisect
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class WorkerPlace:
    """Room for one job: a *device*, and the *cores* that it is pinned to; empty: any."""

    number: int
    device: str
    cores: tuple[int, ...] = ()


class FreePlaces:
    """Those of *places* on which no job runs. A job may have a device *alone*, which closes the other places on it."""

    def __init__(self, places: Sequence[WorkerPlace]) -> None:
        self._free = list(places)
        self._at_work: Counter[str] = Counter()
        self._closed: set[str] = set()

    def find(self, alone: bool) -> WorkerPlace | None:
        """Return the first place for a job; None if there is none now."""
        for place in self._free:
            if place.device not in self._closed and not (alone and self._at_work[place.device]):
                return place
        return None

    def take(self, place: WorkerPlace, alone: bool) -> None:
        """A job starts on *place*."""
        self._free.remove(place)
        self._at_work[place.device] += 1
        if alone:
            self._closed.add(place.device)

    def give_back(self, place: WorkerPlace, alone: bool) -> None:
        """The job on *place* has ended."""
        bisect.insort(self._free, place, key=lambda place: place.number)
        self._at_work[place.device] -= 1
        if alone:
            self._closed.discard(place.device)


def cores_here() -> tuple[int, ...]:
    """Return the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))


def make_places(
    jobs: int, threads: int, devices: Sequence[str], per_device: int, cores: Sequence[int]
) -> list[WorkerPlace]:
    """Return the places of *jobs* jobs that compute with *threads* threads each.

    On CUDA devices there are *per_device* places on each, at most *jobs* in all, filled device by device in turn. On
    the CPU, each place has *threads* cores of its own if there are enough; else jobs share them all.
    """
    gpus = [device for device in devices if device.startswith("cuda")]
    if gpus:
        spread = [device for _ in range(per_device) for device in gpus]
        return [WorkerPlace(number, device) for number, device in enumerate(spread[:jobs])]
    pinned = jobs > 1 and jobs * threads <= len(cores)
    return [
        WorkerPlace(number, "cpu", tuple(cores[number * threads : (number + 1) * threads]) if pinned else ())
        for number in range(jobs)
    ]


def jobs_and_threads(trials: int, threads: int, cores: int, memory: int) -> tuple[int, int]:
    """Return how many trials to run at once on the CPU, and with how many threads each.

    *threads*: what the study's earlier trials computed with; 0 if there are none. One thread per trial uses the cores
    best, because the threads of one trial wait for each other after each operation
    (``benchmarks/scaling/jobs_and_threads.py`` measures it). Where there are more cores than *trials*, the rest of them
    is shared out as threads. *memory*: bytes that are free, of which a trial is taken to need 1.5 GB.
    """
    at_most = max(1, min(trials, memory // _BYTES_PER_TRIAL if memory else trials))
    if threads:
        return max(1, min(at_most, cores // threads)), threads
    jobs = min(at_most, cores)
    return jobs, max(1, cores // jobs)


_BYTES_PER_TRIAL = 3 * 2**29


def free_memory() -> int:
    """Return the bytes of memory that new processes can have; 0 if the platform does not say."""
    try:
        with Path("/proc/meminfo").open(encoding="ascii") as file:
            lines = dict(line.split(":", 1) for line in file)
        return 1024 * int(lines["MemAvailable"].split()[0])
    except (OSError, KeyError, ValueError):
        return 0

"""Many jobs that do nothing: what starting, watching and ending them costs.

    python benchmarks/scaling/many_jobs.py

1,000 jobs that sleep for a second, on 64 places of the executor ``processes``, with the schedule that runs trials; and
10,000 on 512 places, whose executor is a simulation in which a job takes a second of a clock that does not wait.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from flowerablate_executors.processes import ProcessExecutor
from machine import machine, versions

from flowerablate.contracts import Ended, Job
from flowerablate.jobs.schedule import Limits, Schedule, Then
from flowerablate.jobs.worker_places import WorkerPlace

ENTRY = "flowerablate.testing.made_up_jobs:run"


class Counting:
    """A client that counts the jobs that ended well, and looks at this process's memory now and then."""

    def __init__(self) -> None:
        self.done = 0
        self.memory: list[int] = []

    def may_start(self, job: Job) -> bool:
        """Each may."""
        return True

    def started(self, job: Job) -> None:
        """Nothing is to be done."""

    def event(self, job: Job, event: dict[str, Any]) -> bool:
        """Nothing is to be done."""
        return True

    def has_result(self, job: Job) -> bool:
        return False

    def ended(self, job: Job, ended: Ended, attempt: int) -> Then:
        """Count it."""
        self.done += ended.exit_code == 0
        if self.done % 500 == 0:
            self.memory.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
        return Then.GO_ON


class Simulated:
    """An executor on which each job takes a second of a clock that goes on when it is asked."""

    def __init__(self, places: int) -> None:
        self.capacity = places
        self.clock = 0.0
        self._running: dict[str, float] = {}

    def start(self, jobs: Sequence[Job]) -> None:
        """Note when each of *jobs* will end."""
        self._running |= {job.name: self.clock + 1.0 for job in jobs}

    def ended(self, seconds: float) -> list[Ended]:
        """Let the clock go on to the next end."""
        if not self._running:
            return []
        self.clock = min(self._running.values())
        names = [name for name, end in self._running.items() if end <= self.clock]
        for name in names:
            del self._running[name]
        return [Ended(name, 0) for name in names]

    def stop(self, names: Collection[str]) -> None:
        """Forget them."""

    close = stop


def jobs(count: int, folder: Path, seconds: float) -> list[Job]:
    """Return *count* jobs that sleep."""
    params = {"do": "sleep", "seconds": seconds}
    return [Job(f"j{n}", ENTRY, folder / f"j{n}", folder, folder, params) for n in range(count)]


def real(count: int, places: int) -> dict[str, Any]:
    """Run *count* jobs of a second on *places* places of this machine."""
    client = Counting()
    executor = ProcessExecutor(places, ["flowerablate.testing.made_up_jobs"])
    with tempfile.TemporaryDirectory() as folder:
        Schedule(executor, [], Limits(), client).run(jobs(1, Path(folder) / "first", 0.0))  # starts the fork server
        began = time.perf_counter()
        Schedule(executor, [], Limits(), client).run(jobs(count, Path(folder), 1.0))
        seconds = time.perf_counter() - began
    assert client.done == count + 1
    ideal = -(-count // places)
    return {"jobs": count, "places": places, "seconds": seconds, "ideal": ideal, "of_ideal": ideal / seconds}


def simulated(count: int, places: int) -> dict[str, Any]:
    """Run *count* simulated jobs; what is measured is the schedule alone."""
    client, executor = Counting(), Simulated(places)
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        where = [WorkerPlace(number, "cpu") for number in range(places)]
        Schedule(executor, where, Limits(), client).run(jobs(count, Path(folder), 1.0))
        seconds = time.perf_counter() - began
    assert client.done == count
    return {
        "jobs": count,
        "places": places,
        "simulated_seconds": executor.clock,
        "ideal": -(-count // places),
        "seconds_of_the_schedule": seconds,
        "memory_mb": client.memory,
    }


def main() -> None:
    """Measure, print, and write the result."""
    parser = argparse.ArgumentParser(description="Start, watch and end many jobs that do nothing.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", type=Path, default=HERE.parent / "results" / "many_jobs.json")
    options = parser.parse_args()
    document = {"benchmark": "many_jobs", "machine": machine(), "versions": versions(("flowerablate",)), "rounds": []}
    for _ in range(options.rounds):
        document["rounds"].append({"real": real(1000, 64), "simulated": simulated(10_000, 512)})
        print(json.dumps(document["rounds"][-1]), flush=True)
    options.output.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

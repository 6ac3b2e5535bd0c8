"""How many trials at once, with how many threads each, end a study soonest.

    python benchmarks/scaling/jobs_and_threads.py PATH

For each network, four trials of the recipe of ``benchmarks/training``: one after the other with a thread for each core,
and one per core with one thread each. Each way is a run of its own with the same packed images, alternately; the time
is that of the trials, from the first that is handed over to the last that ends.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "training")]

from machine import machine, versions
from recipe import Recipe
from study import keys_of

import flowerablate as fa
from flowerablate.execute.observer import RunObserver


class Clock(RunObserver):
    """Notes when the first trial begins and the last ends."""

    def __init__(self) -> None:
        self.began, self.ended = 0.0, 0.0

    def trial_started(self, trial: object) -> None:
        self.began = self.began or time.perf_counter()

    def trial_finished(self, trial: object, result: object) -> None:
        self.ended = time.perf_counter()


def seconds(path: Path, model: str, epochs: int, jobs: int, threads: int, cache: Path) -> float:
    """Return how long four trials take."""
    study = fa.Study(keys=keys_of(Recipe(path, model, epochs, 0.05, 1, cache)))
    with tempfile.TemporaryDirectory() as runs:
        os.environ["FLOWERABLATE_CACHE"] = str(cache)
        clock = Clock()
        fa.run(study, jobs=jobs, threads=threads, runs=runs, progress=False, observer=clock)
    return clock.ended - clock.began


def main() -> None:
    """Measure, print, and write the result."""
    parser = argparse.ArgumentParser(description="Compare trials at once with threads of a trial.")
    parser.add_argument("path", type=Path, metavar="PATH", help="images, one subfolder per class")
    parser.add_argument("--models", nargs="+", default=["resnet8", "resnet14", "resnet18"])
    parser.add_argument("--epochs", nargs="+", type=int, default=[4, 4, 1])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", type=Path, default=HERE.parent / "results" / "jobs_and_threads.json")
    options = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    document: dict[str, Any] = {
        "benchmark": "jobs_and_threads",
        "machine": machine(),
        "versions": versions(("torch", "flowerablate")),
        "models": {},
    }
    with tempfile.TemporaryDirectory() as cache:
        for model, epochs in zip(options.models, options.epochs, strict=True):
            rounds = []
            for number in range(options.rounds):
                ways = {"threads": (1, cores), "jobs": (cores, 1)}
                order = list(ways) if number % 2 == 0 else list(reversed(ways))
                each = {way: seconds(options.path, model, epochs, *ways[way], Path(cache)) for way in order}
                rounds.append(each)
                print(model, each, flush=True)
            ratios = [each["threads"] / each["jobs"] for each in rounds]
            found = {"median": statistics.median(ratios), "min": min(ratios), "max": max(ratios)}
            document["models"][model] = {"epochs": epochs, "threads / jobs": found, "rounds": rounds}
            print(model, found, flush=True)
            options.output.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

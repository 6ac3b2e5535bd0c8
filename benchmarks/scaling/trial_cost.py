"""What a trial costs besides its training, against the launchers that others use.

    python benchmarks/scaling/trial_cost.py --peers PYTHON

Empty trials, two at once, by joblib's loky, Hydra's joblib launcher, Ray Tune and the executor ``processes``: whole
processes with FEW and with MANY trials, alternately; the difference is what each further trial costs. PYTHON is one of
an environment with ``joblib hydra-core hydra-joblib-launcher ray[tune] torch``. Then a study of three epochs of a tiny
network: from the moment a trial is handed to the executor to its first step, plugins, images and network included.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from unittest import mock

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import numpy as np
from machine import machine, versions
from PIL import Image

import flowerablate as fa
from flowerablate.contracts import Job
from flowerablate.execute.trial_queue import TrialQueue

PEERS = HERE / "peers"
COUNTS = {"processes": (10, 110), "loky": (10, 110), "hydra joblib": (10, 50), "ray tune": (4, 20)}


def command(name: str, count: int, python: str, folder: str) -> list[str]:
    """Return the command that runs *count* empty trials."""
    if name == "processes":
        return [sys.executable, str(HERE / "ours.py"), str(count)]
    if name == "hydra joblib":
        words = ["-m", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2", f"+number=range({count})"]
        return [python, str(PEERS / "hydra_trials.py"), *words, f"hydra.sweep.dir={folder}"]
    return [python, str(PEERS / f"{name.replace(' ', '_')}_trials.py"), str(count)]


def seconds(name: str, count: int, python: str) -> float:
    """Return how long *count* empty trials take, the process that runs them included."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPATH": str(PEERS)}
        began = time.perf_counter()
        subprocess.run(
            command(name, count, python, folder), cwd=folder, env=environment, check=True, capture_output=True
        )
        return time.perf_counter() - began


def first_steps() -> list[float]:
    """Return the seconds from handing over to the first step, of the trials of a small study."""
    handed: dict[str, float] = {}
    found: list[float] = []
    started, event = TrialQueue.started, TrialQueue.event

    def note_started(self: TrialQueue, job: Job) -> None:
        handed[job.name] = time.time()
        started(self, job)

    def note_event(self: TrialQueue, job: Job, content: dict[str, Any]) -> bool:
        if content["event"] == "step_done" and job.name in handed:
            found.append(content["time"] - handed.pop(job.name))
        return event(self, job, content)

    patched = mock.patch.multiple(TrialQueue, started=note_started, event=note_event)
    with tempfile.TemporaryDirectory() as folder, patched:
        images = made_up_images(Path(folder) / "images")
        os.environ["FLOWERABLATE_CACHE"] = f"{folder}/cache"
        study = fa.Study(data=images).override("train.epochs", 3)
        fa.run(study, disable="morphology", seeds=10, jobs=2, threads=1, runs=f"{folder}/runs", progress=False)
    return found


def made_up_images(folder: Path) -> Path:
    """Write two classes of noise to *folder*."""
    random = np.random.default_rng(0)
    for name in ("daisy", "rose"):
        (folder / name).mkdir(parents=True)
        for number in range(40):
            Image.fromarray(random.integers(0, 256, (48, 48, 3), np.uint8)).save(folder / name / f"{number}.png")
    return folder


def main() -> None:
    """Measure, print, and write the result."""
    parser = argparse.ArgumentParser(description="Measure what a trial costs besides its training.")
    parser.add_argument("--peers", required=True, metavar="PYTHON", help="of an environment with the peers")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", type=Path, default=HERE.parent / "results" / "trial_cost.json")
    options = parser.parse_args()
    rounds: list[dict[str, Any]] = []
    document = {
        "benchmark": "trial_cost",
        "machine": machine(),
        "versions": versions(("torch", "flowerablate", "joblib", "ray")),
        "peers": _versions(options.peers),
        "rounds": rounds,
    }
    for _ in range(options.rounds):
        times = {name: [seconds(name, count, options.peers) for count in counts] for name, counts in COUNTS.items()}
        rounds.append({"empty": times, "first_steps": first_steps()})
        print(json.dumps(rounds[-1]), flush=True)
    document["summary"] = summary(rounds)
    print(json.dumps(document["summary"], indent=2))
    options.output.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def summary(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """Return medians: of the first trials with all that they need, of each further one, and of the first steps."""
    found: dict[str, Any] = {"n": len(rounds)}
    for name, (few, many) in COUNTS.items():
        each = [(r["empty"][name][1] - r["empty"][name][0]) / (many - few) for r in rounds]
        start = [r["empty"][name][0] for r in rounds]
        found[name] = {
            f"seconds of {few}": statistics.median(start),
            "seconds of each further trial": statistics.median(each),
            "min": min(each),
            "max": max(each),
        }
    steps = [each for r in rounds for each in r["first_steps"]]
    found["first step"] = {"n": len(steps), "median": statistics.median(steps), "min": min(steps), "max": max(steps)}
    return found


def _versions(python: str) -> dict[str, str]:
    names = ["joblib", "hydra-core", "hydra-joblib-launcher", "ray", "torch"]
    code = f"import importlib.metadata as m, json; print(json.dumps({{n: m.version(n) for n in {names}}}))"
    return dict(json.loads(subprocess.run([python, "-c", code], check=True, capture_output=True).stdout))


if __name__ == "__main__":
    main()

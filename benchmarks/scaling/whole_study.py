"""A whole study against the script that one would write by hand: base and five variants, on all seeds.

    python benchmarks/scaling/whole_study.py PATH --model resnet14 --seeds 6

The script (``script.py``) trains one trial after another with torchvision's transforms and a DataLoader with two
workers. The harness (``in_harness.py``) has the same trials, packing and table included, with an empty cache; then
again only until all is decided. Whole processes, alternately. ``steps_alone.py``, once per core at a time, is about how
soon the trials would end if nothing but torch's arithmetic took time.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from machine import machine, versions
from study_options import VARIANTS, study_options

ARMS = {
    "script": ["script.py"],
    "run": ["in_harness.py"],
    "until_decided": ["in_harness.py", "--until-decided"],
    "steps_alone": ["steps_alone.py"],
}


def measure(arm: str, options: argparse.Namespace) -> dict[str, Any]:
    """Return the seconds of an arm, and what it found."""
    script, *words = ARMS[arm]
    command = [sys.executable, str(HERE / script), *words, str(options.path)]
    command += [f"--model={options.model}", f"--epochs={options.epochs}"]
    if arm == "steps_alone":
        return steps_alone(command, VARIANTS * options.seeds)
    began = time.perf_counter()
    done = subprocess.run([*command, f"--seeds={options.seeds}"], check=True, stdout=subprocess.PIPE)
    seconds = time.perf_counter() - began
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    if arm == "script":
        return {"seconds": seconds, "trials": len(lines), "accuracies": accuracies(lines)}
    return {"seconds": seconds, **lines[-1]}


def steps_alone(command: list[str], trials: int) -> dict[str, Any]:
    """Return the seconds that *trials* take if one per core runs at a time, of one trial per core."""
    cores = len(os.sched_getaffinity(0))
    each = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(cores)]
    seconds = [json.loads(process.communicate()[0])["seconds"] for process in each]
    return {"seconds": statistics.mean(seconds) * trials / cores, "trials": trials}


def accuracies(lines: list[dict[str, Any]]) -> dict[str, float]:
    """Return the mean test accuracy of each variant."""
    found: dict[str, list[float]] = {}
    for line in lines:
        found.setdefault(line["variant"] or "base", []).append(line["test_accuracy"])
    return {name: statistics.mean(values) for name, values in found.items()}


def main() -> None:
    """Measure, print, and write the result; a network that the result has already is replaced."""
    parser = study_options("Compare a whole study with a script written by hand.")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS), help="always with the script")
    parser.add_argument("--output", type=Path, default=HERE.parent / "results" / "whole_study.json")
    options = parser.parse_args()
    document: dict[str, Any] = {"benchmark": "whole_study", "models": {}}
    if options.output.exists():
        document = json.loads(options.output.read_text(encoding="utf-8"))
    rounds = []
    for number in range(options.rounds):
        arms = ["script", *(arm for arm in options.arms if arm != "script")]
        order = arms if number % 2 == 0 else list(reversed(arms))
        rounds.append({arm: measure(arm, options) for arm in order})
        print(json.dumps(rounds[-1]), flush=True)
    ratios = {
        f"script / {arm}": statistics.median(r["script"]["seconds"] / r[arm]["seconds"] for r in rounds)
        for arm in rounds[0]
        if arm != "script"
    }
    document["models"][options.model] = {
        "machine": machine(),
        "versions": versions(("torch", "torchvision", "pillow", "flowerablate")),
        "epochs": options.epochs,
        "seeds": options.seeds,
        "n": options.rounds,
        "ratios": ratios,
        "rounds": rounds,
    }
    print(ratios)
    options.output.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

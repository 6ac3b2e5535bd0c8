"""A whole study against the script that one would write by hand: base and five variants, on all seeds.

    python benchmarks/scaling/whole_study.py PATH --model resnet14 --seeds 6

The script (``script.py``) trains one trial after another with torchvision's transforms and a DataLoader with two
workers. The harness (``in_harness.py``) has the same trials, packing and table included, with an empty cache; then
again only until all is decided. Whole processes, alternately.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from machine import machine, versions

ARMS = {"script": ["script.py"], "run": ["in_harness.py"], "until_decided": ["in_harness.py", "--until-decided"]}


def measure(arm: str, options: argparse.Namespace) -> dict[str, Any]:
    """Return the seconds of an arm, and what it found."""
    script, *words = ARMS[arm]
    words += [
        str(options.path),
        "--model",
        options.model,
        "--epochs",
        str(options.epochs),
        "--seeds",
        str(options.seeds),
    ]
    began = time.perf_counter()
    done = subprocess.run([sys.executable, str(HERE / script), *words], check=True, stdout=subprocess.PIPE)
    seconds = time.perf_counter() - began
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    if arm == "script":
        return {"seconds": seconds, "trials": len(lines), "accuracies": accuracies(lines)}
    return {"seconds": seconds, **lines[-1]}


def accuracies(lines: list[dict[str, Any]]) -> dict[str, float]:
    """Return the mean test accuracy of each variant."""
    found: dict[str, list[float]] = {}
    for line in lines:
        found.setdefault(line["variant"] or "base", []).append(line["test_accuracy"])
    return {name: statistics.mean(values) for name, values in found.items()}


def main() -> None:
    """Measure, print, and write the result; a network that the result has already is replaced."""
    parser = argparse.ArgumentParser(description="Compare a whole study with a script written by hand.")
    parser.add_argument("path", type=Path, metavar="PATH", help="images, one subfolder per class")
    parser.add_argument("--model", default="resnet14")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--output", type=Path, default=HERE.parent / "results" / "whole_study.json")
    options = parser.parse_args()
    document: dict[str, Any] = {"benchmark": "whole_study", "models": {}}
    if options.output.exists():
        document = json.loads(options.output.read_text(encoding="utf-8"))
    rounds = []
    for number in range(options.rounds):
        order = list(ARMS) if number % 2 == 0 else list(reversed(ARMS))
        rounds.append({arm: measure(arm, options) for arm in order})
        print(json.dumps(rounds[-1]), flush=True)
    ratios = {
        f"script / {arm}": statistics.median(r["script"]["seconds"] / r[arm]["seconds"] for r in rounds)
        for arm in ("run", "until_decided")
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

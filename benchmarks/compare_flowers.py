"""Print the plain script and the base pipeline of a study side by side.

    python benchmarks/reference_flowers.py PATH --seeds 3
    flowerablate run --data PATH --set model.use=resnet18 --disable morphology --seeds 3
    python benchmarks/compare_flowers.py NAME

Reads the reference's result and ``flowerablate report NAME --format json``; trains nothing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    options = _options()
    reference = json.loads(options.reference.read_text(encoding="utf-8"))
    base = _base(options.name, options.runs)
    if base["base_mean"] is None:
        sys.exit(f"the base of {options.name} has no finished trial with an accuracy")
    rows = [
        ("", "plain script", options.name),
        ("test accuracy", f"{reference['mean']['test_accuracy']:.4f}", f"{base['base_mean']:.4f}"),
        ("seeds", f"{reference['n']}", f"{base['n']}"),
        ("seconds per seed", f"{reference['mean']['seconds']:.1f}", f"{base['seconds']:.1f}"),
        (
            "train images/s",
            f"{reference['mean']['images_per_second']:.0f}",
            f"{base['images_per_second']:.0f}",
        ),
        ("parameters", f"{reference['recipe']['parameters']:,}", f"{base['parameters']:,}"),
    ]
    for name, left, right in rows:
        print(f"{name:<18}{left:>14}{right:>{max(14, len(options.name) + 2)}}")
    for note in _notes(reference, base):
        print(f"- {note}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Compare the plain script's result with a study's base pipeline.")
    parser.add_argument("name", metavar="NAME", help="the study, as flowerablate report takes it")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="the folder in which ledgers are kept")
    default = Path(__file__).parent / "results" / "reference_flowers.json"
    parser.add_argument("--reference", type=Path, default=default, help="what reference_flowers.py wrote")
    return parser.parse_args()


def _base(name: str, runs: Path) -> dict[str, Any]:
    command = ["flowerablate", "report", name, "--format", "json", "--runs", str(runs)]
    report = subprocess.run(command, stdout=subprocess.PIPE, text=True)  # what went wrong, it says on stderr
    if report.returncode:
        sys.exit(report.returncode)
    base: dict[str, Any] = json.loads(report.stdout)["base"]
    return base


def _notes(reference: dict[str, Any], base: dict[str, Any]) -> list[str]:
    notes = ["The two were not timed alternately, so the times give an order of magnitude and no ratio."]
    if reference["n"] != base["n"]:
        notes.append("They did not run the same number of seeds, so the means are over different splits.")
    if reference["recipe"]["parameters"] != base["parameters"]:
        notes.append("Their models differ in size, so this compares whole recipes, not two ways to train one network.")
    return notes


if __name__ == "__main__":
    main()

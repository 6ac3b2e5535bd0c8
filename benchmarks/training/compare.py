"""Trains one recipe three ways, alternately, each in a fresh process: by hand, by hand with our loader, in the harness.

    python benchmarks/training/compare.py PATH --models resnet14 resnet18 --rounds 5 2

Round k trains seed k in every arm, one directly after the other, in an order that rotates; a ratio is of two runs of
one round. The harness is also run with an empty cache, so that decoding and packing are in its time. Networks that the
result has already, from the same processor and versions, stay in it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from machine import machine, versions

Record = dict[str, Any]
ARMS = {
    "plain": "plain script: torchvision transforms, PIL, 2 workers",
    "by_hand": "loop by hand, our loader, images packed before",
    "harness": "harness, images packed before",
    "harness_cold": "harness, images not packed yet",
}
COMPARED = (
    ("plain", "harness", "at least", 2.0),
    ("plain", "harness_cold", "at least", 2.0),
    ("harness", "by_hand", "at most", 1.03),
)
"""Ratios that are reported, the time of the first by that of the second, and what is wanted of their median."""


def main() -> None:
    """Measure, print, and write the result."""
    options = _options()
    document: Record = {
        "benchmark": "training",
        "recipe": {"epochs": options.epochs, "lr": options.lr, "arms": ARMS},
        "machine": machine(),
        "versions": versions(("torch", "torchvision", "pillow", "numpy", "flowerablate")),
    }
    document["models"] = _kept(options.output, document)
    for model, count in zip(options.models, options.rounds, strict=True):
        rounds: list[dict[str, Record]] = []
        with tempfile.TemporaryDirectory() as folder:
            warm = Path(folder) / "warm"
            _run("harness", options, model, 0, warm, epochs=1)  # packs the images
            for number in range(count):
                rounds.append(_round(options, model, number, warm, Path(folder)))
                print(_line(model, number, rounds[-1]), flush=True)
                document["models"][model] = {"summary": summary(rounds), "rounds": rounds}
                options.output.parent.mkdir(parents=True, exist_ok=True)
                options.output.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        print(table(model, document["models"][model]["summary"]), flush=True)


def _kept(path: Path, document: Record) -> Record:
    """Return the networks that a result at *path* has from the same processor, versions and recipe; else none."""
    if not path.exists():
        return {}
    old: Record = json.loads(path.read_text(encoding="utf-8"))
    same = all(old.get(key) == document[key] for key in ("recipe", "versions"))
    return dict(old["models"]) if same and old["machine"]["cpu"] == document["machine"]["cpu"] else {}


def _round(options: argparse.Namespace, model: str, number: int, warm: Path, folder: Path) -> dict[str, Record]:
    names = list(ARMS)
    turned = names[number % len(names) :] + names[: number % len(names)]
    found = {}
    for name in turned:
        cache = folder / f"cold{number}" if name == "harness_cold" else warm
        found[name] = _run(name.removesuffix("_cold"), options, model, number, cache)
    return {name: found[name] for name in names}


def _run(arm: str, options: argparse.Namespace, model: str, seed: int, cache: Path, epochs: int = 0) -> Record:
    words = [sys.executable, str(HERE / f"{arm}.py"), str(options.path), "--model", model, "--seed", str(seed)]
    words += ["--epochs", str(epochs or options.epochs), "--lr", str(options.lr), "--cache", str(cache)]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
    record: Record = json.loads(done.stdout.splitlines()[-1])
    return record


def summary(rounds: Sequence[Mapping[str, Record]]) -> Record:
    """Return medians of seconds and speeds, mean accuracies, and the ratios with their minimum and maximum."""
    arms = {
        name: {
            "seconds": statistics.median(r[name]["seconds"] for r in rounds),
            "images_per_second": statistics.median(r[name]["images_per_second"] for r in rounds),
            "test_accuracy": statistics.mean(r[name]["test_accuracy"] for r in rounds),
            "parameters": rounds[0][name]["parameters"],
        }
        for name in ARMS
    }
    ratios = {}
    for first, second, sense, target in COMPARED:
        each = [r[first]["seconds"] / r[second]["seconds"] for r in rounds]
        median = statistics.median(each)
        ratios[f"{first} / {second}"] = {
            "median": median,
            "min": min(each),
            "max": max(each),
            "sense": sense,
            "target": target,
            "met": median >= target if sense == "at least" else median <= target,
        }
    return {"n": len(rounds), "arms": arms, "ratios": ratios}


def _line(model: str, number: int, found: Mapping[str, Record]) -> str:
    parts = [f"{name} {record['seconds']:.1f} s {record['test_accuracy']:.3f}" for name, record in found.items()]
    return f"{model}, seed {number}: {'; '.join(parts)}"


def table(model: str, found: Record) -> str:
    """Return *found*, a summary, as lines of text."""
    lines = [f"{model}, n = {found['n']}"]
    for name, arm in found["arms"].items():
        lines.append(
            f"  {ARMS[name]:<54}{arm['seconds']:>8.1f} s {arm['images_per_second']:>7.0f} images/s"
            f"{arm['test_accuracy']:>8.4f}"
        )
    for name, ratio in found["ratios"].items():
        lines.append(f"  {name:<24}{ratio['median']:.3f} ({ratio['min']:.3f} to {ratio['max']:.3f})")
    return "\n".join(lines)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train one recipe three ways, alternately, and compare.")
    parser.add_argument("path", type=Path, metavar="PATH", help="images, one subfolder per class")
    parser.add_argument("--models", nargs="+", default=["resnet14", "resnet18"])
    parser.add_argument("--rounds", nargs="+", type=int, default=[5, 2], help="of each model")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--lr", type=float, default=0.05)
    parser.add_argument("--output", type=Path, default=HERE.parent / "results" / "training.json")
    options = parser.parse_args()
    if len(options.rounds) != len(options.models):
        parser.error("--rounds takes one number for each of --models")
    return options


if __name__ == "__main__":
    main()

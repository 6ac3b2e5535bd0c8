"""How long a user waits for ``status``, ``report`` and ``run`` besides training, in small and large studies.

    python benchmarks/ledgers.py                  # writes results/ledgers.json, about 5 minutes
    python benchmarks/ledgers.py --quick          # a ledger of 1,000 trials, three rounds; writes beside the result
    python benchmarks/report.py                   # writes the table of README.md

The clock runs for the whole process, from its start to its exit. The cases take turns; a first round is thrown away, so
the system has the files in memory. *Small*: a study of ten variants and one replicate, trained before the clock runs.
*Large*: the same ten variants with 1,000 replicates. Its trials are not trained: the ledger's own code writes them,
with the ids that a run computes, the results of the small study and predictions drawn at random, from which accuracy
and loss are computed. *New*: a study of two trials that no ledger has, whose images are packed; its row below is the
time at which its first trial began. *Parts* of a report on the large study are timed within processes of their own.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from machine import machine, versions

import flowerablate
from flowerablate.contracts import finished
from flowerablate.data.splits import split_samples
from flowerablate.ledger import Ledger, Predictions
from flowerablate.ledger.predictions import write_predictions
from flowerablate.study.identity import describe

RESULT = Path(__file__).parent / "results" / "ledgers.json"
STUDY = """
name = "small"
[dataset]
use = "synthetic-flowers"
images = 60
size = 32
[input]
image_size = 32
[steps.resize]
use = "resize"
size = 32
[steps.morphology]
use = "morphology"
[steps.flip]
use = "horizontal_flip"
[steps.rotation]
use = "rotate"
[steps.light]
use = "brightness_contrast"
[steps.normalize]
use = "normalize"
[model]
use = "resnet8"
width = 4
[train]
epochs = 1
[ablation]
seeds = 1
disable = ["morphology", "flip", "rotation", "light", "model.skip", "flip+rotation", "flip+light", "rotation+light",
           "morphology+flip"]
"""
VARIANTS = 10


@dataclass(frozen=True)
class Case:
    """A command, timed as a whole; *before* each of its rounds. *target*: seconds."""

    name: str
    words: tuple[str, ...]
    target: float | None = None
    before: Callable[[], None] | None = None


def main() -> None:
    options = _options()
    rounds, replicates = (3, 100) if options.quick else (options.rounds, 1000)
    result: dict[str, Any] = {
        "machine": machine(),
        "versions": versions(["flowerablate", "numpy", "scipy", "torch", "pydantic", "typer"]),
        "settings": {"rounds": rounds, "trials": VARIANTS * replicates, "quick": options.quick},
    }
    with tempfile.TemporaryDirectory() as folder:
        os.environ["FLOWERABLATE_CACHE"] = str(Path(folder) / "cache")
        os.chdir(folder)
        Path("study.toml").write_text(STUDY, encoding="utf-8")
        _seconds(("run",))
        start = time.perf_counter()
        _fill("large", replicates)
        result["settings"]["seconds_to_fill"] = round(time.perf_counter() - start, 1)
        result["rows"] = _measured(_cases(replicates), rounds)
        parts = [json.loads(_output(__file__, "--parts")) for _ in range(rounds)]
        result["parts"] = [_row(name, [each[name] for each in parts], None) for name in parts[0]]
    path = options.output or (RESULT.with_name("ledgers-quick.json") if options.quick else RESULT)
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Time status, report and run on finished studies.")
    parser.add_argument("--quick", action="store_true", help="a minute; writes beside the result")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--output", type=Path)
    return parser.parse_args()


def _output(*words: str) -> str:
    return subprocess.run([sys.executable, *words], check=True, capture_output=True, text=True).stdout


def _print_parts() -> None:
    """Print how long the parts of ``report large`` take in this process, which has loaded little else."""
    marks = [time.perf_counter()]
    from flowerablate.cli import environment
    from flowerablate.reading import read_summary as parts
    from flowerablate.stats.effects import t_quantile

    assembler = environment.assembler_here()
    t_quantile(0.975, 9)  # loads SciPy
    marks.append(time.perf_counter())
    ledger = Ledger(Path("runs/large"))
    note = parts.note_of(ledger)
    results = ledger.results(note.base_id)
    marks.append(time.perf_counter())
    ledger.results(note.base_id)
    marks.append(time.perf_counter())
    read = parts.reading(note, None, assembler)
    parts.summarise(results, note.contrasts, rules=note.rules, metric=read.primary, metrics=read.infos)
    marks.append(time.perf_counter())
    names = ("loading the libraries that are left", "reading trials and results", "looking for changes", "statistics")
    taken = (round(end - start, 3) for start, end in itertools.pairwise(marks))
    print(json.dumps(dict(zip(names, taken, strict=True))))


def _cases(replicates: int) -> list[Case]:
    large = ("--seeds", str(replicates), "--set", "name=large")
    new = ("--disable", "flip", "--set", "name=new")
    return [
        Case("status, small", ("status", "small"), 1.0),
        Case("report, small", ("report", "small"), 1.0),
        Case("run, small, finished", ("run",), 2.0),
        Case("status, large", ("status", "large")),
        Case("report, large", ("report", "large"), 2.0),
        Case("report with intervals over images, large", ("report", "large", "--population", "images")),
        Case("run, large, finished", ("run", *large), 3.0),
        Case("run, new, two trials", ("run", *new), before=lambda: shutil.rmtree("runs/new", ignore_errors=True)),
    ]


def _measured(cases: Sequence[Case], rounds: int) -> list[dict[str, Any]]:
    taken: dict[str, list[float]] = {case.name: [] for case in cases}
    began: list[float] = []
    for number in range(rounds + 1):
        for case in cases:
            if case.before:
                case.before()
            seconds, first = _seconds(case.words, Path("runs/new/trials") if case.before else None)
            if number:
                taken[case.name].append(round(seconds, 3))
                began += [round(first, 3)] if case.before else []
        print(*(f"{name}: {times[-1] if times else '-'}" for name, times in taken.items()), sep=", ", flush=True)
    rows = [_row(case.name, taken[case.name], case.target) for case in cases]
    return [*rows, _row("run, new, until its first trial begins", began, None)]


def _row(name: str, seconds: list[float], target: float | None) -> dict[str, Any]:
    median = statistics.median(seconds)
    row: dict[str, Any] = {"case": name, "median": median, "lowest": min(seconds), "highest": max(seconds)}
    if target is not None:
        row |= {"target": target, "verdict": "met" if median <= target else "missed"}
    return {**row, "seconds": seconds}


def _seconds(words: Sequence[str], trials: Path | None = None) -> tuple[float, float]:
    """Return the seconds of the command *words*, and of those the first until a folder in *trials* has events."""
    start, first = time.perf_counter(), 0.0
    command = [sys.executable, "-m", "flowerablate", *words]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while trials and not first and process.poll() is None:
        if any(trials.glob("*/events.jsonl")):
            first = time.perf_counter() - start
        time.sleep(0.002)
    if process.wait() != 0:
        sys.exit(f"error: {' '.join(words)} ended with exit code {process.returncode}")
    return time.perf_counter() - start, first


def _fill(name: str, replicates: int) -> None:
    """Write the ledger of a study of that *name* as a run of it would have: every trial with a result."""
    small = Ledger(Path("runs/small"))
    note = small.note()
    assert note is not None
    results = {result.change: result for result in finished(small.results(note.base_id))}
    history = {result.change: (small.root / "trials" / result.trial_id / "history.json") for result in results.values()}
    planned = flowerablate.plan_of(flowerablate.Study.read().override("name", name), seeds=replicates)
    plan, ledger = planned.plan, planned.ledger
    assert len(plan.trials) == len(results) * replicates
    settled = replace(plan, threads=note.threads, device=note.device)
    pipelines = {variant.change: describe(variant.pipeline) for variant in plan.design.variants}
    rng, samples = np.random.default_rng(0), plan.data.samples
    tests = {
        seed: split_samples(samples, seed, plan.trials[0].variant.pipeline.split).test for seed in range(replicates)
    }
    _sync, os.fsync = os.fsync, lambda file: None  # nothing here must survive a crash
    try:
        ledger.enter(plan.trials, pipelines, settled.note(plan.trials))
        for trial in plan.trials:
            folder, change = ledger.folder(trial), trial.variant.change
            test = tests[trial.seed]
            labels = np.array(samples.labels, dtype=np.int64)[test]
            logits = rng.normal(0, 1, (len(test), len(samples.classes))).astype(np.float32)
            logits[np.arange(len(test)), labels] += 2.0 - 0.5 * bool(change)
            raised = np.exp(logits)
            probabilities = raised / raised.sum(axis=1, keepdims=True)
            keys = tuple(samples.keys[place] for place in test)
            write_predictions(folder.path, Predictions(keys, labels, probabilities, samples.classes, logits))
            shutil.copy(history[change], folder.path / "history.json")
            accuracy = float(np.mean(probabilities.argmax(axis=1) == labels))
            loss = float(-np.log(probabilities[np.arange(len(test)), labels]).mean())
            measured = {**results[change].metrics, "accuracy": accuracy, "loss": loss}
            folder.finish(
                replace(results[change], trial_id=trial.id, base_id=trial.base_id, seed=trial.seed, metrics=measured),
                {},
            )
    finally:
        os.fsync = _sync


if __name__ == "__main__":
    if sys.argv[1:] == ["--parts"]:
        _print_parts()
    else:
        main()

"""Does an adaptive study reach the verdicts of a fixed one, and with how many of its trials?

    python benchmarks/adaptive.py                  # simulated studies, a few minutes, then one with training
    python benchmarks/adaptive.py --quick          # few studies, and the training of a small part
    python benchmarks/adaptive.py --only simulated

*Simulated*: studies whose truth is known, by the scores of ``coverage/worlds.py``. Both procedures see the same 20
replicates; the adaptive one begins with 5 and takes more by the code that decides it for a user's study, looking at 5,
9, 13, 16 and 20. *Trained*: one study of drawn flowers with four questions, run twice in ledgers of its own: with 20
seeds, and with ``--until-decided --max-seeds 20``. An interrupted run resumes: its ledgers are in --runs.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from machine import machine, versions

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "coverage"))  # before this folder, which has a cases.py of its own

import procedures  # noqa: E402
from adaptive_study import adaptive, looks  # noqa: E402
from cases import LAST  # noqa: E402
from procedures import Said  # noqa: E402
from worlds import NOISE, World  # noqa: E402

RESULT = HERE / "results" / "adaptive.json"
SIZES = (0.0, 0.5, 1.0, 2.0)
"""Effects in standard deviations of the differences, of which half of the comparisons have one."""
FAMILIES = (1, 4, 10)
QUESTIONS = ("denoise", "specks.mirror", "model.skip")


@dataclass(frozen=True)
class Case:
    """Studies with *comparisons*, half of them (or the one) with an effect of *size*, maybe with a *margin*."""

    comparisons: int
    size: float
    margin: float | None = None

    @property
    def world(self) -> World:
        """How the scores come about; differences have the standard deviation ``NOISE``, as pairs correlate by .5."""
        real = [self.size * NOISE * (-1) ** (number // 2) for number in range(self.comparisons)]
        return World(tuple(0.0 if number % 2 else effect for number, effect in enumerate(real)))


CASES = [Case(family, size) for size in SIZES for family in FAMILIES]
CASES += [Case(4, size, margin=NOISE) for size in (0.0, 2.0)]


def main() -> None:
    options = _options()
    result: dict[str, Any] = json.loads(options.output.read_text()) if options.output.is_file() else {}
    result["machine"] = machine()
    result["versions"] = versions(["flowerablate", "numpy", "scipy", "torch"])
    if options.only in (None, "simulated"):
        result["simulated"] = _simulated(options.studies or (40 if options.quick else 2000), options.processes)
        _write(options.output, result)
    if options.only in (None, "trained"):
        result["trained"] = _trained(options.runs, quick=options.quick)
        _write(options.output, result)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Compare adaptive studies with those of a fixed size.")
    parser.add_argument("--quick", action="store_true", help="a minute or two; writes beside the result")
    parser.add_argument("--only", choices=("simulated", "trained"))
    parser.add_argument("--studies", type=int, help="simulated studies per case")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--runs", type=Path, default=Path("runs-adaptive"), help="the folder in which ledgers are kept")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    options.output = options.output or (RESULT.with_name("adaptive-quick.json") if options.quick else RESULT)
    return options


def _write(path: Path, result: dict[str, Any]) -> None:
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


# -------------------------------------------------------------------------------------------- simulated


def _simulated(studies: int, processes: int) -> dict[str, Any]:
    started = time.perf_counter()
    with ProcessPoolExecutor(processes) as pool:
        rows = list(pool.map(_case, CASES, [studies] * len(CASES)))
    for row in rows:
        print(*(f"{key}={value}" for key, value in row.items()), flush=True)
    return {"studies": studies, "looks": looks(), "rows": rows, "seconds": round(time.perf_counter() - started)}


def _case(case: Case, studies: int) -> dict[str, Any]:
    tallies = []
    for number in range(studies):
        seed = [case.comparisons, round(10 * case.size), number]
        scores = case.world.scores(LAST, np.random.default_rng(seed))
        tallies.append(_tally(procedures.ours(scores, case.margin), adaptive(scores, case.margin), case))
    row: dict[str, Any] = {"comparisons": case.comparisons, "size": case.size, "margin": case.margin}
    for key in tallies[0]:
        values = [tally[key] for tally in tallies if tally[key] is not None]
        if values:
            row[key] = round(float(np.mean(values)), 4)
            row[f"{key}_se"] = round(float(np.std(values, ddof=1) / np.sqrt(len(values))), 4)
    return row


def _tally(fixed: Sequence[Said], grown: Sequence[Said], case: Case) -> dict[str, float | None]:
    """Return the results of one study: fractions of its comparisons, None if there are none of the kind."""
    effects = case.world.effects
    kept = [a.word == b.word for a, b in zip(fixed, grown, strict=True) if a.word != "?"]
    real = [number for number, effect in enumerate(effects) if effect]
    return {
        "trials": (max(said.n for said in grown) + sum(said.n for said in grown)) / (LAST * (1 + len(grown))),
        "same_verdict": float(np.mean([a.word == b.word for a, b in zip(fixed, grown, strict=True)])),
        "decided_verdicts_kept": float(np.mean(kept)) if kept else None,
        "found_fixed": float(np.mean([fixed[number].word in "+-" for number in real])) if real else None,
        "found_adaptive": float(np.mean([grown[number].word in "+-" for number in real])) if real else None,
        "family_error_fixed": float(_errs(fixed, case)),
        "family_error_adaptive": float(_errs(grown, case)),
    }


def _errs(said: Sequence[Said], case: Case) -> bool:
    for each, effect in zip(said, case.world.effects, strict=True):
        if each.word == "0" and abs(effect) >= (case.margin or 0.0) * (1 - 1e-12):
            return True
        if (each.word == "+" and effect <= 0) or (each.word == "-" and effect >= 0):
            return True
    return False


# ---------------------------------------------------------------------------------------------- trained


def _trained(runs: Path, *, quick: bool) -> dict[str, Any]:
    max_seeds = 5 if quick else 20
    words = ["--seeds", "2" if quick else "5", "--until-decided", "--max-seeds", str(max_seeds)]
    tables = {
        "adaptive": _study("adaptive", runs, words, quick=quick),
        "fixed": _study("fixed", runs, ["--seeds", str(max_seeds)], quick=quick),
    }
    rows = [_compared(*pair) for pair in zip(tables["fixed"], tables["adaptive"], strict=True)]
    trials = {name: sum(row["n"] for row in table) + max(row["n"] for row in table) for name, table in tables.items()}
    return {
        "most": max_seeds,
        "rows": rows,
        "trials_fixed": trials["fixed"],
        "trials_adaptive": trials["adaptive"],
        "same_verdict": sum(row["fixed"] == row["adaptive"] for row in rows),
    }


def _study(name: str, runs: Path, words: list[str], *, quick: bool) -> list[dict[str, Any]]:
    """Run one study, or what is missing of it, and return its rows."""
    study = [str(HERE / "planted" / "study.toml"), "--set", f"name={name}", "--set", "ablation.controls=['placebo']"]
    for question in QUESTIONS:
        study += ["--disable", question]
    if quick:
        study += ["--set", "train.epochs=2", "--set", "dataset.images=200"]
    program = [sys.executable, "-m", "flowerablate"]
    subprocess.run([*program, "run", *study, "--runs", str(runs), *words], check=True, stdout=subprocess.DEVNULL)
    report = [*program, "report", name, "--format", "json", "--runs", str(runs)]
    table = json.loads(subprocess.run(report, check=True, capture_output=True, text=True).stdout)
    rows: list[dict[str, Any]] = table["rows"]
    return rows


def _compared(fixed: dict[str, Any], grown: dict[str, Any]) -> dict[str, Any]:
    return {
        "question": fixed["label"],
        "fixed": fixed["verdict"],
        "adaptive": grown["verdict"],
        "replicates": grown["n"],
        "effect_fixed": fixed["effect"]["mean"],
        "effect_adaptive": grown["effect"]["mean"],
    }


if __name__ == "__main__":
    main()

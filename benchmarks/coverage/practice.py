"""What people do around a table: add replicates, questions and metrics after a look, tune the base alone, use max-T.

python benchmarks/coverage/practice.py             # 2,000 studies per case, about half an hour on two cores
python benchmarks/coverage/practice.py --only extension --studies 200 --output quick.json
python benchmarks/coverage/report.py               # writes the tables of docs/explanation/evidence.md from the result

No training, as in run.py.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parents[1]))

import extending
import procedures
import sequences
from cases import EXTENSION, FAILING, FAMILIES, SEQUENCES, Case
from machine import machine, versions
from procedures import Said, Scores
from simulation import simulate
from worlds import NOISE, World

from flowerablate.contracts import Rules

RESULT = Path(__file__).parents[1] / "results" / "practice.json"

Row = dict[str, object]


def ours(scores: Scores, case: Case) -> list[Said]:
    return procedures.ours(scores, images=case.world.images)


def max_t(scores: Scores, case: Case) -> list[Said]:
    return procedures.max_t(scores)


FAILING_PROCEDURES: dict[str, Callable[[Scores, Case], list[Said]]] = {
    "left out": extending.left_out,
    "run again": extending.run_again,
    "run again, uncharged": extending.run_again_uncharged,
}

FAMILY: dict[str, Callable[[Scores, Case], list[Said]]] = {"ours": ours, "max-T": max_t}
EXTENDING: dict[str, Callable[[Scores, Case], list[Said]]] = {
    "naturally": extending.naturally,
    "by chance": extending.by_chance,
    "then planned": extending.then_planned,
    "without rules": extending.without_rules,
    "by missing replicates": extending.by_missing_replicates,
}

SECTIONS = (
    ("extension", EXTENSION, EXTENDING),
    ("failing", FAILING, FAILING_PROCEDURES),
    ("sequences", SEQUENCES, sequences.PROCEDURES),
    ("families", FAMILIES, FAMILY),
)

QUESTIONS = 5
METRICS = 3
SETTINGS = 40
EFFECTS = (0.0, 0.5, 1.0, 1.5, 2.0)
"""In standard deviations of the differences, which is NOISE where pairs correlate by one half."""


def more_questions(scores: Scores) -> bool:
    """Ask one question after another, each with Holm over those asked so far, until one finds something."""
    return any(_finds(scores[:, : 2 + asked]) for asked in range(QUESTIONS))


def best_metric(scores: Scores) -> bool:
    """Look at three metrics of one study, whose scores correlate by one half, and take the best."""
    return any(_finds(scores[:, metric::METRICS]) for metric in range(METRICS))


def tuned(replicates: int, random: np.random.Generator, *, variant_too: bool) -> bool:
    """Tune a pipeline over 40 settings and compare it with a variant that is as good at its own best setting.

    The two have their best settings at different places, standard normal ones, and lose a quarter of NOISE times the
    squared distance elsewhere. A setting is chosen by one noisy run on validation: once for the study if only the base
    is tuned, in each replicate for each of the two with ``--retune``. The test scores are of other runs.
    """
    settings = np.linspace(-3, 3, SETTINGS)
    lost = 0.25 * NOISE * (settings[:, None] - random.standard_normal(2)) ** 2
    seen = NOISE * random.standard_normal((replicates, SETTINGS, 2)) - lost
    chosen = seen.argmax(axis=1)
    if not variant_too:
        chosen[:] = chosen[0, 0]
    scores = World((0.0,)).scores(replicates, random)
    return _finds(scores - lost[chosen, [0, 1]])


def _finds(scores: Scores) -> bool:
    return any(said.word in "+-" for said in procedures.ours(scores))


def _questions(number: int) -> dict[str, bool]:
    random = np.random.default_rng([1, number])
    scores = World((0.0,) * QUESTIONS).scores(5, random)
    both = World((0.0,)).scores(10, random)
    metrics = np.repeat(both, METRICS, axis=1) / np.sqrt(2) + NOISE * random.standard_normal((10, 2 * METRICS)) / 2
    return {
        f"{QUESTIONS} questions, asked one after the other": more_questions(scores),
        f"{QUESTIONS} questions, asked together": _finds(scores),
        f"the best of {METRICS} metrics": best_metric(metrics),
        "the primary metric": _finds(metrics[:, ::METRICS]),
    }


def _tuning(number: int) -> dict[str, bool]:
    return {
        f"{who} over {SETTINGS} settings, n = {n}": tuned(
            n, np.random.default_rng([2, number, n]), variant_too=variant_too
        )
        for variant_too, who in ((False, "only the base tuned"), (True, "both tuned"))
        for n in (5, 10)
    }


def _chances(number: int) -> dict[str, tuple[float, float] | None]:
    """Return, for effects of several sizes, the chance that the table names at 5 replicates, and what came at 10."""
    found: dict[str, tuple[float, float] | None] = {}
    for size, comparisons in [*((size, 1) for size in EFFECTS), (1.5, 10), (2.0, 10)]:
        random = np.random.default_rng([3, number, round(10 * size), comparisons])
        scores = World((size * NOISE,) * comparisons).scores(10, random)
        row = procedures.summary_of(scores[:5], Rules()).rows[0]
        later = procedures.summary_of(scores, Rules(), looked=(5,)).rows[0]
        still_open = row.verdict == "undecided" and row.chance is not None
        name = f"{size:g} s, {comparisons} comparison{'s' * (comparisons > 1)}"
        found[name] = (row.chance or 0.0, float(later.verdict != "undecided")) if still_open else None
    return found


def _named(studies: int, pool: ProcessPoolExecutor) -> list[Row]:
    found = list(pool.map(_chances, range(studies), chunksize=50))
    rows: list[Row] = []
    for name in found[0]:
        pairs = np.array([pair for each in found if (pair := each[name]) is not None])
        named, came = pairs.T
        high = came[named >= 0.5]
        rows.append(
            {
                "case": name,
                "open": len(pairs),
                "named": round(float(named.mean()), 5),
                "came": round(float(came.mean()), 5),
                "came_se": round(float(came.std(ddof=1) / np.sqrt(len(came))), 5),
                "at_least_half": round(float(np.mean(named >= 0.5)), 5),
                "came_of_these": round(float(high.mean()), 5) if len(high) else None,
            }
        )
    return rows


def _rates(function: Callable[[int], dict[str, bool]], studies: int, pool: ProcessPoolExecutor) -> list[Row]:
    found = list(pool.map(function, range(studies), chunksize=50))
    return [
        {
            "case": name,
            "family_error": round(float(np.mean(values)), 5),
            "family_error_se": round(float(np.std(values, ddof=1) / np.sqrt(studies)), 5),
        }
        for name in found[0]
        for values in [[each[name] for each in found]]
    ]


def main() -> None:
    options = _options()
    started = time.perf_counter()
    result: dict[str, object] = {}
    if options.only and options.output.exists():
        result = json.loads(options.output.read_text(encoding="utf-8"))
    result |= {"machine": machine(), "versions": versions(["flowerablate", "numpy", "scipy"])}
    result["studies"] = options.studies
    with ProcessPoolExecutor(options.processes) as pool:
        for section, cases, named in SECTIONS:
            if not options.only or section in options.only:
                jobs = [(case, name, each, options.studies) for case in cases for name, each in named.items()]
                result[section] = list(pool.map(simulate, *zip(*jobs, strict=True)))
        for section, function in (("questions", _questions), ("tuning", _tuning)):
            if not options.only or section in options.only:
                result[section] = _rates(function, options.studies, pool)
        if not options.only or "chances" in options.only:
            result["chances"] = _named(options.studies, pool)
    result["seconds"] = round(time.perf_counter() - started)
    options.output.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Simulate what people do around a table, and count what goes wrong.")
    parser.add_argument("--studies", type=int, default=2000, help="studies per case")
    parser.add_argument(
        "--only", nargs="+", choices=["extension", "failing", "sequences", "families", "questions", "tuning", "chances"]
    )
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--output", type=Path, default=RESULT)
    return parser.parse_args()


if __name__ == "__main__":
    main()

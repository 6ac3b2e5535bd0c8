"""Do intervals cover, and do verdicts err as rarely as they say? Studies are made up, so that the truth is known.

python benchmarks/coverage/run.py                  # 2,000 studies per case, about 15 minutes on two cores
python benchmarks/coverage/run.py --studies 200 --output quick.json
python benchmarks/coverage/report.py               # writes the tables of docs/evidence.md from the result

No training: the scores are drawn (worlds.py), and go through the code that makes the table that users see
(procedures.py). Study number k of a case is drawn from the stream (case, k), so every number is reproducible.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parents[1]))

import procedures
from adaptive_study import adaptive, looks
from cases import ADAPTIVE, COVERAGE, EQUIVALENCE, FEW, FIRST, LAST, POWER, SKEW, Case
from machine import machine, versions
from procedures import Said, Scores

RESULT = Path(__file__).parents[1] / "results" / "coverage.json"
Procedure = Callable[[Scores, Case], list[Said]]

PROCEDURES: dict[str, Procedure] = {
    "ours": lambda scores, case: (adaptive if case.adaptive else procedures.ours)(
        scores, case.margin, images=case.world.images
    ),
    "unpaired": lambda scores, case: procedures.unpaired(scores),
    "unadjusted": lambda scores, case: procedures.unadjusted(scores),
    "sign flip": lambda scores, case: procedures.sign_flip(scores),
    "modified t": lambda scores, case: procedures.modified_t(scores),
    "trimmed": lambda scores, case: procedures.trimmed(scores),
    "peeking": lambda scores, case: procedures.peeking(scores, looks()),
}  # fmt: skip

SECTIONS: dict[str, tuple[list[Case], tuple[str, ...]]] = {
    "coverage": (COVERAGE, ("ours",)),
    "skew": (SKEW, ("ours", "sign flip", "modified t", "trimmed")),
    "few": (FEW, ("ours",)),
    "equivalence": (EQUIVALENCE, ("ours",)),
    "adaptive": (ADAPTIVE, ("ours", "peeking")),
    "power": (POWER, ("ours", "unpaired", "unadjusted", "sign flip")),
}


def main() -> None:
    options = _options()
    started = time.perf_counter()
    result: dict[str, object] = {}
    if options.only:
        result = json.loads(options.output.read_text(encoding="utf-8"))
        if result["studies"] != options.studies:
            sys.exit(f"error: {options.output} has {result['studies']} studies per case; take as many")
    result |= {"machine": machine(), "versions": versions(["flowerablate", "numpy", "scipy"])}
    result["studies"] = options.studies
    with ProcessPoolExecutor(options.processes) as pool:
        for section, (cases, names) in SECTIONS.items():
            if options.only and section not in options.only:
                continue
            jobs = [(case, name, options.studies) for case in cases for name in names]
            rows = list(pool.map(_simulate, *zip(*jobs, strict=True)))
            result[section] = rows
            for row in rows:
                print(section, *(f"{key}={value}" for key, value in row.items()), flush=True)
    result["seconds"] = round(time.perf_counter() - started)
    options.output.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Simulate studies and count what their tables get wrong.")
    parser.add_argument("--studies", type=int, default=2000, help="studies per case")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, help="replace these sections of the result, no others")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--output", type=Path, default=RESULT)
    return parser.parse_args()


def _simulate(case: Case, name: str, studies: int) -> dict[str, object]:
    procedure = PROCEDURES[name]
    tallies = []
    for number in range(studies):
        # The name of the procedure is no part of the key: all of them see the same studies.
        random = np.random.default_rng([zlib.crc32(repr(case).encode()), number])
        scores = case.world.scores(case.replicates or LAST, random)
        tallies.append(_tally(procedure(scores, case), case))
    columns = {key: [tally[key] for tally in tallies if tally[key] is not None] for key in tallies[0]}
    row: dict[str, object] = {
        "case": case.name,
        "comparisons": len(case.world.effects),
        "replicates": case.replicates or f"{FIRST} to {LAST}",
        "procedure": name,
        "model_holds": case.model_holds,
    }
    for key, values in columns.items():
        if values:
            row[key] = round(float(np.mean(values)), 5)
            row[f"{key}_se"] = round(float(np.std(values, ddof=1) / np.sqrt(len(values))), 5)
    return row


def _tally(said: Sequence[Said], case: Case) -> dict[str, float | None]:
    """Return the results of one study as fractions of its comparisons; None if there are none of the kind."""
    truth = case.world.truth
    pairs = list(zip(said, truth, strict=True))
    covered = [
        low <= effect <= high for each, effect in pairs if each.interval is not None for low, high in [each.interval]
    ]
    real = [each for each, effect in pairs if effect]
    nothing = [each for each, effect in pairs if not effect]
    return {
        "covered": float(np.mean(covered)) if covered else None,
        "family_error": float(
            any(_is_wrong(each.word, effect, case) for each, effect in zip(said, truth, strict=True))
        ),
        "found": float(np.mean([each.word in "+-" for each in real])) if real else None,
        "negligible": float(np.mean([each.word == "0" for each in nothing])) if nothing and case.margin else None,
        "trials": float(max(each.n for each in said) + sum(each.n for each in said)),
    }


def _is_wrong(word: str, effect: float, case: Case) -> bool:
    if word == "0":
        return case.margin is not None and abs(effect) >= case.margin * (1 - 1e-12)
    return (word == "+" and effect <= 0) or (word == "-" and effect >= 0)


if __name__ == "__main__":
    main()

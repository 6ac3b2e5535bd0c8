"""Do intervals cover, and do verdicts err as rarely as they say? Studies are made up, so that the truth is known.

python benchmarks/coverage/run.py                  # 2,000 studies per case, about 15 minutes on two cores
python benchmarks/coverage/run.py --studies 200 --output quick.json
python benchmarks/coverage/run.py --only coarse    # one section, the others stay
python benchmarks/coverage/report.py               # writes the tables of docs/explanation/evidence.md from the result

No training: the scores are drawn (worlds.py), and go through the code that makes the table that users see
(procedures.py). Study number k of a case is drawn from the stream (case, k), so every number is reproducible.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

import procedures
from adaptive_study import adaptive, looks
from cases import ADAPTIVE, COARSE, COVERAGE, EQUIVALENCE, FEW, POWER, SKEW, Case
from machine import machine, versions
from procedures import Said, Scores
from simulation import simulate

RESULT = Path(__file__).parents[1] / "results" / "coverage.json"
Procedure = Callable[[Scores, Case], list[Said]]


def ours(scores: Scores, case: Case) -> list[Said]:
    """Return what our table says, of a study of fixed size or of one until decided."""
    return (adaptive if case.adaptive else procedures.ours)(
        scores, case.margin, images=case.world.images if case.counted else None
    )


def unpaired(scores: Scores, case: Case) -> list[Said]:
    return procedures.unpaired(scores)


def unadjusted(scores: Scores, case: Case) -> list[Said]:
    return procedures.unadjusted(scores)


def sign_flip(scores: Scores, case: Case) -> list[Said]:
    return procedures.sign_flip(scores)


def modified_t(scores: Scores, case: Case) -> list[Said]:
    return procedures.modified_t(scores)


def trimmed(scores: Scores, case: Case) -> list[Said]:
    return procedures.trimmed(scores)


def peeking(scores: Scores, case: Case) -> list[Said]:
    return procedures.peeking(scores, looks())


PROCEDURES: dict[str, Procedure] = {
    "ours": ours,
    "unpaired": unpaired,
    "unadjusted": unadjusted,
    "sign flip": sign_flip,
    "modified t": modified_t,
    "trimmed": trimmed,
    "peeking": peeking,
}

SECTIONS: dict[str, tuple[list[Case], tuple[str, ...]]] = {
    "coverage": (COVERAGE, ("ours",)),
    "coarse": (COARSE, ("ours",)),
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
    if options.only and options.output.exists():
        result = json.loads(options.output.read_text(encoding="utf-8"))
        if result["studies"] != options.studies:
            sys.exit(f"error: {options.output} has {result['studies']} studies per case; take as many")
    result |= {"machine": machine(), "versions": versions(["flowerablate", "numpy", "scipy"])}
    result["studies"] = options.studies
    with ProcessPoolExecutor(options.processes) as pool:
        for section, (cases, names) in SECTIONS.items():
            if options.only and section not in options.only:
                continue
            jobs = [(case, name, PROCEDURES[name], options.studies) for case in cases for name in names]
            rows = list(pool.map(simulate, *zip(*jobs, strict=True)))
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


if __name__ == "__main__":
    main()

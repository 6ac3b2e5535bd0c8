"""Is what matters found, and what cannot matter left alone? Small studies with training, whose truth is known.

python benchmarks/planted/run.py                   # 40 studies of 30 trials each, about half an hour on two cores
python benchmarks/planted/run.py --studies 2 --output quick.json
python benchmarks/coverage/report.py               # writes the table of docs/explanation/evidence.md

Study number k draws other flowers (``dataset.seed = k``) and asks four questions: a median filter where there is salt
and pepper, which is built to matter; the mirroring of the specks, the placebo and the seed control, which cannot.
An interrupted run resumes: the ledgers are kept in --runs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent))

from machine import machine, versions  # noqa: E402

RESULT = HERE.parent / "results" / "planted.json"
FALSE = ("helps", "hurts", "differs")
"""Words of a difference; «differs» is reported for a control."""


def main() -> None:
    options = _options()
    tables = []
    with ThreadPoolExecutor(options.processes) as pool:
        for number, table in enumerate(pool.map(lambda number: _study(number, options.runs), range(options.studies))):
            tables.append(table)
            print(number, {row["label"]: row["verdict"] for row in table["rows"]}, flush=True)
    result: dict[str, Any] = {
        "machine": machine(),
        "versions": versions(["flowerablate", "torch", "torchvision", "numpy", "scipy"]),
        "studies": options.studies,
        "rows": _rows(tables),
        "studies_with_a_false_finding": sum(any(map(_is_false, table["rows"])) for table in tables),
    }
    options.output.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train small studies whose truth is known and count the verdicts.")
    parser.add_argument("--studies", type=int, default=40)
    parser.add_argument("--processes", type=int, default=2, help="studies at a time, each with one thread")
    parser.add_argument("--runs", type=Path, default=Path("runs-planted"), help="the folder in which ledgers are kept")
    parser.add_argument("--output", type=Path, default=RESULT)
    return parser.parse_args()


def _study(number: int, runs: Path) -> dict[str, Any]:
    name = f"planted-{number}"
    words = [str(HERE / "study.toml"), "--set", f"name={name}", "--set", f"dataset.seed={number}", "--runs", str(runs)]
    # So small a network is trained faster by one thread for each of two studies than by two threads for each.
    alone = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-m", "flowerablate", "run", *words], check=True, capture_output=True, env=alone)
    report = [sys.executable, "-m", "flowerablate", "report", name, "--format", "json", "--runs", str(runs)]
    table: dict[str, Any] = json.loads(subprocess.run(report, check=True, capture_output=True, text=True).stdout)
    return table


def _is_false(row: dict[str, Any]) -> bool:
    return row["label"] != "-denoise" and row["verdict"] in FALSE


def _rows(tables: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = []
    for position, first in enumerate(tables[0]["rows"]):
        found = [table["rows"][position] for table in tables]
        effects = [row["effect"]["mean"] for row in found]
        rows.append(
            {
                "component": first["label"],
                "matters": first["label"] == "-denoise",
                "verdicts": dict(Counter(row["verdict"] for row in found)),
                "mean_effect": sum(effects) / len(effects),
                "largest_effect": max(map(abs, effects)),
            }
        )
    return rows


if __name__ == "__main__":
    main()

"""Does the default study decide, whatever the seeds, the threads and the instruction set?

python benchmarks/default_study.py --threads 1            # 20 sets of six seeds: 360 short trials
python benchmarks/default_study.py --threads 2
ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 python benchmarks/default_study.py --threads 1
python benchmarks/coverage/report.py                      # writes the table of docs/explanation/evidence.md

Seeds 0 to 5 are the first set, 6 to 11 the second, and so on; each is judged as a study of its own. The opening removes
the planted noise; the flip is not built to matter. An interrupted run goes on: its ledger is kept in --runs. Each run
adds its line to the result, or replaces that of the same processor, instruction set and threads.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import torch
from machine import machine, versions

import flowerablate as fa
from flowerablate.ledger import Ledger
from flowerablate.reading.find_study import note_of
from flowerablate.stats import summarise

RESULT = Path(__file__).parent / "results" / "default_study.json"
SEEDS = 6
STUCK = 0.05
"""How far the base's accuracy must lie below its median to count as a training that got stuck."""


def main() -> None:
    options = _options()
    name = f"default-{options.threads}-{torch.backends.cpu.get_cpu_capability()}".lower().replace(" ", "-")
    here = machine()
    jobs = max(1, int(str(here["cores"])) // options.threads)
    words = ["--set", f"name={name}", "--disable", "morphology", "--disable", "flip", "--runs", str(options.runs)]
    words += ["--seeds", str(options.sets * SEEDS), "--jobs", str(jobs), "--threads", str(options.threads)]
    subprocess.run([sys.executable, "-m", "flowerablate", "run", *words], check=True)
    line = {
        "cpu": here["cpu"],
        "capability": torch.backends.cpu.get_cpu_capability(),
        "threads": options.threads,
        "sets": options.sets,
        **_judged(options.runs / name, options.sets),
    }
    old = json.loads(RESULT.read_text(encoding="utf-8"))["lines"] if RESULT.exists() else []
    key = ("cpu", "capability", "threads")
    lines = [one for one in old if any(one[part] != line[part] for part in key)] + [line]
    result = {"versions": versions(["flowerablate", "torch", "numpy"]), "lines": lines}
    RESULT.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps(line, indent=1))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Judge disjoint sets of six seeds of the default study.")
    parser.add_argument("--sets", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--runs", type=Path, default=Path("runs-default"), help="the folder in which ledgers are kept")
    return parser.parse_args()


def _judged(folder: Path, sets: int) -> dict[str, Any]:
    """Return the verdicts of each set, and what its trainings came to."""
    ledger = Ledger(folder)
    note = note_of(ledger, None)
    results = [result for result in ledger.results(note.base_id) if isinstance(result, fa.TrialResult)]
    verdicts: dict[str, list[str]] = {}
    effects: dict[str, list[float]] = {}
    for number in range(sets):
        chosen = [one for one in results if one.seed // SEEDS == number]
        for row in summarise(chosen, note.contrasts, rules=note.rules).rows:
            if row.effect is not None:
                verdicts.setdefault(row.label, []).append(str(row.verdict))
                effects.setdefault(row.label, []).append(100 * row.effect.mean)
    accuracy = [one.metrics["accuracy"] for one in results if not one.change]
    low = statistics.median(accuracy) - STUCK
    return {
        "verdicts": {label: dict(Counter(found)) for label, found in verdicts.items()},
        "effects": {label: [min(found), statistics.mean(found), max(found)] for label, found in effects.items()},
        "base": [min(accuracy), statistics.mean(accuracy), max(accuracy)],
        "stuck": sum(value < low for value in accuracy),
        "seconds": statistics.median(one.costs["seconds"] or 0.0 for one in results),
    }


if __name__ == "__main__":
    main()

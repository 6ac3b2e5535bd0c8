"""Writes the tables of docs/explanation/scaling.md from the results, between their markers.

python benchmarks/scaling/report.py              # after the other scripts of this folder
python benchmarks/scaling/report.py --check      # exit code 1 if a table is not that of the results
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from tables import between, table

DOCUMENT = HERE.parents[1] / "docs" / "explanation" / "scaling.md"
RESULTS = HERE.parent / "results"
Result = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the tables of docs/explanation/scaling.md from the results.")
    parser.add_argument("--check", action="store_true", help="change nothing, say whether they agree")
    options = parser.parse_args()
    old = DOCUMENT.read_text(encoding="utf-8")
    new = old
    for render in (whole_study, jobs_and_threads, trial_cost, many_jobs, kills):
        path = RESULTS / f"{render.__name__}.json"
        if not path.exists():
            print(f"{render.__name__}: no result yet, its table stays as it is", file=sys.stderr)
            continue
        rendered = render(json.loads(path.read_text(encoding="utf-8")))
        new = between(new, render.__name__, rendered, writer="scaling/report.py", document=DOCUMENT.name)
    if options.check and new != old:
        sys.exit("error: scaling.md does not show the results; run python benchmarks/scaling/report.py")
    DOCUMENT.write_text(new, encoding="utf-8")


def whole_study(result: Result) -> str:
    """Return the time of the script and of the harness for each network, and what they found."""
    rows, conditions = [], []
    for model, found in result["models"].items():
        seconds = {arm: statistics.median(r[arm]["seconds"] for r in found["rounds"]) for arm in found["rounds"][0]}
        trials = {arm: found["rounds"][0][arm]["trials"] for arm in seconds}
        targets = {"run": 3.0, "until_decided": 6.0} if model == "resnet14" else {"run": 1.6}
        names = {
            "script": "script by hand",
            "run": "run",
            "until_decided": "run --until-decided",
            "steps_alone": "torch's steps alone",
        }
        for arm, name in names.items():
            if arm not in seconds:
                continue
            ratio = found["ratios"].get(f"script / {arm}")
            shown = [f"{ratio:.2f}" if ratio else "", _target(ratio, targets.get(arm))]
            rows.append([model, name, trials[arm], f"{seconds[arm]:.0f}", *shown])
        conditions.append(
            f"{model}: {found['seeds']} seeds, {found['epochs']} epochs, n = {found['n']}, {_where(found)}"
        )
    return "\n\n".join(
        ["; ".join(conditions) + ".", table(["network", "how", "trials", "s", "script / it", "target"], rows)]
    )


def jobs_and_threads(result: Result) -> str:
    """Return how much sooner one trial per core with one thread ends than one after another with all threads."""
    rows = [
        [model, len(found["rounds"]), _spread(found["threads / jobs"])] for model, found in result["models"].items()
    ]
    return "\n\n".join([_where(result) + ".", table(["network", "n", "threads / jobs (min-max)"], rows)])


def trial_cost(result: Result) -> str:
    """Return what each further empty trial costs, and how long a real one needs to its first step."""
    found = result["summary"]
    names = {"processes": "executor `processes`", "loky": "joblib, loky (workers reused)",
             "hydra joblib": "Hydra, joblib launcher (workers reused)", "ray tune": "Ray Tune"}  # fmt: skip
    rows = []
    for name, shown in names.items():
        (few, start), (_, each), *_ = found[name].items()
        least, most = (round(1000 * found[name][end]) for end in ("min", "max"))
        spread = f"{round(1000 * each)} ({least} to {most})"
        rows.append([shown, spread, f"{start:.1f} for {few.removeprefix('seconds of ')}"])
    first = found["first step"]
    peers = ", ".join(f"{name} {number}" for name, number in result["peers"].items())
    return "\n\n".join(
        [
            f"{_where(result)}; n = {found['n']}. {peers}.",
            table(["two empty trials at once", "ms of each further one (min-max)", "s, the first ones"], rows),
            f"From handing a trial over to its first step: {_spread(first)} s, n = {first['n']}; target 0.3 "
            f"{_met(first['median'] <= 0.3)}.",
        ]
    )


def many_jobs(result: Result) -> str:
    """Return how near the schedule comes to the ideal, and its memory."""
    real = [each["real"] for each in result["rounds"]]
    simulated = [each["simulated"] for each in result["rounds"]]
    share = statistics.median(each["of_ideal"] for each in real)
    seconds = statistics.median(each["seconds"] for each in real)
    what = f"{real[0]['jobs']:,} jobs that sleep for 1 s on {real[0]['places']} places"
    rows = [[what, real[0]["ideal"], f"{seconds:.1f}", f"{100 * share:.1f} %", f"95 % {_met(share >= 0.95)}"]]
    memory = [value for each in simulated for value in each["memory_mb"]]
    schedule = statistics.median(each["seconds_of_the_schedule"] for each in simulated)
    return "\n\n".join(
        [
            f"{_where(result)}; n = {len(real)}.",
            table(["jobs", "ideal, s", "s", "of the ideal", "target"], rows),
            f"{simulated[0]['jobs']:,} simulated jobs on {simulated[0]['places']} places: the schedule itself took "
            f"{schedule:.1f} s, and {min(memory)} to {max(memory)} MB of memory.",
        ]
    )


def kills(result: Result) -> str:
    """Return how often what was killed, and what came of it."""
    counts = result["kills"]
    killed = f"{counts['run']} times the run, {counts['server']} times its fork server, {counts['trial']} times a trial"
    return (
        f"{_where(result)}. Killed by SIGKILL: {killed}. {result['trials_compared']} trials in {result['studies']} "
        "studies were equal to those of an uninterrupted run to the bit, and no process or temporary file was left."
    )


def _where(result: Result) -> str:
    machine = result["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in result["versions"].items())
    return f"{machine['cpu']}, {machine['cores']} cores, load {machine['load_at_start']} at the start, {versions}"


def _spread(found: Result) -> str:
    return f"{found['median']:.2f} ({found['min']:.2f}-{found['max']:.2f})"


def _target(value: float | None, wanted: float | None) -> str:
    return "" if value is None or wanted is None else f"at least {wanted:g} {_met(value >= wanted)}"


def _met(met: bool) -> str:
    return "✓" if met else "missed"


if __name__ == "__main__":
    main()

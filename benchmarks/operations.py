"""Time single operations of the core against the libraries that a user would pick.

    python benchmarks/operations.py                  # all, one thread and all cores; writes results/operations.json
    python benchmarks/operations.py --quick
    python benchmarks/operations.py --only CLAHE --only rotate --images PATH --output clahe.json
    python benchmarks/operations.py --cpu-time       # one thread, on a machine that others use at the same time

See README.md for the rules. Exit code 1 if an output differs from that of a peer that computes the same thing.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import peers
from cases import CASES, Case
from core import NotInCoreError, ready
from machine import machine, versions
from peers import Job, Ready
from rich.console import Console
from rich.table import Table
from source_images import Batch, images
from timing import Clock, Plan, alternate, times

from flowerablate import _native

RESULT = Path(__file__).parent / "results" / "operations.json"
BATCH = 64
FAR_SECONDS, FAR_RATIO = 0.3, 30
"""A peer whose first batch takes longer than both of these is named with that one time, and not measured further."""


def main() -> None:
    options = _options()
    begin = time.perf_counter()
    about = machine()
    modules, missing = peers.load()
    if options.cpu_time:
        Clock.of_this_thread()
        missing["dali"] = "works in threads of its own, whose time is not counted here"
        modules.pop("dali", None)
    for name, reason in missing.items():
        print(f"without {name}: {reason}", file=sys.stderr)
    chosen = [case for case in CASES if not options.only or any(word in case.name for word in options.only)]
    if not chosen:
        sys.exit(f"error: no operation is called {options.only}; they are: {', '.join(case.name for case in CASES)}")
    plan = Plan(3, budget=0.3, min_rounds=1) if options.quick else Plan()
    sources = {case.source: images(options.batch, *case.source, options.images) for case in chosen}
    cores = int(str(about["cores"]))
    results, skipped = [], {}
    for case in chosen:
        for threads in sorted({1, 1 if options.cpu_time else cores}):
            try:
                results.append(_measure(case, sources[case.source], threads, modules, plan, cores))
            except (NotInCoreError, ValueError) as error:
                told = "not in the core yet" if isinstance(error, NotInCoreError) else f"refused by the core: {error}"
                skipped[case.name] = told
                print(f"{case.name}: {told}", file=sys.stderr)
                break
            print(_line(results[-1]), file=sys.stderr, flush=True)
    record = {
        "machine": about,
        "versions": versions(["flowerablate", "numpy", "torch"]) | peers.versions_of(modules),
        "simd": _native.simd_path(),
        "settings": {
            "batch": options.batch,
            "rounds": plan.rounds,
            "images": "photographs" if options.images else "drawn",
            "seconds": round(time.perf_counter() - begin),
            "quick": options.quick,
            "clock": "processor time of one thread" if options.cpu_time else "wall",
        },
        "missing_peers": missing,
        "skipped": skipped,
        "results": results,
    }
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    _show(results)
    if any(each["verdict"] == "differs" for each in results):
        sys.exit(1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Time single operations against the peers.")
    parser.add_argument("--images", type=Path, metavar="PATH", help="a folder of photographs instead of drawn images")
    parser.add_argument("--only", action="append", metavar="NAME", help="operations whose name contains NAME")
    parser.add_argument("--quick", action="store_true", help="three pairs each: to see that all works")
    parser.add_argument("--cpu-time", action="store_true", help="one thread, by its processor time: on a busy machine")
    parser.add_argument("--batch", type=int, default=BATCH, help="images in a batch, all different")
    parser.add_argument("--output", type=Path, default=RESULT, help="where the result is written")
    options = parser.parse_args()
    if (options.quick or options.cpu_time) and options.output == RESULT:
        options.output = RESULT.with_name("operations-quick.json")  # a look replaces no result
    return options


def _measure(
    case: Case, batch: Batch, threads: int, modules: dict[str, ModuleType], plan: Plan, cores: int
) -> dict[str, Any]:
    job = Job(batch, threads)
    try:
        ours = ready([(case.op, case.params)], job, case.floats)
        rivals, differences, notes = _rivals(case, job, modules, ours)
        pairs = alternate(times(ours.run), {name: times(rival.run) for name, rival in rivals.items()}, plan)
    finally:
        job.close()
    found = {name: pair.record(1e6 / len(batch)) for name, pair in pairs.items()}
    fastest = min(found, key=lambda name: found[name]["ratio"], default=None)
    target = case.target[threads > 1] if case.target else None
    return {
        "case": case.name,
        "threads": threads,
        "unit": "microseconds per image",
        "fastest": fastest,
        "target": target,
        "verdict": _verdict(found, differences, fastest, target),
        "peers": found,
        "compared": differences,
        "notes": notes,
    }


def _rivals(
    case: Case, job: Job, modules: dict[str, ModuleType], ours: Ready
) -> tuple[dict[str, Ready], dict[str, dict[str, Any]], dict[str, str]]:
    """Prepare every peer that has the operation and compare what it makes with what we make."""
    rivals: dict[str, Ready] = {}
    differences: dict[str, dict[str, Any]] = {}
    notes: dict[str, str] = {}
    ours.run()
    mine_seconds = _seconds(ours)
    for name, module in modules.items():
        if case.peer not in module.OPERATIONS:
            continue
        try:
            rival = module.OPERATIONS[case.peer](job, **case.asked)
            seconds = _seconds(rival)
        except NotImplementedError:
            continue
        except Exception as error:  # report the failure of a peer and continue
            notes[name] = " ".join(f"{type(error).__name__}: {error}".split())[:160]
            continue
        far = seconds > FAR_SECONDS and seconds > FAR_RATIO * mine_seconds
        if far:
            notes[name] = f"about {seconds / mine_seconds:.0f} times as long, by one call; not taken alternately"
        else:
            rivals[name] = rival
        if name in case.same:
            theirs, mine = rival.read(), ours.read()
            gap = np.abs(theirs.astype(np.float64) - mine) if theirs.shape == mine.shape else np.array([np.inf])
            differences[name] = {
                "tolerance": case.same[name],
                "largest_difference": float(gap.max()),
                "values_that_differ": float(f"{np.mean(gap > 0):.3g}"),
            }
    return rivals, differences, notes


def _seconds(ready: Ready) -> float:
    start = time.perf_counter()
    ready.run()
    return time.perf_counter() - start


def _differs(compared: dict[str, Any]) -> bool:
    return bool(compared["largest_difference"] > compared["tolerance"])


def _verdict(found: dict[str, Any], compared: dict[str, Any], fastest: str | None, target: float | None) -> str:
    if any(map(_differs, compared.values())):
        return "differs"
    if target is None or fastest is None:
        return "no target"
    return "met" if found[fastest]["ratio"] >= target else "missed"


def _line(result: dict[str, Any]) -> str:
    beside = ", ".join(f"{name} {each['ratio']}x" for name, each in result["peers"].items())
    trouble = "".join(f"; {name}: {reason}" for name, reason in result["notes"].items())
    differing = "".join(
        f"; differs from {name} by {each['largest_difference']}"
        for name, each in result["compared"].items()
        if _differs(each)
    )
    return f"{result['case']} [{result['threads']}]: {beside} -> {result['verdict']}{differing}{trouble}"


def _show(results: list[dict[str, Any]]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in ("operation", "threads", "ours us", "fastest peer", "its us", "ratio", "min-max", "target", "verdict"):
        table.add_column(name, justify="left" if name in ("operation", "fastest peer", "verdict") else "right")
    for each in results:
        best = each["peers"].get(each["fastest"])
        if best is None:
            continue
        color = {"met": "green", "missed": "yellow", "differs": "red"}.get(each["verdict"], "")
        table.add_row(
            each["case"], str(each["threads"]), f"{best['ours']:.1f}", each["fastest"], f"{best['peer']:.1f}",
            f"{best['ratio']:.2f}", f"{best['ratio_min']:.2f}-{best['ratio_max']:.2f}",
            str(each["target"] or ""), f"[{color}]{each['verdict']}[/]" if color else each["verdict"],
        )  # fmt: skip
    Console(width=None if sys.stdout.isatty() else int(os.environ.get("COLUMNS", "130"))).print(table)


if __name__ == "__main__":
    main()

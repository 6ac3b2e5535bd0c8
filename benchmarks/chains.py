"""Time whole chains, from 320x240 images to normalised float32 [64, 3, 224, 224], against the peers.

    python benchmarks/chains.py                      # writes results/chains.json
    python benchmarks/chains.py --quick
    python benchmarks/chains.py --only basic --images PATH

Also: two threads against one, and whether an image costs the same in small and large batches, among few and many
packed images. See README.md for the rules.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import peers
from core import Decoded, Packed, chain_of
from machine import machine, versions
from peers.chain_job import BATCH, DEGREES, LIGHT, MEAN, RATIO, SCALE, SIZE, STD, ChainJob, ChainReady
from rich.console import Console
from rich.table import Table
from source_images import Batch, as_jpeg, images
from timing import Plan, Work, alternate

from flowerablate import _native

RESULT = Path(__file__).parent / "results" / "chains.json"
SOURCE = (240, 320)
IMAGES = 512
SCALING_TARGET = 1.8
FLAT = 1.25
"""How much more than at its cheapest an image may cost where the cost is to be flat."""


@dataclass(frozen=True)
class Chain:
    """One chain: *opening* and *turned* as in :class:`peers.chain_job.ChainJob`; *targets*: peer -> ratio to reach."""

    name: str
    opening: bool
    turned: bool
    jpeg: bool
    targets: dict[str, float]

    @property
    def ops(self) -> list[tuple[str, dict[str, Any]]]:
        """The ops of our core."""
        crop = {"scale_low": SCALE[0], "scale_high": SCALE[1], "ratio_low": RATIO[0], "ratio_high": RATIO[1]}
        ops: list[tuple[str, dict[str, Any]]] = [
            ("random_resized_crop", {"size": SIZE, **crop, "antialias": False}),
            ("horizontal_flip", {"probability": 0.5}),
        ]
        if self.opening:
            ops.append(("morphology", {"op": "open", "size": 3, "shape": "rectangle"}))
        if self.turned:
            ops.append(("rotate", {"degrees": DEGREES, "border": "reflect", "probability": 1.0}))
            ops.append(("brightness_contrast", {"brightness": LIGHT, "contrast": LIGHT, "probability": 1.0}))
        return [*ops, ("normalize", {"mean": MEAN, "std": STD})]


def _targets(albumentations: float, opencv: float) -> dict[str, float]:
    """The target against OpenCV is held against both ways to write it: the best, and what most people write."""
    by_hand = dict.fromkeys(("opencv by hand", "opencv by hand, NumPy normalises"), opencv)
    return {"albumentations 2 workers": albumentations, **by_hand}


CHAINS = (
    Chain("full", True, True, False, _targets(8.0, 5.0)),
    Chain("no opening", False, True, False, _targets(8.0, 5.0)),
    Chain("basic", False, False, False, _targets(8.0, 4.5)),
    Chain("full from JPEG", True, True, True, _targets(3.0, 2.3)),
)


def main() -> None:
    options = _options()
    begin = time.perf_counter()
    about = machine()
    cores = int(str(about["cores"]))
    modules, missing = peers.load()
    for name, reason in missing.items():
        print(f"without {name}: {reason}", file=sys.stderr)
    plan = Plan(3, 0.05, 0.5, min_rounds=1) if options.quick else Plan(9, 0.3, 5.0)
    source = images(IMAGES, *SOURCE, options.images)
    files = as_jpeg(source)
    chosen = [chain for chain in CHAINS if not options.only or any(word in chain.name for word in options.only)]
    if not chosen:
        sys.exit(f"error: no chain is called {options.only}; they are: {', '.join(chain.name for chain in CHAINS)}")
    results, scaling = [], []
    for chain in chosen:
        results.append(_against_peers(chain, source, files, cores, modules, plan))
        scaling.append(_two_against_one(chain, source, files, cores, plan))
    flat = [] if options.only else [*_batch_sizes(source, cores, plan), *_many_images(cores, plan)]
    record = {
        "machine": about,
        "versions": versions(["flowerablate", "numpy", "torch"]) | peers.versions_of(modules),
        "simd": _native.simd_path(),
        "settings": {
            "source": f"{SOURCE[1]}x{SOURCE[0]}, {IMAGES} {'photographs' if options.images else 'drawn images'}",
            "jpeg_bytes": round(statistics.mean(map(len, files))),
            "batch": BATCH,
            "rounds": plan.rounds,
            "seconds": round(time.perf_counter() - begin),
            "quick": options.quick,
        },
        "missing_peers": missing,
        "results": results,
        "scaling": scaling,
        "flat": flat,
    }
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    _show(results, scaling, flat)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Time whole chains against the peers.")
    parser.add_argument("--images", type=Path, metavar="PATH", help="a folder of photographs instead of drawn images")
    parser.add_argument("--only", action="append", metavar="NAME", help="chains whose name contains NAME, nothing else")
    parser.add_argument("--quick", action="store_true", help="at most three pairs each: to see that everything works")
    parser.add_argument("--output", type=Path, default=RESULT, help="where the result is written")
    options = parser.parse_args()
    if options.quick and options.output == RESULT:
        options.output = RESULT.with_name("chains-quick.json")  # a quick look replaces no result
    return options


def _ours(chain: Chain, source: Batch, files: list[bytes]) -> tuple[Callable[[int, int], None], Callable[[], object]]:
    """Return a function of (batches, threads), and one that ends its threads."""
    if chain.jpeg:
        decoded = Decoded(chain.ops, files, SOURCE, BATCH)
        return decoded.run, decoded.close
    return Packed(chain.ops, source, BATCH).run, lambda: None


def _against_peers(
    chain: Chain, source: Batch, files: list[bytes], cores: int, modules: dict[str, ModuleType], plan: Plan
) -> dict[str, Any]:
    job = ChainJob(source, files if chain.jpeg else None, chain.opening, chain.turned, cores)
    rivals, notes = _rivals(job, modules)
    run, close = _ours(chain, source, files)
    try:
        works: dict[str, Work] = {name: rival.run for name, rival in rivals.items()}
        multiples = {name: rival.units for name, rival in rivals.items()}
        pairs = alternate(lambda batches: run(batches, cores), works, plan, multiples)
    finally:
        close()
        for rival in rivals.values():
            rival.close()
    found: dict[str, Any] = {}
    for name, pair in pairs.items():
        each = pair.record(1 / BATCH)
        each["images_per_second"] = round(BATCH / statistics.median(pair.peer))
        each["our_images_per_second"] = round(BATCH / statistics.median(pair.ours))
        each["target"] = chain.targets.get(name)
        each["verdict"] = _verdict(float(str(each["ratio"])), chain.targets.get(name))
        found[name] = each
        speeds = f"{each['our_images_per_second']} : {each['images_per_second']} images/s"
        print(f"{chain.name}: {name} {each['ratio']}x ({speeds}) -> {each['verdict']}", file=sys.stderr, flush=True)
    for name, reason in notes.items():
        print(f"{chain.name}: {name} failed: {reason}", file=sys.stderr)
    return {"chain": chain.name, "threads": cores, "unit": "seconds per image", "peers": found, "notes": notes}


def _rivals(job: ChainJob, modules: dict[str, ModuleType]) -> tuple[dict[str, ChainReady], dict[str, str]]:
    rivals: dict[str, ChainReady] = {}
    notes: dict[str, str] = {}
    prepare = [
        (f"{module} {kind}", function)
        for module, found in modules.items()
        for kind, function in getattr(found, "CHAINS", {}).items()
    ]
    # Workers are forked first: a process that has threads already is no good parent.
    for name, function in sorted(prepare, key=lambda each: "workers" not in each[0]):
        try:
            rivals[name] = function(job)
        except NotImplementedError:
            continue
        except Exception as error:  # report the failure of a peer and continue
            notes[name] = " ".join(f"{type(error).__name__}: {error}".split())[:160]
    return rivals, notes


def _verdict(ratio: float, target: float | None) -> str:
    if target is None:
        return "no target"
    return "met" if ratio >= target else "missed"


def _two_against_one(chain: Chain, source: Batch, files: list[bytes], cores: int, plan: Plan) -> dict[str, Any]:
    run, close = _ours(chain, source, files)
    try:
        one: dict[str, Work] = {"one": lambda batches: run(batches, 1)}
        pair = alternate(lambda batches: run(batches, cores), one, plan)["one"]
    finally:
        close()
    record = pair.record(1 / BATCH)
    target = SCALING_TARGET * cores / 2
    verdict = _verdict(float(str(record["ratio"])), target)
    print(f"{chain.name}: {cores} threads against one {record['ratio']}x -> {verdict}", file=sys.stderr, flush=True)
    return {"chain": chain.name, "threads": cores, "target": target, "verdict": verdict, **record}


def _batch_sizes(source: Batch, cores: int, plan: Plan) -> list[dict[str, Any]]:
    """What an image of the full chain costs in batches of 1 to 512: on one thread, and on all cores.

    On several threads the smallest batch has an image for each: one image alone has no work for a second thread.
    """
    found = []
    for threads in sorted({1, cores}):
        works: dict[str, Work] = {}
        for size in (1, 2, 8, 32, 64, 128, 256, 512):
            if size >= threads:
                packed = Packed(CHAINS[0].ops, source, size)
                works[str(size)] = _images_in(packed, size, threads)
        found.append(_flatness(f"batch size, threads={threads}", works, "64", plan))
    return found


def _images_in(packed: Packed, size: int, threads: int) -> Work:
    """Return a function whose unit is 512 images, in batches of *size*."""
    return lambda units: packed.run(units * (512 // size), threads)


def _many_images(cores: int, plan: Plan) -> list[dict[str, Any]]:
    """What an image costs among 1,000 to 1,000,000 packed ones of 64x64 pixels, taken at random.

    Beyond 50,000 the index is as large as it says, but its entries share the memory of 50,000 images (600 MB).
    """
    side, held = 64, 50_000
    size = side * side * 3
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, held * size, np.uint8)
    chain = chain_of(
        [
            ("random_resized_crop", {**dict(CHAINS[0].ops[0][1]), "size": side}),
            ("horizontal_flip", {"probability": 0.5}),
            ("normalize", {"mean": MEAN, "std": STD}),
        ]
    )
    out = np.zeros((512, 3, side, side), np.float32)
    works: dict[str, Work] = {}
    for count in (1_000, 10_000, 100_000, 1_000_000):
        offsets = rng.permutation(np.arange(count, dtype=np.int64) % held) * size
        sides = np.full(count, side, np.int32)
        order = rng.permutation(count).astype(np.int64)
        works[f"{count:,}"] = _random_batches(chain, pixels, offsets, sides, order, out, cores)
    return [_flatness(f"packed images, threads={cores}", works, "1,000", plan)]


def _random_batches(
    chain: _native.Chain, pixels: Batch, offsets: Any, sides: Any, order: Any, out: Any, threads: int
) -> Work:
    start = 0

    def run(units: int) -> None:
        nonlocal start
        for _ in range(units):
            taken = order[start : start + len(out)]
            if len(taken) < len(out):
                taken = np.concatenate([taken, order[: len(out) - len(taken)]])
            start = (start + len(out)) % len(order)
            ids = taken.astype(np.uint64)
            chain.run(pixels, offsets, sides, sides, taken, ids, out, seed=1, epoch=1, threads=threads)

    return run


def _flatness(what: str, works: dict[str, Work], reference: str, plan: Plan) -> dict[str, Any]:
    """Time each of *works*, a unit being 512 images, beside the *reference*; ratios above 1 cost more than it."""
    others = {name: work for name, work in works.items() if name != reference}
    short = Plan(plan.rounds, plan.block / 3, plan.budget)
    pairs = alternate(works[reference], others, short)
    costs = {name: pair.record(1e6 / 512) for name, pair in pairs.items()}
    ratios = {reference: 1.0} | {name: float(str(each["ratio"])) for name, each in costs.items()}
    ratios = {name: ratios[name] for name in works}
    spread = max(ratios.values()) / min(ratios.values())
    verdict = "met" if spread <= FLAT else "missed"
    print(f"{what}: {ratios}, dearest/cheapest {spread:.2f} -> {verdict}", file=sys.stderr, flush=True)
    return {
        "what": what,
        "unit": "microseconds per image",
        "reference": reference,
        "ratios": ratios,
        "dearest_to_cheapest": round(spread, 3),
        "target": FLAT,
        "verdict": verdict,
        "costs": costs,
    }


def _show(results: list[dict[str, Any]], scaling: list[dict[str, Any]], flat: list[dict[str, Any]]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in ("chain", "against", "ours img/s", "its img/s", "ratio", "min-max", "target", "verdict"):
        table.add_column(name, justify="left" if name in ("chain", "against", "verdict") else "right")
    for result in results:
        for name, each in result["peers"].items():
            table.add_row(
                result["chain"], name, str(each["our_images_per_second"]), str(each["images_per_second"]),
                f"{each['ratio']:.2f}", f"{each['ratio_min']:.2f}-{each['ratio_max']:.2f}", str(each["target"] or ""),
                each["verdict"],
            )  # fmt: skip
    for each in scaling:
        table.add_row(
            each["chain"], f"one thread, ours on {each['threads']}",
            f"{1 / each['ours']:.0f}", f"{1 / each['peer']:.0f}",
            f"{each['ratio']:.2f}", f"{each['ratio_min']:.2f}-{each['ratio_max']:.2f}", str(each["target"]),
            each["verdict"],
        )  # fmt: skip
    console = Console(width=None if sys.stdout.isatty() else int(os.environ.get("COLUMNS", "130")))
    console.print(table)
    for each in flat:
        told = ", ".join(f"{name}: {ratio:.2f}" for name, ratio in each["ratios"].items())
        console.print(f"{each['what']}: {told}; dearest/cheapest {each['dearest_to_cheapest']} ({each['verdict']})")


if __name__ == "__main__":
    main()

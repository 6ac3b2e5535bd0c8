"""The packed store: how fast it is built, opened and read at random, and how much memory that takes.

Building: clock from a list of JPEG files, whose bytes the system has in memory, to images of 64 pixels in a file that
can be mapped, on all cores. Ours also writes checksums and sees to it that everything is on the disk; the peers do not.
They take turns. Opening and reading: stores of made-up images, each case in a process of its own, which looks up its
resident memory while it reads all images once in random order, in batches of 64, through an empty native chain.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from machine import machine, versions
from PIL import Image, ImageOps

from flowerablate.contracts import NativeOp, Samples
from flowerablate.data.layout import Contents, Writer, read_store
from flowerablate.data.store import open_store
from flowerablate.preprocess import Preprocess
from flowerablate.preprocess.steps import NamedOp

RESULT = Path(__file__).parent / "results" / "store.json"
SIZE = 64
MARGIN = 2
STORES = ((1_000, 64), (100_000, 64), (1_000_000, 8))
"""Number of images and their side in pixels."""

_THREADS = (os.cpu_count() or 1) + 2


def silent(what: str, done: int, total: int) -> None:
    pass


def build_ours(paths: list[Path], folder: Path, min_side: int | None = None) -> None:
    samples = Samples(("all",), tuple(map(str, paths)), tuple(paths), (0,) * len(paths))
    fit = NamedOp("fit", NativeOp("resize", {"size": SIZE, "fit": "cover", "antialias": True}))
    open_store(folder, samples, "store", 3, Preprocess([fit], 3).run_one, silent, min_side=min_side)


def build_by_hand(paths: list[Path], folder: Path, image: Callable[[Path], np.ndarray]) -> None:
    """Write images to a map of a file from a pool of threads, as one does without a library for it."""
    packed = np.lib.format.open_memmap(folder / "all.npy", "w+", np.uint8, (len(paths), SIZE, SIZE, 3))

    def place(index: int) -> None:
        packed[index] = image(paths[index])

    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(place, range(len(paths))))
    packed.flush()


def by_pillow(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(ImageOps.fit(image.convert("RGB"), (SIZE, SIZE), Image.Resampling.BILINEAR))


def by_torchvision(path: Path) -> np.ndarray:
    from torchvision.io import ImageReadMode, decode_jpeg, read_file
    from torchvision.transforms.v2 import functional

    image = decode_jpeg(read_file(str(path)), ImageReadMode.RGB)
    square = functional.center_crop(image, [min(image.shape[1:])])
    return functional.resize(square, [SIZE, SIZE], antialias=True).permute(1, 2, 0).numpy()


def building(paths: list[Path], rounds: int) -> dict[str, Any]:
    import torch  # not above: the processes whose memory is measured do without

    torch.set_num_threads(1)
    ways: dict[str, Callable[[list[Path], Path], None]] = {
        "flowerablate": build_ours,
        "flowerablate, decoded at a part": lambda paths, folder: build_ours(paths, folder, MARGIN * SIZE),
        "torchvision by hand": lambda paths, folder: build_by_hand(paths, folder, by_torchvision),
        "pillow by hand": lambda paths, folder: build_by_hand(paths, folder, by_pillow),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    busy: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, build in ways.items():
            with tempfile.TemporaryDirectory() as folder:
                start, used = time.perf_counter(), time.process_time()
                build(paths, Path(folder))
                rates[name].append(round(len(paths) / (time.perf_counter() - start), 1))
                busy[name].append(round((time.process_time() - used) / len(paths) * 1e6, 1))
    result: dict[str, Any] = {"files": len(paths), "rounds": rounds}
    for name in ways:
        ratios = [ours / its for ours, its in zip(rates["flowerablate"], rates[name], strict=True)]
        result[name] = {
            "median_images_per_second": median(rates[name]),
            "ours_is_faster_by": {"median": round(median(ratios), 3), "lowest": min(ratios), "highest": max(ratios)},
            "processor_us_per_image": median(busy[name]),
            "images_per_second": rates[name],
        }
    return result


def resident() -> dict[str, int]:
    """Return the resident memory of this process in MiB, all of it and that of mapped files (Linux only)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    rows = {name: rest for name, _, rest in (line.partition(":") for line in lines)}
    return {name: int(rows[name].split()[0]) >> 10 for name in ("VmRSS", "VmHWM", "RssFile")}


def write(folder: Path, count: int, side: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (64, side, side, 3), dtype=np.uint8)
    with Writer(folder, Contents(count, 3)) as writer:
        for index in range(count):
            writer.add(images[index % 64])
        writer.finish()


def read(folder: Path, count: int, side: int, copied: bool) -> dict[str, Any]:
    """Open and read a store; *copied* by batches as the loader does, or straight from the map, for comparison."""
    before = resident()
    start = time.perf_counter()
    images = read_store(folder, Contents(count, 3), silent)
    opening = time.perf_counter() - start
    assert images is not None
    if not copied:
        images = replace(images, source=None)  # then a batch is what the map shows
    opened = resident()
    chain = Preprocess([], 3)
    out = np.empty((64, 3, side, side), np.float32)
    ids = np.arange(64, dtype=np.uint64)
    order = np.random.default_rng(1).permutation(count)[: count // 64 * 64].reshape(-1, 64)
    walks, busy = [], []
    for _ in range(3):
        start, used = time.perf_counter(), time.process_time()
        for chosen in order:
            chain.run(images, chosen, ids, out, seed=0, epoch=0)
        walks.append(round((time.perf_counter() - start) / order.size * 1e6, 2))
        busy.append(round((time.process_time() - used) / order.size * 1e6, 2))
    after = resident()
    return {
        "opening_ms": round(opening * 1e3, 2),
        "us_per_image": walks,
        "processor_us_per_image": busy,
        "resident_before_mib": before["VmRSS"],
        "grown_by_opening_mib": opened["VmRSS"] - before["VmRSS"],
        "grown_by_reading_mib": after["VmHWM"] - before["VmRSS"],
        "of_that_mapped_files_mib": after["RssFile"] - before["RssFile"],
    }


def reading() -> list[dict[str, Any]]:
    rows = []
    for count, side in STORES:
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder), count, side)
            row: dict[str, Any] = {"images": count, "side": side, "pixels_mib": (count * side * side * 3) >> 20}
            for name in ("as the loader reads", "from the map"):
                asked = [folder, str(count), str(side), str(int(name != "from the map"))]
                command = [sys.executable, __file__, "--read", *asked]
                row[name] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            rows.append(row)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="photographs, JPEG, searched with all subfolders")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    result = {
        "machine": machine(),
        "versions": versions(["flowerablate", "numpy", "pillow", "simplejpeg", "torch", "torchvision"]),
        "settings": {"size": SIZE, "margin": MARGIN, "threads_by_hand": _THREADS},
        "building": building(sorted(arguments.folder.rglob("*.jpg")), arguments.rounds),
        "reading": reading(),
    }
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps({key: result[key] for key in ("building", "reading")}, indent=1))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--read"]:
        folder, count, side, copied = sys.argv[2:]
        print(json.dumps(read(Path(folder), int(count), int(side), copied == "1")))
    else:
        main()

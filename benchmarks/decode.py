"""JPEG files to pixels: our decoder against those that a user would pick, and what decoding at a part of the size does.

Clock: from the path of a file, whose bytes the system has in memory, to uint8 [H, W, 3] in RGB. Every decoder reads the
file and gives all of it, on one thread and on two. They take turns over the same files, and before the clock runs their
pixels are compared. Afterwards: photographs brought to 64 pixels, decoded whole and at a part of their size.
"""

from __future__ import annotations

import argparse
import io
import json
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import cv2
import numpy as np
import simplejpeg
import torch
from machine import machine, versions
from numpy.typing import NDArray
from PIL import Image
from torchvision.io import ImageReadMode, decode_jpeg, read_file

from flowerablate.contracts import NativeOp
from flowerablate.data.decode import decode
from flowerablate.preprocess import Preprocess
from flowerablate.preprocess.steps import NamedOp

Pixels = NDArray[np.uint8]
RESULT = Path(__file__).parent / "results" / "decode.json"
SIZE = 64
MARGINS = (1.0, 1.5, 2.0, 3.0)
CAMERA = (3200, 2400)
"""Width and height of the large images: photographs of the folder, enlarged and coded anew."""


def by_pillow(path: Path) -> Pixels:
    with Image.open(path) as image:
        return np.array(image.convert("RGB"))


def by_opencv(path: Path) -> Pixels:
    return cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR_RGB)


def by_torchvision(path: Path) -> Pixels:
    return decode_jpeg(read_file(str(path)), ImageReadMode.RGB).permute(1, 2, 0).numpy()


def by_simplejpeg(path: Path) -> Pixels:
    return simplejpeg.decode_jpeg(path.read_bytes())


def by_us(path: Path) -> Pixels:
    return decode(path, 3)


DECODERS: dict[str, Callable[[Path], Pixels]] = {
    "flowerablate": by_us,
    "simplejpeg": by_simplejpeg,
    "opencv": by_opencv,
    "torchvision": by_torchvision,
    "pillow": by_pillow,
}


def seconds(function: Callable[[Path], object], paths: list[Path], threads: int) -> tuple[float, float]:
    """Return the time that the images took, and the processor time of all threads."""
    parts = [paths[first::threads] for first in range(threads)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(len, parts))  # the threads are there before the clock runs
        start, busy = time.perf_counter(), time.process_time()
        list(pool.map(lambda part: [function(path) for path in part] and None, parts))
        return time.perf_counter() - start, time.process_time() - busy


def in_turns(functions: dict[str, Callable[[Path], object]], paths: list[Path], threads: int, rounds: int) -> dict:
    """Time all *functions* in turns; the ratios are to the first, round by round: above 1 it is the quicker one."""
    wall: dict[str, list[float]] = {name: [] for name in functions}
    busy: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            taken, used = seconds(function, paths, threads)
            wall[name].append(round(taken / len(paths) * 1e6, 1))
            busy[name].append(round(used / len(paths) * 1e6, 1))
    first = next(iter(functions))
    return {
        name: {
            "median_us": round(median(wall[name]), 1),
            "ratio_to_first": ratios(wall[name], wall[first]),
            "processor_ratio_to_first": ratios(busy[name], busy[first]),
            "us": wall[name],
            "processor_us": busy[name],
        }
        for name in functions
    }


def ratios(taken: list[float], first: list[float]) -> dict[str, float]:
    each = [mine / its for mine, its in zip(taken, first, strict=True)]
    return {"median": round(median(each), 3), "lowest": round(min(each), 3), "highest": round(max(each), 3)}


def pixels_differ(paths: list[Path]) -> dict[str, int]:
    """Return for each decoder of how many files its pixels are not Pillow's."""
    wanted = {path: by_pillow(path) for path in paths}
    return {
        name: sum(not np.array_equal(function(path), wanted[path]) for path in paths)
        for name, function in DECODERS.items()
    }


def scaling(paths: list[Path], rounds: int) -> list[dict]:
    """Decode whole and at a part, bring both to SIZE pixels, compare pixels and time with the resize."""
    chain = Preprocess([NamedOp("fit", NativeOp("resize", {"size": SIZE, "fit": "cover", "antialias": True}))], 3)

    def fitted(path: Path, min_side: int | None) -> Pixels:
        return chain.run_one(decode(path, 3, min_side=min_side))

    rows = []
    for margin in MARGINS:
        min_side = int(margin * SIZE)
        scaled = [path for path in paths if decode(path, 3, min_side=min_side).shape != decode(path, 3).shape]
        row: dict = {"margin": margin, "images": len(paths), "scaled": len(scaled)}
        if scaled:
            pairs = [(fitted(path, None).astype(int), fitted(path, min_side)) for path in scaled]
            means = [float(np.abs(whole - part).mean()) for whole, part in pairs]
            row |= {"mean_difference": round(float(np.mean(means)), 3), "worst_image": round(max(means), 3)}
            ways = {
                "at a part": lambda path, least=min_side: fitted(path, least),
                "whole": lambda path: fitted(path, None),
            }
            row["decode_and_resize"] = in_turns(ways, scaled, 1, rounds)
        rows.append(row)
    return rows


def enlarged(paths: list[Path], folder: Path) -> list[Path]:
    """Write the images at a camera's size; what lies beneath a pixel of the original is smooth, unlike in a photo."""
    made = []
    for number, path in enumerate(paths):
        with Image.open(path) as image:
            large = image.convert("RGB").resize(CAMERA, Image.Resampling.BICUBIC)
        noise = np.random.default_rng(number).normal(0, 4, (CAMERA[1], CAMERA[0], 1))
        buffer = io.BytesIO()
        noisy = (np.asarray(large) + noise).clip(0, 255).astype(np.uint8)
        Image.fromarray(noisy).save(buffer, "JPEG", quality=90)
        made.append(folder / f"{number}.jpg")
        made[-1].write_bytes(buffer.getvalue())
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="photographs, JPEG, searched with all subfolders")
    parser.add_argument("--every", type=int, default=8, help="take every n-th of them")
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    paths = sorted(arguments.folder.rglob("*.jpg"))[:: arguments.every]
    result: dict = {
        "machine": machine(),
        "versions": versions(
            ["flowerablate", "numpy", "opencv-python-headless", "pillow", "simplejpeg", "torch", "torchvision"]
        ),
        "settings": {"every": arguments.every, "rounds": arguments.rounds, "size": SIZE, "camera": CAMERA},
        "photographs": {
            "files": len(paths),
            "mean_bytes": round(sum(path.stat().st_size for path in paths) / len(paths)),
            "files_that_differ_from_pillow": pixels_differ(paths),
            "one_thread": in_turns(DECODERS, paths, 1, arguments.rounds),
            "two_threads": in_turns(DECODERS, paths, 2, arguments.rounds),
            "scaling": scaling(sorted(arguments.folder.rglob("*.jpg"))[:: max(1, arguments.every // 4)], 5),
        },
    }
    with tempfile.TemporaryDirectory() as folder:
        large = enlarged(paths[:8], Path(folder))
        result["camera_size"] = {
            "files": len(large),
            "mean_bytes": round(sum(path.stat().st_size for path in large) / len(large)),
            "files_that_differ_from_pillow": pixels_differ(large),
            "one_thread": in_turns(DECODERS, large, 1, 5),
            "scaling": scaling(large, 5),
        }
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    print_short(result)


def print_short(result: dict) -> None:
    for kind in ("photographs", "camera_size"):
        print(kind, result[kind]["files"], "files, differ from Pillow:", result[kind]["files_that_differ_from_pillow"])
        for threads in ("one_thread", "two_threads"):
            for name, row in result[kind].get(threads, {}).items():
                apart = f"x{row['ratio_to_first']['median']:.2f}"
                busy = f"{median(row['processor_us']):9.0f} us x{row['processor_ratio_to_first']['median']:.2f}"
                print(f"  {threads:12} {name:14} {row['median_us']:9.0f} us {apart}, processor {busy}")
        for row in result[kind]["scaling"]:
            ways = row.get("decode_and_resize", {})
            times = {name: (timed["median_us"], median(timed["processor_us"])) for name, timed in ways.items()}
            print("  scaling", {key: value for key, value in row.items() if key != "decode_and_resize"}, times)


if __name__ == "__main__":
    main()

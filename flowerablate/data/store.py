"""The packed store: images decoded and prepared once, then read through a memory map by every trial and process.

A store is a folder named by the content of its images and by the chain that prepared them. It is built in a temporary
folder and renamed into place, so that a half-written store is never seen.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..contracts import Samples
from ..errors import DataError
from ..keyed import key64
from .decode import decode

Image: TypeAlias = NDArray[np.uint8]
Prepare: TypeAlias = Callable[[Image], Image]
Progress: TypeAlias = Callable[[str, int, int], None]

_FORMAT = 1
_CHUNK = 128
"""Images decoded at a time: memory stays flat, and all cores have work."""


@dataclass(frozen=True)
class PackedImages:
    """Images of any size behind each other: image *i* is uint8 [heights[i], widths[i], channels] at offsets[i]."""

    pixels: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    heights: NDArray[np.int32]
    widths: NDArray[np.int32]
    channels: int

    def __len__(self) -> int:
        return len(self.offsets)

    def image(self, index: int) -> Image:
        """Return one image as a view, uint8 [H, W, C]."""
        height, width = int(self.heights[index]), int(self.widths[index])
        start = int(self.offsets[index])
        flat = self.pixels[start : start + height * width * self.channels]
        return flat.reshape(height, width, self.channels)


def sample_ids(samples: Samples) -> NDArray[np.uint64]:
    """Return the ids that key each sample's random draws; they depend on its key, not on its place in a list."""
    return np.array([key64("sample", key) for key in samples.keys], dtype=np.uint64)


def without_unreadable(samples: Samples, channels: int, progress: Progress) -> Samples:
    """Decode every image once and leave out those that cannot be read; they are listed in ``skipped``."""
    bad: set[int] = set()
    with ThreadPoolExecutor() as pool:
        jobs = pool.map(lambda path: _readable(path, channels), samples.paths)
        for index, readable in enumerate(jobs):
            if not readable:
                bad.add(index)
            progress("checking images", index + 1, len(samples))
    keep = [index for index in range(len(samples)) if index not in bad]
    return replace(
        samples,
        keys=tuple(samples.keys[i] for i in keep),
        paths=tuple(samples.paths[i] for i in keep),
        labels=tuple(samples.labels[i] for i in keep),
        splits=tuple(samples.splits[i] for i in keep) if samples.splits else None,
        skipped=(*samples.skipped, *(samples.keys[i] for i in sorted(bad))),
    )


def _readable(path: Path, channels: int) -> bool:
    try:
        decode(path, channels)
    except DataError:
        return False
    return True


def open_store(
    cache: Path, samples: Samples, name: str, channels: int, prepare: Prepare, progress: Progress
) -> PackedImages:
    """Return the images of *samples*, each decoded and put through *prepare*, packed under *cache* / *name*.

    *name* must stand for the content of the images and for *prepare*. An unreadable image raises :class:`DataError`.
    """
    folder = cache / name
    if not _complete(folder, len(samples), channels):
        _build(folder, samples, channels, prepare, progress)
    with np.load(folder / "index.npz", allow_pickle=False) as index:
        offsets, heights, widths = index["offsets"], index["heights"], index["widths"]
    pixels = np.memmap(folder / "pixels.bin", dtype=np.uint8, mode="r")
    return PackedImages(pixels, offsets, heights, widths, channels)


def _complete(folder: Path, count: int, channels: int) -> bool:
    try:
        manifest = json.loads((folder / "manifest.json").read_text())
        size = (folder / "pixels.bin").stat().st_size
    except (OSError, ValueError):
        return False
    wanted = {"format": _FORMAT, "images": count, "channels": channels, "bytes": size}
    return bool(manifest == wanted)


def _build(folder: Path, samples: Samples, channels: int, prepare: Prepare, progress: Progress) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        shapes: list[tuple[int, int]] = []
        with (temporary / "pixels.bin").open("wb") as file:
            for image in _prepared(samples, channels, prepare):
                file.write(np.ascontiguousarray(image).data)
                shapes.append((image.shape[0], image.shape[1]))
                progress("packing images", len(shapes), len(samples))
            file.flush()
            os.fsync(file.fileno())
            total = file.tell()
        heights, widths = np.array(shapes, dtype=np.int32).T
        sizes = heights.astype(np.int64) * widths * channels
        np.savez(temporary / "index.npz", offsets=np.cumsum(sizes) - sizes, heights=heights, widths=widths)
        manifest = {"format": _FORMAT, "images": len(samples), "channels": channels, "bytes": total}
        (temporary / "manifest.json").write_text(json.dumps(manifest))
        if not _complete(folder, len(samples), channels):  # another process may have been faster
            shutil.rmtree(folder, ignore_errors=True)
            temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _prepared(samples: Samples, channels: int, prepare: Prepare) -> Iterator[Image]:
    with ThreadPoolExecutor() as pool:
        for start in range(0, len(samples), _CHUNK):
            paths = samples.paths[start : start + _CHUNK]
            yield from pool.map(lambda path: prepare(decode(path, channels)), paths)

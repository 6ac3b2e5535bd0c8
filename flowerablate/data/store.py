"""The packed store: images decoded and prepared once, then read through a memory map by every trial and process.

A store is a folder named by the content of its images and by the chain that prepared them. It is built in a temporary
folder and renamed into place, so that a half-written store is never seen; a checksum tells what happened to it later.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, TypeAlias

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from ..contracts import Samples
from ..errors import DataError
from ..keyed import key64
from .decode import UnreachableError, decode

Image: TypeAlias = NDArray[np.uint8]
Prepare: TypeAlias = Callable[[Image], Image]
Progress: TypeAlias = Callable[[str, int, int], None]

_FORMAT = 2
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
    """Decode every image once and leave out those that cannot be read; they are listed in ``skipped``.

    A file that is missing, or that we may not open, is no bad picture: it raises :class:`DataError`.
    """
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
    except UnreachableError:
        raise
    except DataError:
        return False
    return True


def open_store(
    cache: Path, samples: Samples, name: str, channels: int, prepare: Prepare, progress: Progress
) -> PackedImages:
    """Return the images of *samples*, each decoded and put through *prepare*, packed under *cache* / *name*.

    *name* must stand for the content of the images and for *prepare*. A store that is there is checked to the last
    byte and only read; one that is damaged is built anew, by one process at a time. Raises :class:`DataError` where an
    image cannot be read or the store cannot be written.
    """
    folder = cache / name
    packed = _load(folder, len(samples), channels)
    if packed is None:
        with _locked(folder):
            packed = _load(folder, len(samples), channels)  # another process may have built it while we waited
            if packed is None:
                _build(folder, samples, channels, prepare, progress)
                packed = _load(folder, len(samples), channels)
    if packed is None:
        raise DataError(
            f"the packed images in {folder} do not come back as they were written; use another cache folder"
        )
    return packed


def _load(folder: Path, count: int, channels: int) -> PackedImages | None:
    try:
        manifest = json.loads((folder / "manifest.json").read_bytes())
        with np.load(folder / "index.npz", allow_pickle=False) as index:
            heights, widths = index["heights"], index["widths"]
        pixels = np.memmap(folder / "pixels.bin", dtype=np.uint8, mode="r")
    except Exception:  # the readers raise almost anything on bytes that they did not expect
        return None
    if not (_are_sides(heights, count) and _are_sides(widths, count)):
        return None
    sizes = heights.astype(np.int64) * widths * channels
    if sizes.sum() != len(pixels):
        return None
    if manifest != _manifest(hashlib.blake2b(pixels.data, digest_size=16), heights, widths, channels):
        return None
    return PackedImages(pixels, np.cumsum(sizes) - sizes, heights, widths, channels)


def _are_sides(values: NDArray[np.int32], count: int) -> bool:
    return values.dtype == np.int32 and values.shape == (count,) and bool((values > 0).all())


def _manifest(
    digest: hashlib.blake2b, heights: NDArray[np.int32], widths: NDArray[np.int32], channels: int
) -> dict[str, object]:
    """Return what the manifest must say; *digest* has seen the pixels."""
    digest.update(heights.tobytes() + widths.tobytes())
    return {"format": _FORMAT, "images": len(heights), "channels": channels, "blake2b": digest.hexdigest()}


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(f".{folder.name}.lock")):
            yield
    except OSError as error:
        cause = (error.strerror or str(error)).lower()
        raise DataError(
            f"cannot store the packed images in {folder.parent}: {cause}; make room there, or use another cache folder"
        ) from error


def _build(folder: Path, samples: Samples, channels: int, prepare: Prepare, progress: Progress) -> None:
    """Build the store while holding its lock, so that its temporary folder is ours, or left by a process that died."""
    temporary = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    try:
        shapes: list[tuple[int, int]] = []
        digest = hashlib.blake2b(digest_size=16)
        with _written(temporary / "pixels.bin") as file:
            for image in _prepared(samples, channels, prepare):
                flat = np.ascontiguousarray(image).data
                file.write(flat)
                digest.update(flat)
                shapes.append((image.shape[0], image.shape[1]))
                progress("packing images", len(shapes), len(samples))
        heights, widths = np.array(shapes, dtype=np.int32).T
        with _written(temporary / "index.npz") as file:
            np.savez(file, heights=heights, widths=widths)
        with _written(temporary / "manifest.json") as file:
            file.write(json.dumps(_manifest(digest, heights, widths, channels)).encode())
        shutil.rmtree(folder, ignore_errors=True)
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def _written(path: Path) -> Iterator[BinaryIO]:
    """Open *path* for writing, and see to it that what was written is on the disk."""
    with path.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def _prepared(samples: Samples, channels: int, prepare: Prepare) -> Iterator[Image]:
    with ThreadPoolExecutor() as pool:
        for start in range(0, len(samples), _CHUNK):
            paths = samples.paths[start : start + _CHUNK]
            yield from pool.map(lambda path: prepare(decode(path, channels)), paths)

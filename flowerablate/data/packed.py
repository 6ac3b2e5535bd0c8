"""Packed images: any number of pictures behind each other, in memory or in a read-only map of a file."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Image: TypeAlias = NDArray[Any]
"""One picture, uint8 or uint16 [H, W, C]."""

RESIDENT_BUDGET = 64 << 20
"""Bytes of mapped pixels that may be resident before they are let go of."""

_FAULT_WINDOW = 64 << 10
"""Bytes that a page fault makes resident around the page that was asked for (Linux's ``fault_around_bytes``)."""


class PixelMap:
    """A read-only map of a file of pixels, whose resident part is kept within :data:`RESIDENT_BUDGET`.

    Pages of a map that were once read count as resident memory until the system is short of it: a random walk through
    a large store would seem to load all of it. Letting go of them costs little, because they stay in the page cache.
    Where the system has no ``madvise`` (Windows), they are left to it.
    """

    def __init__(self, path: Path, dtype: np.dtype[Any]) -> None:
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.pixels: NDArray[Any] = np.frombuffer(self._map, dtype)
        self._budget = RESIDENT_BUDGET
        self._touched = 0

    @property
    def fits(self) -> bool:
        """Whether all pixels may be resident at once."""
        return len(self._map) <= self._budget

    def touched(self, images: int, bytes_: int) -> None:
        """Count *images* that were read, of *bytes_* together. Threads may lose a count to each other, never a page."""
        self._touched += bytes_ + 2 * images * _FAULT_WINDOW
        if self._touched > self._budget:
            self.release()

    def release(self) -> None:
        """Let go of all resident pages. Whoever reads them, even at this moment, gets them back."""
        self._touched = 0
        if hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED)


@dataclass(frozen=True)
class PackedImages:
    """Images of any size behind each other: image *i* is [heights[i], widths[i], channels] at pixels[offsets[i]:].

    *pixels* is uint8 or uint16 and has one dimension; *offsets* count its elements. In a store all four are read-only
    memory maps, and *source* says of what. Such images are pickled as the name of their store, and mapped again where
    they arrive, so that handing them to another process is cheap; images in memory are pickled whole.
    """

    pixels: NDArray[Any]
    offsets: NDArray[np.int64]
    heights: NDArray[np.int32]
    widths: NDArray[np.int32]
    channels: int
    source: Source | None = None

    def __len__(self) -> int:
        return len(self.offsets)

    def image(self, index: int) -> Image:
        """Return one image as a view, [H, W, C]."""
        height, width = int(self.heights[index]), int(self.widths[index])
        start = int(self.offsets[index])
        flat = self.pixels[start : start + height * width * self.channels]
        return flat.reshape(height, width, self.channels)

    def touched(self, indices: NDArray[np.int64]) -> None:
        """Say that images *indices* were read, which keeps the resident memory of a large store bounded.

        To be called once for each batch, after it was read. It costs nothing where the store is small or in memory.
        """
        if self.source is None or self.source.map.fits:
            return
        elements = int((self.heights[indices].astype(np.int64) * self.widths[indices]).sum()) * self.channels
        self.source.map.touched(len(indices), elements * self.pixels.itemsize)

    def release(self) -> None:
        """Let go of all resident pixels of a store."""
        if self.source is not None:
            self.source.map.release()

    def __reduce__(self) -> tuple[Any, ...]:
        if self.source is None:
            return PackedImages, (self.pixels, self.offsets, self.heights, self.widths, self.channels)
        from .layout import map_again

        return map_again, (self.source.folder, self.source.checksum)


@dataclass(frozen=True)
class Source:
    """The store that packed images are mapped from: its folder, the checksum of its manifest, and the map."""

    folder: Path
    checksum: str
    map: PixelMap

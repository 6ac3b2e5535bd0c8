"""Packed images: any number of images stored one after another, in memory or in a read-only map of a file."""

from __future__ import annotations

import mmap
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..files import file_number

Image: TypeAlias = NDArray[Any]
"""One image, uint8 or uint16 [H, W, C]."""

MAPPED_WHOLE = 128 << 20
"""Bytes of pixels up to which batches are read directly from the map; see :meth:`PackedImages.batch`."""


Stamp: TypeAlias = tuple[int, int, int]
"""The size of a file in bytes, when it was last written, in ns, and its inode."""

Stamps: TypeAlias = tuple[Stamp, Stamp]


class MappedFile:
    """A file mapped read-only and open for reading, which knows whether somebody has written to it since.

    Reading what was cut off a mapped file ends the process (SIGBUS), and what was overwritten is read as it is now. Two
    questions to the system per batch, of a microsecond each, find both.
    """

    def __init__(self, path: Path, dtype: np.dtype[Any]) -> None:
        self._path = path
        self._handle = file_number(path)
        self.stamp = self._stamp()
        self.content: NDArray[Any] = np.frombuffer(mmap.mmap(self._handle, 0, access=mmap.ACCESS_READ), dtype)

    def __del__(self) -> None:
        if hasattr(self, "_handle"):
            os.close(self._handle)

    def require_unchanged(self) -> None:
        """Raise :class:`DataError` if the file is not the one that was opened; one that was only removed still is."""
        if self._stamp() != self.stamp:
            raise DataError(
                f"{self._path} was written to while it was in use, so what was read of it may be wrong; let nothing "
                "else write to the cache, and run the same command again, which rebuilds it"
            )

    def _stamp(self) -> Stamp:
        found = os.fstat(self._handle)
        return found.st_size, found.st_mtime_ns, found.st_ino


class PixelFile(MappedFile):
    """A file of pixels."""

    def __init__(self, path: Path, dtype: np.dtype[Any]) -> None:
        super().__init__(path, dtype)
        self._buffers = threading.local()
        self.is_copied = self.content.nbytes > MAPPED_WHOLE and hasattr(os, "preadv")

    def read(self, starts: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[Any]:
        """Copy pieces (in elements) one after another into a buffer that this thread's next call reuses."""
        item = self.content.itemsize
        buffer = self._buffer(int(sizes.sum()))
        view = buffer.view(np.uint8).data
        place = 0
        for start, size in zip((starts * item).tolist(), (sizes * item).tolist(), strict=True):
            if os.preadv(self._handle, [view[place : place + size]], start) != size:
                raise DataError(f"{self._path} was truncated while it was read; start again to rebuild it")
            place += size
        return buffer

    def _buffer(self, size: int) -> NDArray[Any]:
        whole: NDArray[Any] | None = getattr(self._buffers, "whole", None)
        if whole is None or len(whole) < size:
            whole = self._buffers.whole = np.empty(size, self.content.dtype)
        return whole[:size]


@dataclass(frozen=True)
class PackedImages:
    """Images of any size, one after another: image *i* is [heights[i], widths[i], channels] at pixels[offsets[i]:].

    *pixels* is one-dimensional, uint8 or uint16; *offsets* count its elements. In a store all four arrays are read-only
    memory maps, and *source* is the store. Such images are pickled as the name of their store and mapped again when
    unpickled, so sending them to another process is cheap; images in memory are pickled completely.
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

    def batch(self, indices: NDArray[np.int64]) -> tuple[PackedImages, NDArray[np.int64]]:
        """Return packed images that hold the images *indices*, and their indices in them.

        For a small store, or images in memory, this is ``(self, indices)``. For a larger store the batch is copied into
        a buffer that this thread's next call reuses: every page of a map that was read counts as resident memory of
        the process, so random access would seem to load the whole store, and the copy takes a third of the time of
        mapping and unmapping the pages. (If the system has no ``preadv``, all batches are read from the map, and the
        system manages its pages.)

        Raises :class:`DataError` as :meth:`require_unchanged` does.
        """
        store = self._store
        self.require_unchanged()
        if store is None or not store.file.is_copied:
            return self, indices
        if len(indices) and int(indices.min()) < 0:
            raise IndexError(f"indices must be 0 or more, not {indices.min()}")
        heights, widths = self.heights[indices], self.widths[indices]
        sizes = heights.astype(np.int64) * widths * self.channels
        pixels = store.file.read(self.offsets[indices], sizes)
        copied = PackedImages(pixels, np.cumsum(sizes) - sizes, heights, widths, self.channels)
        return copied, np.arange(len(indices), dtype=np.int64)

    def __reduce__(self) -> tuple[Any, ...]:
        store = self._store
        if store is None:
            return PackedImages, (self.pixels, self.offsets, self.heights, self.widths, self.channels)
        return store.map_again, (store.folder, store.checksum, store.stamps)

    def require_unchanged(self) -> None:
        """Raise :class:`DataError` if the files of the store were written to since they were opened.

        Call it after images were used, as well: :meth:`batch` has done it before.
        """
        if self.source is not None:
            self.source.file.require_unchanged()
            self.source.index.require_unchanged()

    @property
    def _store(self) -> Source | None:
        """The source, unless the pixels were replaced."""
        return self.source if self.source is not None and self.pixels is self.source.file.content else None


@dataclass(frozen=True)
class Source:
    """The store that packed images are mapped from: its folder, the checksum of its manifest, pixels and index.

    *map_again* maps it by folder, checksum and :attr:`stamps`, also in another process.
    """

    folder: Path
    checksum: str
    file: PixelFile
    index: MappedFile
    map_again: Callable[[Path, str, Stamps], PackedImages]

    @property
    def stamps(self) -> Stamps:
        """Those of the pixels and of the index, as they were opened."""
        return self.file.stamp, self.index.stamp

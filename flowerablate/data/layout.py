"""The files of a packed store: how they are written, and how damage is detected.

======================  ================================================================================================
``pixels.bin``          all pixels, one image after another, uint8 or uint16, in the machine's byte order
``index.bin``           offsets int64 [N] (in elements), then heights int32 [N], then widths int32 [N]; mapped, not read
``blocks.bin``          BLAKE2b (64 bits) of each MiB of ``pixels.bin``
``manifest.json``       what the store holds, the size of ``pixels.bin``, checksums of the index, the blocks and itself
``verified.json``       size, times and inode of ``pixels.bin`` when its blocks were last right; not part of the store
======================  ================================================================================================

Each time a store is opened, the sizes, the manifest, the index and the list of blocks are checked (this reads 16 bytes
per image and keeps none). The pixels of a store up to :data:`ALWAYS_CHECKED` are checked completely each time. Those of
a larger store are checked if the file is not the one that ``verified.json`` describes: after it was copied, restored or
written to. So a byte that any program changed is detected at the next opening; in large stores, a byte that a failing
disk changed beneath the file system is detected only by :func:`first_damage`.
"""

from __future__ import annotations

import array
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..contracts import Progress
from ..errors import DataError
from ..files import content_of, open_file
from .decode import Bits
from .packed import Image, MappedFile, PackedImages, PixelFile, Source, Stamps
from .window import in_order

FORMAT = 3
BLOCK = 1 << 20
ALWAYS_CHECKED = 64 << 20
"""Bytes of pixels up to which a store is checked completely at each opening (tens of milliseconds)."""

_KEYS = {"bits": "depth", "min_side": "at_least"}
"""Keys of the manifest that differ from the names in :class:`Contents`."""

_SUM = 8
_ENTRY = 16


@dataclass(frozen=True)
class Contents:
    """The required contents of a store; see :func:`flowerablate.data.store.open_store`."""

    images: int
    channels: int
    bits: Bits = 8
    min_side: int | None = None
    dtype: str = "uint8"


class Writer:
    """Writes a store into an empty folder, image by image; memory stays flat. A context manager."""

    def __init__(self, folder: Path, contents: Contents) -> None:
        self._folder = folder
        self._contents = contents
        self._file = (folder / "pixels.bin").open("wb")
        self._bytes = 0
        self._block = hashlib.blake2b(digest_size=_SUM)
        self._sums = bytearray()
        self._columns = (array.array("q"), array.array("i"), array.array("i"))

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def add(self, image: Image) -> None:
        """Append an image; a wrong dtype, shape or number of channels raises :class:`DataError`."""
        contents = self._contents
        if (
            image.ndim != 3
            or image.shape[2] != contents.channels
            or image.dtype.name != contents.dtype
            or not image.size
        ):
            raise DataError(
                f"a step returned an image as {image.dtype} {list(image.shape)}, but the store needs {contents.dtype} "
                f"[height, width, {contents.channels}]; correct that step"
            )
        for column, value in zip(self._columns, (self._bytes // image.itemsize, *image.shape[:2]), strict=True):
            column.append(value)
        flat = np.ascontiguousarray(image).reshape(-1).view(np.uint8).data
        self._file.write(flat)
        while len(flat):
            part = flat[: BLOCK - self._bytes % BLOCK]
            self._block.update(part)
            self._bytes += len(part)
            if self._bytes % BLOCK == 0:
                self._end_block()
            flat = flat[len(part) :]

    def finish(self) -> None:
        """Write the index, the blocks and the manifest, and sync everything to disk."""
        if self._bytes % BLOCK:
            self._end_block()
        _sync(self._file)
        index = b"".join(column.tobytes() for column in self._columns)
        _write(self._folder / "index.bin", index)
        _write(self._folder / "blocks.bin", bytes(self._sums))
        manifest = _header(self._contents) | {
            "bytes": self._bytes,
            "index": _digest(index),
            "blocks": _digest(bytes(self._sums)),
        }
        manifest["checksum"] = _manifest_sum(manifest)
        _write(self._folder / "manifest.json", json.dumps(manifest).encode())
        _write_stamp(self._folder, _state(self._folder, manifest["checksum"]))

    def _end_block(self) -> None:
        self._sums += self._block.digest()
        self._block = hashlib.blake2b(digest_size=_SUM)


def read_store(folder: Path, contents: Contents, progress: Progress) -> PackedImages | None:
    """Map the store in *folder*, or return None if it is missing, has other contents, or is damaged."""
    try:
        manifest = _read_manifest(folder)
        if manifest is None or any(manifest.get(key) != value for key, value in _header(contents).items()):
            return None
        state = _state(folder, manifest["checksum"])  # before reading, so that later writes are not covered
        if not _is_whole(folder, manifest) or not _pixels_are_right(folder, manifest, state, progress):
            return None
        packed = _mapped(folder, manifest)
        found = packed.source.file.stamp if packed.source is not None else None
        return packed if found == (state["size"], state["mtime_ns"], state["inode"]) else None
    except (OSError, ValueError):
        return None


def map_again(folder: Path, checksum: str, stamps: Stamps) -> PackedImages:
    """Map a store that was opened before, perhaps by another process.

    *checksum*: that of its manifest; *stamps*: those of its files. Raises :class:`DataError` if any differs.
    """
    try:
        manifest = _read_manifest(folder)
        if manifest is not None and manifest["checksum"] == checksum:
            packed = _mapped(folder, manifest)
            if packed.source is not None and packed.source.stamps == stamps:
                return packed
    except (OSError, ValueError):
        pass
    raise DataError(f"the packed images in {folder} were removed or rebuilt since they were opened; start again")


def first_damage(folder: Path, progress: Progress) -> int | None:
    """Read all pixels of a store and return the index of its first damaged block (of 1 MiB), or None.

    The pixels are read, not mapped, so they do not stay in memory. Raises OSError if a file cannot be read.
    """
    sums = content_of(folder / "blocks.bin")
    right = [sums[start : start + _SUM] for start in range(0, len(sums), _SUM)]
    with open_file(folder / "pixels.bin") as file:
        done = 0
        for found in in_order(_sum, iter(lambda: file.read(BLOCK), b"")):
            if done == len(right) or found != right[done]:
                return done
            done += 1
            progress("checking packed images", done, len(right))
    return None if done == len(right) else done


def _header(contents: Contents) -> dict[str, Any]:
    asked = {_KEYS.get(field.name, field.name): getattr(contents, field.name) for field in fields(contents)}
    return {"format": FORMAT, "byteorder": sys.byteorder, **asked}


def _read_manifest(folder: Path) -> dict[str, Any] | None:
    manifest = json.loads(content_of(folder / "manifest.json"))
    if not isinstance(manifest, dict) or manifest.get("checksum") != _manifest_sum(manifest):
        return None
    return manifest


def _manifest_sum(manifest: dict[str, Any]) -> str:
    rest = {key: value for key, value in manifest.items() if key != "checksum"}
    return _digest(json.dumps(rest, sort_keys=True).encode())


def _is_whole(folder: Path, manifest: dict[str, Any]) -> bool:
    sizes = {
        "pixels.bin": manifest["bytes"],
        "index.bin": _ENTRY * manifest["images"],
        "blocks.bin": _SUM * -(-manifest["bytes"] // BLOCK),
    }
    if any((folder / name).stat().st_size != size for name, size in sizes.items()):
        return False
    return all(_file_digest(folder / f"{name}.bin") == manifest[name] for name in ("index", "blocks"))


def _pixels_are_right(folder: Path, manifest: dict[str, Any], state: dict[str, Any], progress: Progress) -> bool:
    is_large = manifest["bytes"] > ALWAYS_CHECKED
    if is_large and _read_stamp(folder) == state:
        return True
    if first_damage(folder, progress if is_large else lambda what, done, total: None) is not None:
        return False
    if is_large:
        _write_stamp(folder, state)
    return True


def _state(folder: Path, checksum: str) -> dict[str, Any]:
    found = (folder / "pixels.bin").stat()
    times = {"mtime_ns": found.st_mtime_ns, "ctime_ns": found.st_ctime_ns}
    return {"size": found.st_size, **times, "inode": found.st_ino, "manifest": checksum}


def _read_stamp(folder: Path) -> object:
    try:
        return json.loads(content_of(folder / "verified.json"))
    except (OSError, ValueError):
        return None


def _write_stamp(folder: Path, state: dict[str, Any]) -> None:
    temporary = folder / f".verified.{os.getpid()}"
    try:
        temporary.write_text(json.dumps(state))
        temporary.replace(folder / "verified.json")
    except OSError:  # a read-only cache: its large stores are checked at each opening
        temporary.unlink(missing_ok=True)


def _mapped(folder: Path, manifest: dict[str, Any]) -> PackedImages:
    count = manifest["images"]
    file = PixelFile(folder / "pixels.bin", np.dtype(manifest["dtype"]))
    index = MappedFile(folder / "index.bin", np.dtype(np.uint8))
    source = Source(folder, manifest["checksum"], file, index, map_again)
    return PackedImages(
        file.content,
        _column(index.content, 0, count, np.int64),
        _column(index.content, 8 * count, count, np.int32),
        _column(index.content, 12 * count, count, np.int32),
        manifest["channels"],
        source,
    )


def _column(index: NDArray[np.uint8], start: int, count: int, dtype: type[Any]) -> NDArray[Any]:
    return np.frombuffer(index, dtype, count, start)


def _sum(block: bytes) -> bytes:
    return hashlib.blake2b(block, digest_size=_SUM).digest()


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def _file_digest(path: Path) -> str:
    digest = hashlib.blake2b(digest_size=16)
    with open_file(path) as file:
        while chunk := file.read(BLOCK):
            digest.update(chunk)
    return digest.hexdigest()


@contextmanager
def _written(path: Path) -> Iterator[BinaryIO]:
    with path.open("wb") as file:
        yield file
        _sync(file)


def _write(path: Path, content: bytes) -> None:
    with _written(path) as file:
        file.write(content)


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())

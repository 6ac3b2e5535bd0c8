"""Arrays in NPY and NPZ files that nobody has vouched for: nothing is unpickled, no header is believed.

An array is mapped into memory, so its size is that of the file. What a header announces is compared with the bytes that
are there before anything is allocated.
"""

from __future__ import annotations

import io
import math
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from flowerablate import DataError
from flowerablate.data.archives import MAX_BYTES
from flowerablate.errors import cause_of, message_of
from flowerablate.files import open_file

_CHUNK = 1 << 20
_MAX_MEMBERS = 1000
_MAX_AXES = 8
_MAX_HEADER = 1 << 16
_LENGTHS = {(1, 0): 2, (2, 0): 4}
"""Bytes that say how long a header is, by the version of the format."""
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)

_NO_HEADER = (
    ValueError, TypeError, OverflowError, SyntaxError, tokenize.TokenError, RecursionError, MemoryError, EOFError,
)  # fmt: skip
"""What numpy raises for a header that is none: it reads headers as Python."""


@dataclass(frozen=True)
class ArrayHeader:
    """What the header of an array says: *shape*, *dtype*, whether in *fortran* order, and the *offset* of its bytes."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool
    offset: int

    @property
    def size(self) -> int:
        """Bytes of the array, without the header."""
        return math.prod(self.shape) * self.dtype.itemsize


def array_names(path: Path) -> list[str]:
    """Return the names of the arrays in the NPZ file at *path*, in its order."""
    with _opened(path) as packed:
        names = [name.removesuffix(".npy") for name in packed.namelist() if name.endswith(".npy")]
    if len(names) > _MAX_MEMBERS:
        raise DataError(f"{path} holds more than {_MAX_MEMBERS:,} arrays; keep those of images and labels")
    return names


def member(path: Path, name: str, scratch: Path) -> Any:
    """Return the array *name* of the NPZ file at *path*, unpacked into the folder *scratch* and mapped from there."""
    what = f"the array {name!r} in {path}"
    with _opened(path) as packed:
        info = packed.getinfo(f"{name}.npy")
        with packed.open(info) as source:
            header = _header(source, info.file_size, what)
        target = scratch / f"{len(list(scratch.iterdir()))}.npy"
        with packed.open(info) as source, target.open("wb") as file:
            _copy(source, file, header.offset + header.size, what)
    return _mapped(target, what)


def array_of(path: Path) -> Any:
    """Return the array in the NPY file at *path*, mapped into memory."""
    return _mapped(path, str(path))


def _mapped(path: Path, what: str) -> Any:
    with open_file(path) as file:
        header = _header(file, path.stat().st_size, what)
        if not header.size:
            return np.zeros(header.shape, header.dtype)
        order: Any = "F" if header.fortran else "C"
        return np.memmap(file, header.dtype, "r", header.offset, header.shape, order)


def _header(file: IO[bytes], available: int, what: str) -> ArrayHeader:
    """Read the header of an array, with the cure if it is one that is not read. *available*: bytes of the file."""
    try:
        version = np.lib.format.read_magic(file)
        if version not in _LENGTHS:
            raise ValueError(f"version {version[0]}.{version[1]} of the format")
        length = file.read(_LENGTHS[version])
        if int.from_bytes(length, "little") > _MAX_HEADER:
            raise ValueError(f"a header of {int.from_bytes(length, 'little'):,} bytes")
        head = io.BytesIO(length + file.read(int.from_bytes(length, "little")))
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = read(head)
    except _NO_HEADER as error:
        raise DataError(f"cannot read {what}: {message_of(error)}; save it with numpy.save or numpy.savez") from None
    if dtype.hasobject:
        raise DataError(
            f"{what} holds Python objects, which could run programs and are not read; save an array of numbers, such "
            "as numpy.stack(images), and names as an array of texts"
        )
    if not dtype.itemsize or len(shape) > _MAX_AXES or any(side < 0 for side in shape):
        raise DataError(f"{what} has the shape {list(shape)} of {dtype}; save it again")
    header = ArrayHeader(shape, dtype, fortran, file.tell())
    if header.size > MAX_BYTES:
        raise DataError(f"{what} has {header.size / 1e9:,.0f} GB, more than {MAX_BYTES / 1e9:,.0f}; divide it")
    if header.offset + header.size > available:
        raise DataError(
            f"{what} is cut or damaged: {list(shape)} {dtype} needs {header.size:,} bytes, and "
            f"{max(0, available - header.offset):,} are there; get it again"
        )
    return header


def _copy(source: IO[bytes], target: IO[bytes], size: int, what: str) -> None:
    """Copy *size* bytes, and read the rest, so that the checksum is compared."""
    copied = 0
    while chunk := source.read(_CHUNK):
        target.write(chunk[: max(0, size - copied)])
        copied += len(chunk)
        if copied > MAX_BYTES:
            raise DataError(f"{what} unpacks to more than {MAX_BYTES / 1e9:,.0f} GB; do not trust it")
    if copied < size:
        raise DataError(f"{what} is cut: it unpacks to {copied:,} of {size:,} bytes; get it again")


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with open_file(path) as file, zipfile.ZipFile(file) as packed:
            yield packed
    except OSError as error:
        if error.filename != str(path):
            raise  # of the disk that is written to
        raise DataError(f"cannot read {path}: {cause_of(error)}; check its permissions") from None
    except _DAMAGED as error:
        raise DataError(f"{path} is damaged or no NPZ file ({message_of(error)}); get it again") from error

"""Atomic file writes: a reader sees the old content or the new one, never a part."""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from filelock import FileLock


DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})
"""The numbers of the errors of a disk on which nothing more can be written."""


@contextlib.contextmanager
def replacing(path: Path, *, alone: bool = False) -> Iterator[BinaryIO]:
    """Open a temporary file that replaces *path*, synced to disk, when the block ends without an error.

    An error of the disk names *path*.

    *alone*: no other process writes *path*. The temporary file then has a fixed name, so the next process overwrites
    what a killed one left of a large file.
    """
    mark = ".tmp" if alone else f"-{secrets.token_hex(6)}"
    temporary = path.with_name(f".{path.name}{mark}")  # mkstemp would restrict the file to one user
    try:
        with temporary.open("wb" if alone else "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException as error:
        if isinstance(error, OSError):
            unnamed = error.filename is None and error.errno in DISK_ERRORS
            if unnamed or error.filename == str(temporary):
                error.filename = str(path)  # the name that the user gave
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def remove_temporary(folder: Path) -> None:
    """Remove what :func:`replacing` left in *folder* and below when a process was killed; nobody else may write there.

    A temporary file is hidden and ends in ``.tmp`` or in a dash and twelve hexadecimal digits.
    """
    for path in folder.rglob(".*"):
        if _TEMPORARY.fullmatch(path.name) and path.is_file():
            with contextlib.suppress(OSError):
                path.unlink()


_TEMPORARY = re.compile(r"\..+(\.tmp|-[0-9a-f]{12})")


def lock_now(path: Path) -> FileLock | None:
    """Lock the file *path* for this process and return the lock; None, without waiting, if another process has it."""
    from filelock import FileLock, Timeout

    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return None
    return lock


def write_json(path: Path, content: Any) -> None:
    """Write *content* to *path*; floats keep every bit, and floats that JSON lacks (NaN, infinity) become null."""
    text = json.dumps(finite(content), indent=2, allow_nan=False)
    with replacing(path) as file:
        file.write(text.encode() + b"\n")


def finite(content: Any) -> Any:
    """Return *content* as JSON values: NaN and infinity become null, tuples become lists."""
    if isinstance(content, float) and not math.isfinite(content):
        return None
    if isinstance(content, dict):
        return {key: finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [finite(value) for value in content]
    return content

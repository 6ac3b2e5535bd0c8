"""Files opened for reading, which are files indeed, and written at once: a reader sees old content or new, no part."""

from __future__ import annotations

import contextlib
import errno
import functools
import io
import json
import math
import os
import re
import secrets
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TextIO

from .errors import FlowerablateError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from filelock import FileLock


DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})
"""The numbers of the errors of a disk on which nothing more can be written."""


_KINDS = {"a FIFO": stat.S_ISFIFO, "a socket": stat.S_ISSOCK, "a device": stat.S_ISCHR, "a disk": stat.S_ISBLK}
# Without waiting for somebody to write, where it is a FIFO; of files this changes nothing.
_READING = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOCTTY", 0)


_TOKEN = 12
_TEMPORARY = re.compile(rf"\..+(\.tmp|-[0-9a-f]{{{_TOKEN}}})")


class NotAFileError(FlowerablateError, OSError):
    """What stands at a path is a FIFO, a device or a socket: reading it might wait, or go on, for ever."""

    def __str__(self) -> str:
        """Return the line that names the path and what it is."""
        return f"cannot read {self.filename}: {self.strerror}; put a file in its place, or remove it"


def file_number(path: Path | str) -> int:
    """Open the file at *path* for reading and return its number, which the caller closes.

    Every file that flowerablate reads is opened here, or by the functions below. Raises :class:`NotAFileError`, at
    once, if it is none, :class:`IsADirectoryError` for a folder, and other OSErrors as the system does.
    """
    number = os.open(path, _READING)
    mode = os.fstat(number).st_mode
    if stat.S_ISREG(mode):
        return number
    os.close(number)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    kind = next((kind for kind, is_one in _KINDS.items() if is_one(mode)), "something else")
    raise NotAFileError(errno.EINVAL, f"it is {kind}, not a file", str(path))


def open_file(path: Path | str) -> BinaryIO:
    """Open the file at *path* to read bytes; errors as of :func:`file_number`."""
    return os.fdopen(file_number(path), "rb")


def open_text(
    path: Path | str, *, encoding: str = "utf-8", errors: str = "strict", newline: str | None = None
) -> TextIO:
    """Open the file at *path* to read text; *errors* and *newline* as of :func:`open`.

    Raises what :func:`file_number` raises.
    """
    return io.TextIOWrapper(open_file(path), encoding=encoding, errors=errors, newline=newline)


def content_of(path: Path | str) -> bytes:
    """Return all bytes of the file at *path*; errors as of :func:`file_number`."""
    with open_file(path) as file:
        return file.read()


def require_file(path: Path | str) -> None:
    """Raise what :func:`file_number` raises, before a library opens *path* by its name."""
    os.close(file_number(path))


@contextlib.contextmanager
def replacing(path: Path, *, alone: bool = False) -> Iterator[BinaryIO]:
    """Open a temporary file that replaces *path*, synced to disk, when the block ends without an error.

    An error of the disk names *path*. What a killed process left of *path* is removed.

    *alone*: no other process writes *path*. The temporary file then has a fixed name, so the next process overwrites
    what a killed one left of a large file.
    """
    with _named(path):
        file = path.with_name(f".{path.name}.tmp").open("wb") if alone else _beside(path)
        temporary = Path(file.name)
        try:
            with file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise


@contextlib.contextmanager
def _named(path: Path) -> Iterator[None]:
    """Have an error of the disk, or of a temporary file of *path*, name *path*, as the user did."""
    try:
        yield
    except OSError as error:
        unnamed = error.filename is None and error.errno in DISK_ERRORS
        if unnamed or str(error.filename).startswith(str(path.with_name(f".{path.name}"))):
            error.filename = str(path)
        raise


def _beside(path: Path) -> BinaryIO:
    """Create a temporary file for *path* and return it, locked until it is closed; mkstemp would have it for one user.

    Earlier ones that are not locked were left by processes that were killed, and are removed.
    """
    for name in _left_at_first(path.parent):
        if name[:-_TOKEN] == f".{path.name}-":
            left = path.with_name(name)
            with contextlib.suppress(OSError), left.open("ab") as unfinished:  # Windows removes no file that is open
                _lock(unfinished)
                left.unlink()
    while True:
        file = path.with_name(f".{path.name}-{secrets.token_hex(_TOKEN // 2)}").open("xb")
        with contextlib.suppress(OSError):  # many network file systems have no locks
            _lock(file)
        if os.fstat(file.fileno()).st_nlink:  # else another process removed it before it was locked
            return file
        file.close()


@functools.lru_cache(maxsize=64)
def _left_at_first(folder: Path) -> tuple[str, ...]:
    """Return :func:`_temporary_in` as it was at first: a command may write thousands of files into one folder."""
    return _temporary_in(folder)


def _temporary_in(folder: Path) -> tuple[str, ...]:
    try:
        with os.scandir(folder) as entries:
            return tuple(entry.name for entry in entries if _TEMPORARY.fullmatch(entry.name) and entry.is_file())
    except OSError:
        return ()


def _lock(file: BinaryIO) -> None:
    """Lock *file* until it is closed. Raises OSError, at once, if another process has done so or there are no locks."""
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def remove_temporary(folder: Path) -> None:
    """Remove what :func:`replacing` left in *folder* and below when a process was killed; nobody else may write there.

    A temporary file is hidden and ends in ``.tmp`` or in a dash and twelve hexadecimal digits.
    """
    for path in folder.rglob(".*"):
        if _TEMPORARY.fullmatch(path.name) and path.is_file():
            with contextlib.suppress(OSError):
                path.unlink()


def sweep(folders: Iterable[Path]) -> None:
    """Remove from *folders*, but not from those below, what :func:`remove_temporary` does, if nobody works there.

    Somebody works in a folder as long as its file ``lock`` is locked. Folders that are missing or closed are passed by.
    """
    for folder in folders:
        left = _temporary_in(Path(folder))
        if not left:
            continue
        with contextlib.suppress(OSError):
            lock = lock_now(folder / "lock")
            if lock is not None:
                with lock:
                    for name in left:
                        Path(folder, name).unlink(missing_ok=True)
                lock.release()


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

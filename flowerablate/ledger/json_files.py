"""Reads the ledger's JSON files: quickly, because a ledger may have tens of thousands of them."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic_core import from_json

from ..errors import LedgerError

Content = TypeVar("Content")

_SETTLED = 2e9
"""Nanoseconds after which a file that changes again has another time, even on a file system that counts in seconds."""


def read_json(path: Path | str) -> Any:
    """Read a JSON file; a damaged one raises :class:`LedgerError` with its path."""
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123  # Path.open takes twice as long
        content = file.readall()
    try:
        return from_json(content)  # twice as fast as the other, and stricter
    except ValueError:
        pass
    try:
        return json.loads(content.decode("utf-8"))
    except ValueError as error:
        raise LedgerError(f"{path} is damaged ({error}); remove it to run that trial again") from None


class RememberedFile(Generic[Content]):
    """What *read* makes of the file at *path*, as long as the file stays the same; else it is read again.

    The file is the same if its inode, size and times are. A file that has just been changed is not remembered: the next
    change may leave all of them as they are.
    """

    __slots__ = ("_content", "_path", "_read", "_stamp")

    def __init__(self, path: str, read: Callable[[], Content]) -> None:
        self._path, self._read = path, read
        self._stamp: tuple[int, ...] = ()
        self._content: Content

    def content(self) -> Content:
        """Return what the file says; raises :class:`FileNotFoundError` if there is none."""
        found = os.stat(self._path)  # noqa: PTH116  # before it is read: a change in between shows the next time
        stamp = (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        if stamp == self._stamp:
            return self._content
        content = self._read()
        if time.time_ns() - max(found.st_mtime_ns, found.st_ctime_ns) > _SETTLED:
            self._stamp, self._content = stamp, content
        return content


@contextlib.contextmanager
def many_objects() -> Iterator[None]:
    """Read many files without the garbage collector, which else goes over all that has been read, again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()

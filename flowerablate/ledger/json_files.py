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
from ..files import file_number

Parsed = TypeVar("Parsed")

_MOST_AT_ONCE = 1 << 16
_MOST_ENDS = 4096
_SETTLED = 2e9
"""Nanoseconds after which a file that changes again has another time, even on a file system that counts in seconds."""


def read_json(path: Path | str) -> Any:
    """Read a JSON file; a damaged one raises :class:`LedgerError` with its path."""
    return _parsed(_bytes_of(path), path)


class CommonEnds(Generic[Parsed]):
    """Reads JSON objects of which many end alike: all of *key* and what comes after it is read once for all of them.

    ``read_end`` makes what is wanted of the end, an object of its own. Files that :func:`flowerablate.files.write_json`
    did not write are read as well, but not faster.
    """

    def __init__(self, key: str, read_end: Callable[[dict[str, Any]], Parsed]) -> None:
        self._key, self._read_end = key, read_end
        self._mark = f',\n  "{key}": '.encode()  # no text in JSON has a line break in it
        self._known: dict[bytes, Parsed] = {}

    def read(self, path: Path | str) -> tuple[dict[str, Any], Parsed]:
        """Return what the object at *path* has before *key*, and its end.

        A damaged file raises :class:`LedgerError`, as does what is no object.
        """
        content = _bytes_of(path)
        start, comma, end = content.partition(self._mark)
        if comma:
            try:
                own = from_json(start + b"}")  # valid only if the mark was in the outermost object
                if end not in self._known:
                    known = self._read_end(from_json(b"{" + self._mark[1:] + end))
                    if len(self._known) >= _MOST_ENDS:
                        self._known.clear()
                    self._known[end] = known
                return own, self._known[end]
            except ValueError:
                pass
        whole = _parsed(content, path)
        if not isinstance(whole, dict):
            raise LedgerError(f"{path} is damaged (not a JSON object); remove it to run that trial again")
        names = list(whole)
        place = names.index(self._key) if self._key in whole else len(names)
        return {name: whole[name] for name in names[:place]}, self._read_end(
            {name: whole[name] for name in names[place:]}
        )


def _bytes_of(path: Path | str) -> bytes:
    """Return the content of a small file, in a third of the time that ``Path.read_bytes`` takes."""
    file = file_number(path)
    try:
        content = part = os.read(file, _MOST_AT_ONCE)
        while len(part) == _MOST_AT_ONCE:
            part = os.read(file, _MOST_AT_ONCE)
            content += part
    finally:
        os.close(file)
    return content


def _parsed(content: bytes, path: Path | str) -> Any:
    try:
        return from_json(content)  # twice as fast as the other, and stricter
    except ValueError:
        pass
    try:
        return json.loads(content.decode("utf-8"))
    except ValueError as error:
        raise LedgerError(f"{path} is damaged ({error}); remove it to run that trial again") from None


class RememberedFile(Generic[Parsed]):
    """What *read* makes of the file at *path*, as long as the file stays the same; else it is read again.

    The file is the same if its inode, size and times are. A file that has just been changed is not remembered: the next
    change may leave all of them as they are.
    """

    __slots__ = ("_content", "_path", "_read", "_stamp")

    def __init__(self, path: str, read: Callable[[], Parsed]) -> None:
        self._path, self._read = path, read
        self._stamp: tuple[int, ...] = ()
        self._content: Parsed

    def content(self) -> Parsed:
        """Return what the file says; raises :class:`FileNotFoundError` if there is none."""
        found = os.stat(self._path)  # before it is read: a change in between shows the next time
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

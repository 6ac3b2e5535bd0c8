"""How far a job is: lines of JSON in its folder, written by the job and read by whoever watches it."""

from __future__ import annotations

import contextlib
import json
import math
import os
import platform
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from ..files import finite, open_file
from .same_process import began

FILE = "events.jsonl"
_INTERVAL = 0.5
"""Seconds between two lines about steps: more would be of no use to a reader."""


EventListener = Callable[[dict[str, Any]], None]
"""Hears the events of a job in the process in which it is done."""


class EventWriter:
    """Writes the events of a job to ``events.jsonl`` in *folder*, in place of those of an earlier attempt.

    *listener* hears of each at once.

    What cannot be written, for instance on a full disk, is left out: a job must not fail because nobody can watch it.
    """

    def __init__(self, folder: Path, listener: EventListener | None = None) -> None:
        self._last = 0.0
        self._listener = listener
        self.raised: BaseException | None = None
        """What the listener raised: an error of whoever watches, not of the job."""
        self._file: BinaryIO | None = None
        with contextlib.suppress(OSError):
            self._file = begin_events(folder)

    @property
    def in_caller(self) -> bool:
        """Whether the job is done in the process of whoever watches it, and so may change it."""
        return self._listener is not None

    def started(self, **facts: Any) -> None:
        """The job has begun, in this process."""
        pid = os.getpid()
        self._write("started", pid=pid, process_began=began(pid) or "", host=platform.node(), **facts)

    def preparing(self, what: str, done: int, total: int) -> None:
        """*what* has done *done* of *total*."""
        self._seldom("preparing", done >= total, what=what, done=done, total=total)

    def about(self, what: Iterable[str]) -> None:
        """The job turns to *what*, which is at fault if the job ends now."""
        self._write("about", what=sorted(what))

    def remarked(self, text: str) -> None:
        """*text* is to be known now."""
        self._write("remark", text=text)

    def step_done(self, epoch: int, step: int, steps: int) -> None:
        """Step *step* of *steps* of an epoch is done."""
        self._seldom("step_done", False, epoch=epoch, step=step, steps=steps)

    def epoch_done(self, epoch: int, values: Mapping[str, float]) -> None:
        """An epoch is done, with these *values*."""
        self._write("epoch_done", epoch=epoch, values=dict(values))

    def part_done(self, part: str, **content: Any) -> None:
        """A *part* of the job has its result, *content*, as JSON values."""
        self._write("part_done", part=part, **content)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None

    def _seldom(self, event: str, now: bool, **facts: Any) -> None:
        """Tell the listener at once, but readers of the file only now and then."""
        due = now or time.monotonic() - self._last >= _INTERVAL
        if due:
            self._last = time.monotonic()
        self._write(event, due, **facts)

    def _write(self, event: str, due: bool = True, **facts: Any) -> None:
        content = {"event": event, "time": time.time(), **facts}
        if self._listener is not None:
            try:
                self._listener(content)
            except BaseException as error:
                self.raised = error
                raise
        if self._file is None or not due:
            return
        try:
            self._file.write(json.dumps(finite(content)).encode() + b"\n")
        except OSError:
            self.close()


def begin_events(folder: Path) -> BinaryIO:
    """Return an unbuffered file for the events of the job in *folder*, in place of those of an earlier attempt.

    It is a new file, not the old one cut to nothing: a reader can tell the two apart.
    """
    temporary = folder / f".{FILE}.tmp"
    file = temporary.open("wb", buffering=0)
    temporary.replace(folder / FILE)
    return file


class EventReader:
    """Reads the events of a job that is about to start in *folder*; what an earlier attempt left is passed over.

    A process that takes the place of another writes a new file, which is read from its beginning.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._stale = self._identity()
        self._reads: tuple[int, int] | None = None
        self._read = 0

    def read_all(self) -> None:
        """Read what is there already too: the job is at work."""
        self._stale = None

    @property
    def begun(self) -> bool:
        """Whether a process is at work, as far as is known: it has written events, and they are still there."""
        return self._reads is not None and self._identity() is not None

    def new(self) -> Iterator[dict[str, Any]]:
        """Yield the events since the last call."""
        identity = self._identity()
        if identity is None or identity == self._stale:
            return
        if identity != self._reads:
            self._reads, self._read = identity, 0
        lines = _whole_lines(self._path, self._read)
        self._read += len(lines)
        yield from map(_event, lines.splitlines())

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino


def forget_events(folder: Path) -> None:
    """Remove the events of the job in *folder*, which has its result."""
    (folder / FILE).unlink(missing_ok=True)


def events_in(folder: Path) -> list[dict[str, Any]]:
    """Return the events of the last attempt at the job in *folder*."""
    return [_event(line) for line in _whole_lines(folder / FILE).splitlines()]


def _event(line: bytes) -> dict[str, Any]:
    """Return the event of a line; a value that JSON has no number for, such as a loss that ran away, is nan again."""
    event: dict[str, Any] = json.loads(line)
    if "values" in event:
        event["values"] = {name: math.nan if value is None else value for name, value in event["values"].items()}
    return event


def _whole_lines(path: Path, start: int = 0) -> bytes:
    """Return the content from byte *start* to the last line break: the line after it is still being written."""
    try:
        with open_file(path) as file:
            file.seek(start)
            content = file.read()
    except OSError:
        return b""
    return content[: content.rfind(b"\n") + 1]

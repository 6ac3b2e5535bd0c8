"""The node's side of the executor ``ray``: does one job in a fresh process of the node, and tells how far it is.

The node needs neither the images nor a shared file system. What a job reads is brought to the cache of the node, where
the next job finds it; the job's folder is a temporary one, which travels back.
"""

from __future__ import annotations

import platform
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from secrets import token_hex
from typing import Any

import ray
from filelock import FileLock, Timeout

from flowerablate.contracts import Ended, Job
from flowerablate.files import open_file
from flowerablate.jobs.events import FILE as EVENTS
from flowerablate.jobs.worker import DISK_FULL, LOG, word_of
from flowerablate.user_cache import cache_folder

from .parcels import Parcel, bring, pack, stamps, unpack
from .processes import ProcessExecutor

STAYS = ("lock", EVENTS, LOG)
"""Files of a job's folder that do not travel as a whole: what is appended to the last two is sent as it comes."""

_LOG_AT_ONCE = 1 << 20
"""Bytes of a log in one delivery while its job runs."""

_POLL = 0.2
_CHECKPOINT = 10.0
"""Seconds between two deliveries of a job's files while it runs."""


@dataclass(frozen=True)
class Need:
    """What a job reads: *parcel* refers to it; it belongs at *place* in the cache, or in the root of the job."""

    place: str
    in_cache: bool
    digest: str
    parcel: list[Any]
    """The reference, in a list: Ray would fetch the parcel at once for every job, whether the node has it or not."""


@dataclass(frozen=True)
class News:
    """What a job has done since the last news: bytes of its *events* and its *log*, and *files* that it has written.

    *ended*: how it ended, and *names*: those of all its files, once it has.
    """

    events: bytes = b""
    files: Parcel | None = None
    ended: Ended | None = None
    names: frozenset[str] = frozenset()
    log: bytes = b""


def do_job(content: dict[str, Any], files: Parcel, needs: Sequence[Need], preload: Sequence[str]) -> Iterator[News]:
    """Do the job that *content* describes, whose folder has *files*; the last news have its exit code."""
    job, cache = Job.of_json(content), cache_folder().absolute()
    with _workshop(cache / "jobs") as place:
        root, folder = place / "root", place.joinpath("runs", *job.folder.parts[-3:])
        root.mkdir()
        folder.mkdir(parents=True)
        unpack(files, folder)
        for need in needs:
            bring((cache if need.in_cache else root) / need.place, need.digest, partial(ray.get, need.parcel[0]))
        here = replace(job, root=root, folder=folder, cache=cache, needs=())
        executor = _executor(tuple(preload))
        delivery = _Delivery(folder)
        executor.start([here])
        try:
            while not (ended := executor.ended(_POLL)):
                if news := delivery.news():
                    yield news
            last = delivery.last(_for_the_driver(replace(ended[0], word=word_of(here))))
        finally:
            executor.stop([here.name])
    yield last  # only now: whoever hears it may leave the cluster, and Ray then ends this process at once


@cache
def _executor(preload: tuple[str, ...]) -> ProcessExecutor:
    """Return the executor of this process, whose fork server serves one job after another."""
    return ProcessExecutor(1, preload)


def _for_the_driver(ended: Ended) -> Ended:
    """Return *ended* as another machine must understand it: a disk that is full is that of this node."""
    if ended.word == DISK_FULL:
        return Ended(ended.name, reason=f"nothing more can be written to the disk of its node, {platform.node()}")
    return ended


class _Delivery:
    """Sees what the job in *folder* writes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sent = stamps(folder, STAYS)
        self._read = {EVENTS: 0, LOG: 0}
        self._due = time.monotonic() + _CHECKPOINT

    def news(self) -> News | None:
        """Return the lines since the last call, now and then with the files; None if there are none."""
        events, log = self._appended(EVENTS), self._appended(LOG, _LOG_AT_ONCE)
        files = None
        if b'"epoch_done"' in events and time.monotonic() >= self._due:
            files = self._files()
            self._due = time.monotonic() + _CHECKPOINT
        return News(events, files, log=log) if events or log else None

    def last(self, ended: Ended) -> News:
        """Return all that is left of a job that has *ended*."""
        files = self._files()
        return News(self._appended(EVENTS), files, ended, frozenset(self._sent), self._appended(LOG))

    def _appended(self, name: str, most: int = -1) -> bytes:
        try:
            with open_file(self._folder / name) as file:
                file.seek(self._read[name])
                found = file.read(most)
        except FileNotFoundError:
            return b""
        self._read[name] += len(found)
        return found

    def _files(self) -> Parcel:
        before, self._sent = self._sent, stamps(self._folder, STAYS)
        return pack(self._folder, STAYS, before)


@contextmanager
def _workshop(parent: Path) -> Iterator[Path]:
    """Make a folder of this job in *parent*, and remove it afterwards; also those of jobs that were killed."""
    parent.mkdir(parents=True, exist_ok=True)
    for lock in parent.glob("*.lock"):
        try:
            with FileLock(lock, timeout=0):
                shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
                lock.unlink(missing_ok=True)
        except (Timeout, OSError):
            continue
    place = parent / token_hex(8)
    with FileLock(f"{place}.lock"):
        place.mkdir()
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)
            Path(f"{place}.lock").unlink(missing_ok=True)

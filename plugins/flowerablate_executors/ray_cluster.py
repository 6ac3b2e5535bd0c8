"""The executor ``ray``: jobs on the nodes of a Ray cluster, or on this machine if there is none.

Each job is a Ray task that streams what it does (see :mod:`.ray_node`). The files that jobs need are put into Ray's
object store once each.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
import warnings
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import ray
from ray.exceptions import OutOfMemoryError, RayError, RayTaskError

from flowerablate import ExecutorContext, StudyError
from flowerablate.contracts import Ended, Job
from flowerablate.errors import one_line
from flowerablate.files import lock_now
from flowerablate.jobs.events import begin_events
from flowerablate.jobs.worker import ELSEWHERE, LOG

from .parcels import digest_of, pack, stamps, unpack
from .ray_node import STAYS, Need, News, do_job

_PATIENCE = 5.0
"""Seconds that a cancelled task has to clear up before its process is killed."""

_QUEUED = 2
"""Jobs that wait in Ray's queue for a free node, so that none is idle and a cluster can see that it should grow."""


class RayExecutor:
    """Runs jobs on the Ray cluster at *address*, or ``auto``: one that runs here; empty: a new one on this machine."""

    def __init__(self, context: ExecutorContext, address: str) -> None:
        self._context = context
        self._tasks: dict[str, _Task] = {}
        self._ended: list[Ended] = []
        self._needs: dict[Path, Need] = {}
        self._counted = (0, -1e9)
        self._mine = not ray.is_initialized()
        if self._mine:
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
            try:
                ray.init(
                    # Not None, which joins whatever cluster was started here last and may end with who started it.
                    address=address or os.environ.get("RAY_ADDRESS") or "local",
                    namespace="flowerablate",
                    logging_level=logging.ERROR,
                    log_to_driver=False,
                )
            except (ConnectionError, RuntimeError, ValueError) as error:
                raise StudyError(
                    f"no Ray cluster could be reached at {address or 'this machine'}: {one_line(error)}; start one "
                    "with 'ray start --head', or name its address: --executor ray,address=HOST:6379"
                ) from None

        self._warn_of_what_no_node_has()

    def _warn_of_what_no_node_has(self) -> None:
        """Ray would have the jobs wait without a word until a node joins that has enough for one."""
        context = self._context
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]
        for name, wanted in (("CPU", context.threads), ("GPU", context.gpus)):
            most = max((node.get(name, 0) for node in nodes), default=0)
            if wanted > most:
                warnings.warn(
                    f"a trial needs {wanted:g} {name}s, and no node of the Ray cluster has more than {most:g}: trials "
                    "wait until one joins; use fewer threads, or other devices",
                    stacklevel=2,
                )

    @property
    def capacity(self) -> int:
        """As many as were asked for, or as the cluster has room for and a few that wait."""
        if self._context.jobs:
            return self._context.jobs
        known, when = self._counted
        if time.monotonic() - when > 5:
            has: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
            context = self._context
            room = int(has.get("CPU", 0) // context.threads)
            if context.gpus:
                room = min(room, int(has.get("GPU", 0) // context.gpus))
            known = room + max(_QUEUED, room // 4)
            self._counted = (known, time.monotonic())
        return known

    def start(self, jobs: Sequence[Job]) -> None:
        """Hand *jobs* to Ray."""
        for job in jobs:
            job.folder.mkdir(parents=True, exist_ok=True)
            lock = lock_now(job.lock)
            if lock is None:
                self._ended.append(Ended(job.name, word=ELSEWHERE))
                continue
            try:
                stream = self._submit(job)
            except (StudyError, OSError) as error:
                lock.release()
                self._ended.append(Ended(job.name, reason=one_line(error)))
                continue
            self._tasks[job.name] = _Task(job, stream, lock)

    def _submit(self, job: Job) -> Any:
        context = self._context
        options = {"memory": job.memory} if job.memory else {}
        task = ray.remote(do_job).options(
            name=f"flowerablate {context.study} {job.name}",
            num_cpus=job.threads,
            num_gpus=context.gpus,
            num_returns="streaming",
            max_retries=0,  # what is lost is started again by whoever asked for the job
            **options,
        )
        needs = [self._need(path, job) for path in job.needs]
        return task.remote(job.as_json(), pack(job.folder, STAYS), needs, context.preload)

    def _need(self, path: Path, job: Job) -> Need:
        if path not in self._needs:
            in_cache = path.is_relative_to(job.cache)
            if not in_cache and not path.is_relative_to(job.root):
                raise StudyError(
                    f"{path} is neither in the folder of the study nor in the cache, so it cannot be brought to a "
                    "node; copy it to the folder of the study"
                )
            place = path.relative_to(job.cache if in_cache else job.root).as_posix()
            parcel = pack(path)
            self._needs[path] = Need(place, in_cache, digest_of(parcel), [ray.put(parcel)])
        return self._needs[path]

    def ended(self, seconds: float) -> list[Ended]:
        """Write to the folders of jobs what has arrived of them, and return the jobs that have ended."""
        end = time.monotonic() + seconds
        while not self._ended and self._tasks:
            self._receive(max(0.0, end - time.monotonic()))
            if time.monotonic() >= end:
                break
        found, self._ended = self._ended, []
        return found

    def _receive(self, seconds: float) -> None:
        streams = {task.stream: task for task in self._tasks.values()}
        ready, _ = ray.wait(list(streams), num_returns=len(streams), timeout=0, fetch_local=False)
        if not ready:
            ready, _ = ray.wait(list(streams), num_returns=1, timeout=seconds, fetch_local=False)
        for stream in ready:
            task = streams[stream]
            ended = task.read()
            if ended is not None:
                del self._tasks[task.job.name]
                task.lock.release()
                self._ended.append(ended)

    def stop(self, names: Collection[str]) -> None:
        """Cancel these jobs, and wait until Ray says that they are gone."""
        stopped = [self._tasks.pop(name) for name in names if name in self._tasks]
        for task in stopped:
            task.read_arrived()
        waiting = [task.stream.completed() for task in stopped]
        for force in (False, True):
            for task in stopped:
                with contextlib.suppress(RayError, ValueError):
                    ray.cancel(task.stream, force=force)
            if waiting:
                _, waiting = ray.wait(waiting, num_returns=len(waiting), timeout=_PATIENCE)
            if not waiting:
                break
        for task in stopped:
            task.lock.release()

    def close(self) -> None:
        """Cancel all jobs, and leave the cluster."""
        self.stop(tuple(self._tasks))
        self._needs.clear()
        if self._mine and ray.is_initialized():
            ray.shutdown()
            self._mine = False


@dataclass
class _Task:
    """One job, the *stream* of its news, and the *lock* of its folder here. *printed*: whether its log has begun."""

    job: Job
    stream: Any
    lock: Any
    events: BinaryIO | None = None
    printed: bool = False

    def read(self) -> Ended | None:
        """Write the next news to the folder; return how the job ended, once it has."""
        name = self.job.name
        try:
            news: News = ray.get(next(self.stream))
        except StopIteration:
            return Ended(name, reason="Ray ended it without a reason")
        except RayTaskError as error:
            return Ended(name, reason=f"its node could not start it: {one_line(error.cause)}")
        except OutOfMemoryError:
            return Ended(name, reason="Ray stopped it because the memory of its node ran out")
        except RayError as error:
            return Ended(name, lost=True, reason=f"Ray lost it: {one_line(error)}")
        self._hear(news)
        if news.files is not None:
            unpack(news.files, self.job.folder)
        if news.ended is not None:
            self._clear(news.names)
            if self.events is not None:
                self.events.close()
        return news.ended

    def read_arrived(self) -> None:
        """Read the news that are here: the task is about to be cancelled, and what it printed says why."""
        with contextlib.suppress(RayError, OSError):
            while ray.wait([self.stream], timeout=0, fetch_local=False)[0]:
                if self.read() is not None:
                    break

    def _hear(self, news: News) -> None:
        if news.log:
            with (self.job.folder / LOG).open("ab" if self.printed else "wb") as file:
                file.write(news.log)
            self.printed = True
        if not news.events:
            return
        if self.events is None:
            self.events = begin_events(self.job.folder)
        self.events.write(news.events)

    def _clear(self, names: Collection[str]) -> None:
        """Remove what earlier news brought and the job has removed since."""
        folder = self.job.folder
        for name in stamps(folder, STAYS).keys() - names:
            (folder / name).unlink()
        for path in sorted(folder.rglob("*"), reverse=True):
            if path.is_dir():
                with contextlib.suppress(OSError):  # not empty
                    path.rmdir()

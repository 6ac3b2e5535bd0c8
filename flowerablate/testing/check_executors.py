"""Check of executors, with made-up jobs that end in every way."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..contracts import Ended, Executor, ExecutorContext, ExecutorSpec, Job, Value
from ..jobs.events import events_in
from ..jobs.worker import DONE, FAILED, LOG
from .check_settings import build, named, settings
from .made_up_jobs import ENTRY, EXIT_CODE, RESULT

_METHODS = ("start", "ended", "stop", "close")
_SECONDS = 180.0
"""How long a job may take that takes no time itself."""


def check_executor(spec: ExecutorSpec, *, cache: Path | None = None, params: Mapping[str, Value] | None = None) -> None:
    """Run made-up jobs on the executor of *spec*, with files in the folder *cache* or a temporary one.

    Checks that it has all methods, and writes nothing to the folder of the study when it is built; that a job finds its
    folder, its root, its cache and what it needs there, computes with its threads, and leaves result, log and events
    in its folder; that each job that is started is reported once as ended, whether it is done, fails, exits or is
    killed, with its exit code if one is given; that a job can be stopped, with its process gone; and that ``close`` may
    be called twice. Where jobs run in the calling process, none exits, is killed or is stopped.
    """
    from ..execute.execution import PRELOAD

    with tempfile.TemporaryDirectory() as temporary:
        place = (Path(cache or temporary) / "executor").absolute()
        context = ExecutorContext(2, "conformance", place / "runs" / "conformance", PRELOAD)
        executor = build(spec, context, settings(spec, params))
        assert not context.folder.exists(), f"{named(spec)} writes files when it is built; start with the first job"
        for method in (*_METHODS, *(["leave"] if spec.outlives else [])):
            assert callable(getattr(executor, method, None)), (
                f"{named(spec)}: build must return an object with the method {method}"
            )
        try:
            _check(spec, executor, _Jobs(place))  # type: ignore[arg-type]
        finally:
            executor.close()  # type: ignore[attr-defined]
        executor.close()  # type: ignore[attr-defined]


class _Jobs:
    """Makes jobs in the folder *place*."""

    def __init__(self, place: Path) -> None:
        self._place = place
        for folder, name in (("cache", "c.txt"), ("root", "r.txt")):
            (place / folder).mkdir(parents=True)
            (place / folder / name).write_text(f"in {folder}", encoding="utf-8")

    def make(self, do: str) -> Job:
        folder = self._place / "runs" / "conformance" / "trials" / do
        folder.mkdir(parents=True)
        (folder / "before.txt").write_text("in folder", encoding="utf-8")
        root, cache = self._place / "root", self._place / "cache"
        needs = (cache / "c.txt", root / "r.txt")
        return Job(do, ENTRY, folder, root, cache, {"do": do}, needs, device="cpu")


def _check(spec: ExecutorSpec, executor: Executor, jobs: _Jobs) -> None:
    done = jobs.make("done")
    ended = _run(spec, executor, [done])["done"]
    what = f"{named(spec)}: a job that is done"
    assert ended.exit_code in (DONE, None), f"{what} ended with exit code {ended.exit_code}: {ended.reason}"
    found = _result(spec, done)
    assert found["texts"] == ["in cache", "in root", "in folder"], f"{what} found {found['texts']} in its files"
    assert found["threads"] == done.threads, f"{what} was told of {found['threads']} threads, not of {done.threads}"
    assert events_in(done.folder), f"{what} has no events.jsonl in its folder"
    if found["pid"] == os.getpid():
        return
    log = (done.folder / LOG).read_text(encoding="utf-8") if (done.folder / LOG).is_file() else ""
    assert "it prints done" in log, f"{what} has not what it printed in {LOG} in its folder"
    ends = {"fail": FAILED, "exit": EXIT_CODE, "kill": -9}
    for name, ended in _run(spec, executor, [jobs.make(name) for name in ends]).items():
        assert ended.exit_code in (ends[name], None), (
            f"{named(spec)}: a job that should end with exit code {ends[name]} ended with {ended.exit_code}"
        )
    _check_stop(spec, executor, jobs.make("hang"))


def _run(spec: ExecutorSpec, executor: Executor, jobs: Sequence[Job]) -> dict[str, Ended]:
    waiting, running, found = list(jobs), set[str](), dict[str, Ended]()
    deadline = time.monotonic() + _SECONDS
    while waiting or running:
        room = len(waiting) if executor.capacity is None else executor.capacity - len(running)
        chosen, waiting = waiting[:room], waiting[room:]
        if chosen:
            executor.start(chosen)
            running |= {job.name for job in chosen}
        for ended in executor.ended(0.1):
            assert ended.name in running, f"{named(spec)}: {ended.name!r} was reported as ended twice, or never started"
            running.remove(ended.name)
            found[ended.name] = ended
        assert time.monotonic() < deadline, f"{named(spec)}: {sorted(running)} have not ended in {_SECONDS:g} s"
    return found


def _result(spec: ExecutorSpec, job: Job) -> dict[str, Any]:
    path = job.folder / RESULT
    assert path.is_file(), f"{named(spec)}: a job that is done has no {RESULT} in its folder"
    return dict(json.loads(path.read_text(encoding="utf-8")))


def _check_stop(spec: ExecutorSpec, executor: Executor, job: Job) -> None:
    executor.start([job])
    deadline = time.monotonic() + _SECONDS
    while not (events := events_in(job.folder)):
        assert not executor.ended(0.1), f"{named(spec)}: a job that hangs was reported as ended"
        assert time.monotonic() < deadline, f"{named(spec)}: no event of a running job in {_SECONDS:g} s"
    executor.stop([job.name])
    if events[0]["host"] == platform.node():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(events[0]["pid"]), 0)
            raise AssertionError(f"{named(spec)}: stop() returned while the process of the job is still there")

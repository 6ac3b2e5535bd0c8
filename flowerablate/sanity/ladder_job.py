"""The ladder climbed in a process of its own: a component that crashes, exits or hangs costs one rung."""

from __future__ import annotations

import hashlib
import math
import shutil
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock

from ..contracts import ExecutorContext, Job, Pipeline, Progress
from ..durations import seconds_of
from ..errors import PluginError
from ..execute.apart import answer, ask
from ..execute.execution import PRELOAD, bytes_of, local_executor
from ..execute.trial_job import read_pipeline
from ..execute.workplace import Workplace, leave, workplace_of
from ..jobs.events import EventWriter
from ..jobs.schedule import Client, Limits, Schedule
from ..jobs.worker import LOG
from ..study.identity import describe
from ..study.schema import StudyFile
from ..train.device import prepare_process
from .bench import set_up
from .ladder import RUNGS, broken_rung, climb
from .rung import Rung

ENTRY = f"{__name__}:run"
FOLDER = "process"
"""The folder of the job in that of the ladder; it stays, with the log, if a process ended before its time."""


def climb_apart(
    pipeline: Pipeline,
    workplace: Workplace,
    study: StudyFile,
    names: Collection[str],
    finished: Callable[[Rung], None],
    *,
    seed: int,
    subset: str,
    out: Path,
) -> None:
    """Do as :func:`.ladder.climb` does, in a process that runs as *study* says, which has *pipeline*.

    *finished* is called with each rung. One in whose turn the process ends, or is silent for too long, has failed, and
    another process climbs on. Raises :class:`PluginError` if a process ends before that.
    """
    table, folder = study.execution, out.absolute() / FOLDER
    limits = Limits(silence=seconds_of(table.stall_timeout) if table.stall_timeout else 0.0)
    params = {"pipeline": describe(pipeline), "names": list(names), "seed": seed, "subset": subset}
    job = workplace.job("ladder", ENTRY, folder, {**params, "out": str(out.absolute())})
    threads, device = table.threads or torch.get_num_threads(), device_of(study)
    job = replace(job, threads=threads, memory=bytes_of(table.memory), device=device)
    executor = local_executor(workplace.assembler, ExecutorContext(1, study.name, folder, PRELOAD))
    job.cache.mkdir(parents=True, exist_ok=True)
    name = hashlib.blake2b(str(folder).encode(), digest_size=8).hexdigest()
    with FileLock(job.cache / f"ladder-{name}.lock"):  # another ladder of the study has the same folder
        try:
            died = _climb(job, partial(Schedule, executor, ()), limits, workplace.assembler.progress, finished)
        finally:
            executor.close()
            leave(workplace)
        if not died:
            shutil.rmtree(folder, ignore_errors=True)


def device_of(study: StudyFile) -> str:
    """Return the device on which the ladder is climbed: the first that *study* names, or ``auto``."""
    return study.execution.devices[0] if study.execution.devices else "auto"


def _climb(
    job: Job,
    schedule: Callable[[Limits, Client], Schedule],
    limits: Limits,
    progress: Progress,
    finished: Callable[[Rung], None],
) -> bool:
    """Have all rungs climbed; return whether a process ended before its time."""
    rungs: list[Rung] = []
    began = time.monotonic()

    def add(rung: Rung) -> None:
        nonlocal began
        rungs.append(rung)
        began = time.monotonic()
        finished(rung)

    died = False
    while len(rungs) < len(RUNGS):
        part = replace(job, params={**job.params, "before": [asdict(rung) for rung in rungs]})
        found = ask(part, schedule, progress, limits, lambda event: add(_rung(event["rung"])))
        if found.content is not None:
            for content in found.content["rungs"][len(rungs) :]:  # of which nothing was heard
                add(_rung(content))
            break
        died = True
        at_fault = [name for name in found.about if name not in {rung.name for rung in rungs}]
        if not at_fault:
            raise PluginError(f"the ladder could not be climbed: {found.how}; {job.folder / LOG} has more")
        add(broken_rung(at_fault[0], found.how, time.monotonic() - began))
    return died


def run(job: Job, begin: Callable[[], EventWriter]) -> int:
    """Climb the rungs that the params of *job* ask for, and tell each as it is finished."""
    events = begin()
    prepare_process(threads=job.threads)
    workplace, params = workplace_of(job), job.params
    workplace.assembler.progress = events.preparing

    def find() -> dict[str, Any]:
        pipeline = read_pipeline(params["pipeline"], workplace.assembler)
        bench = set_up(
            pipeline,
            workplace.assembler,
            workplace.data,
            seed=params["seed"],
            subset=params["subset"],
            out=Path(params["out"]),
            device=job.device,
        )
        rungs = [_rung(content) for content in params["before"]]
        for rung in climb(bench, params["names"], tuple(rungs), lambda name: events.about([name])):
            rungs.append(rung)
            events.part_done(rung.name, rung=asdict(rung))
        return {"rungs": [asdict(rung) for rung in rungs]}

    return answer(job, find)


def _rung(content: Mapping[str, Any]) -> Rung:
    values = {name: math.nan if value is None else value for name, value in content["values"].items()}
    return Rung(**{**content, "seen": tuple(content["seen"]), "files": tuple(content["files"]), "values": values})

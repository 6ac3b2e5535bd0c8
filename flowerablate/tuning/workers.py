"""Runs a tuning in several processes: each takes trials from the same storage, and the parent monitors them.

Processes are spawned, so they inherit neither torch's threads nor the state of a GPU. With several workers the sampler
sees results in the order of their arrival, so a tuning is not bitwise repeatable, unlike with one worker.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..errors import FlowerablateError
from ..study.schema import StudyFile

_POLL_SECONDS = 0.5
"""Interval of polling the storage, seconds."""


@dataclass(frozen=True)
class WorkerTask:
    """The plain values from which a worker makes the same plan as its parent."""

    study: StudyFile
    search: tuple[str, ...]
    seeds: int
    pruner: str
    skip_bad: bool
    root: Path
    cache: Path
    folder: Path
    url: str
    max_trials: int
    seconds: float | None
    threads: int


def work_together(task: WorkerTask, jobs: int, look: Callable[[], None]) -> None:
    """Run *jobs* workers until they are done, and call ``look()`` about twice a second.

    Ctrl-C also stops the workers. If a worker fails, :class:`FlowerablateError` is raised at the end.
    """
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_work, args=(task,)) for _ in range(jobs)]
    for worker in workers:
        worker.start()
    try:
        while any(worker.is_alive() for worker in workers):
            time.sleep(_POLL_SECONDS)
            look()
    except BaseException:
        for worker in workers:
            if worker.is_alive() and worker.pid is not None:
                os.kill(worker.pid, signal.SIGINT)
        raise
    finally:
        for worker in workers:
            worker.join()
    bad = [worker.exitcode for worker in workers if worker.exitcode]
    if bad:
        raise FlowerablateError(
            f"{len(bad)} of {jobs} workers stopped early, see above; continue with the same command"
        )


def _work(task: WorkerTask) -> None:
    import sys

    from ..discovery import discover
    from ..execute.budget import Budget
    from ..wiring.assemble import Assembler
    from .storage import Trials
    from .tuner import tune
    from .tuning_plan import plan_tuning

    try:
        assembler = Assembler(discover(task.root).registry, task.root, task.cache)
        plan = plan_tuning(task.study, task.search, task.seeds, task.pruner, assembler, skip_bad=task.skip_bad)
        trials = Trials(plan, assembler, task.folder, task.url)
        budget = None if task.seconds is None else Budget(task.seconds)
        tune(trials, assembler, _Silent(), task.max_trials, budget, task.threads)
    except KeyboardInterrupt:
        pass
    except FlowerablateError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)


class _Silent:
    def trial_started(self, work: object, epochs: int) -> None:
        """The parent reads it from the storage."""

    def step_done(self, epoch: int, step: int, steps: int) -> None:
        """Steps of parallel trainings are not shown."""

    def trial_finished(self, row: object, best: object) -> None:
        """The parent reads it from the storage."""

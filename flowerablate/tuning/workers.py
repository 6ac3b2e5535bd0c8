"""Several processes at one tuning: each takes trials from the same storage, and this one watches.

Processes are spawned, so that nothing of torch's threads or a GPU's state is inherited. With several at work the
sampler sees the others' results as they come, so that a tuning is not repeatable to the bit, unlike with one.
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

_LOOK = 0.5
"""Seconds between two looks at the storage."""


@dataclass(frozen=True)
class WorkerTask:
    """All that a worker needs to make the same plan as its parent, in plain values."""

    study: StudyFile
    search: tuple[str, ...]
    seeds: int
    pruner: str
    skip_bad: bool
    root: Path
    cache: Path
    folder: Path
    url: str
    most: int
    seconds: float | None
    threads: int


def work_together(order: WorkerTask, jobs: int, look: Callable[[], None]) -> None:
    """Run *jobs* workers until they are done, and call ``look()`` about twice a second.

    On Ctrl-C they stop as this process does. A worker that ends badly raises :class:`FlowerablateError` at the end.
    """
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_work, args=(order,)) for _ in range(jobs)]
    for worker in workers:
        worker.start()
    try:
        while any(worker.is_alive() for worker in workers):
            time.sleep(_LOOK)
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
        raise FlowerablateError(f"{len(bad)} of {jobs} workers stopped early, see above; the same command goes on")


def _work(order: WorkerTask) -> None:
    import sys

    from ..discovery import discover
    from ..execute.budget import Budget
    from ..wiring.assemble import Assembler
    from .storage import Trials
    from .tuner import tune
    from .tuning_plan import plan_tuning

    try:
        assembler = Assembler(discover(order.root).registry, order.root, order.cache)
        plan = plan_tuning(order.study, order.search, order.seeds, order.pruner, assembler, skip_bad=order.skip_bad)
        trials = Trials(plan, assembler, order.folder, order.url)
        budget = None if order.seconds is None else Budget(order.seconds)
        tune(trials, assembler, _Silent(), order.most, budget, order.threads)
    except KeyboardInterrupt:
        pass
    except FlowerablateError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)


class _Silent:
    def trial_started(self, work: object, epochs: int) -> None:
        """The parent sees it in the storage."""

    def step_done(self, epoch: int, step: int, steps: int) -> None:
        """Nobody looks at steps of several trainings at once."""

    def trial_finished(self, row: object, best: object) -> None:
        """The parent sees it in the storage."""

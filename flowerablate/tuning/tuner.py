"""Runs the trials of a tuning: those that were abandoned first, each as a job."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from filelock import FileLock

from ..contracts import Pipeline
from ..errors import PluginError, StudyError
from ..execute.apart import ask
from ..execute.budget import Budget
from ..execute.execution import Execution, ask_execution, in_this_process, make_execution
from ..execute.prepared import FOLDER
from ..execute.workplace import Workplace, leave
from ..jobs.schedule import Schedule
from ..jobs.worker import LOG
from ..preprocess import require_core
from ..study.identity import describe
from ..study.schema import StudyFile
from ..train.device import prepare_process
from ..wiring.assemble import Assembler
from .candidate_job import PREPARE, prepare_here
from .candidate_queue import CandidateQueue, TuneObserver
from .storage import Trials

_CURE = "leave it out, or start a new tuning with --name"


def tuning_execution(study: StudyFile, assembler: Assembler, trials: Trials) -> Execution:
    """Return how *trials* run, as the file *study* says; one at a time, which is repeatable, if it says nothing.

    Raises :class:`StudyError` if it asks for another number of threads, or another kind of device, than earlier
    sessions.
    """
    table = study.execution
    if table.detach:
        raise StudyError(
            "a tuning cannot be detached, because it learns from each trial; use --set execution.detach=false"
        )
    one_or_more = study.model_copy(update={"execution": table.model_copy(update={"jobs": table.jobs or 1})})
    asked = ask_execution(one_or_more, assembler, trials.folder, trials.settled, _CURE)
    return make_execution(asked, assembler, 1)


def tune(
    trials: Trials,
    assembler: Assembler,
    observer: TuneObserver,
    max_trials: int,
    budget: Budget | None = None,
    execution: Execution | None = None,
) -> bool:
    """Run trials until *max_trials* have started, including earlier sessions; return False if *budget* ended it.

    *execution* says how; without one, trials run one after another in this process. A failed trial is recorded, and the
    next one starts. After :data:`.candidate_queue.MAX_FAILURES` failures in a row without any success, raises
    :class:`FlowerablateError`. An exception, such as that of Ctrl-C, leaves the trials under way for the next session.
    """
    require_core()
    execution = execution or in_this_process()
    workplace = Workplace(assembler, trials.plan.data)
    try:
        if execution.local is None:
            prepare_process(threads=execution.threads)
        prepare = partial(_prepare, trials, workplace, observer, execution)
        prepare(trials.plan.base)
        trials.settle(execution.threads, execution.device)
        queue = CandidateQueue(trials, workplace, observer, execution, prepare, max_trials, budget)
        queue.run()
    finally:
        execution.close()
        leave(workplace)
    return not queue.over


def _prepare(
    trials: Trials, workplace: Workplace, observer: TuneObserver, execution: Execution, pipeline: Pipeline
) -> list[Path]:
    """Pack the images of *pipeline* and build its parts, in the kind of process that trials run in.

    Return the files and folders that its training reads.
    """
    if execution.local is None:
        return sorted(prepare_here(pipeline, workplace))
    job = workplace.job(FOLDER, PREPARE, trials.folder.absolute() / FOLDER, {"pipeline": describe(pipeline)})
    job = replace(job, threads=execution.threads)
    job.folder.mkdir(exist_ok=True)
    with FileLock(job.folder / "lock"):  # another session prepares the same
        found = ask(job, partial(Schedule, execution.local, ()), observer.preparing, execution.limits)
    if found.content is None:
        raise PluginError(f"the pipeline could not be prepared: {found.how}; {job.folder / LOG} has more")
    return list(map(Path, found.content["needs"]))

"""The job of a trial: it is rebuilt from its folder, trained there, and leaves its result or its failure there."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from pydantic import TypeAdapter, ValidationError

from ..contracts import Job, Pipeline, StepSpec, Trial, Variant
from ..errors import LedgerError, one_line
from ..files import DISK_ERRORS, remove_temporary
from ..jobs.events import EventWriter
from ..jobs.interrupts import noticing_ctrl_c
from ..jobs.worker import DISK_FULL, DONE, DONE_BEFORE, ELSEWHERE, FAILED, forget_words
from ..ledger import TrialFolder
from ..stats.wording import several
from ..study.identity import trial_id
from ..train.device import prepare_process
from ..wiring.assemble import Assembler
from ..wiring.scoring import choose_metrics
from .global_state import changes_between, global_state
from .trial import run_trial
from .workplace import OUT_OF_MEMORY, Workplace, workplace_of

_PIPELINE: TypeAdapter[Pipeline] = TypeAdapter(Pipeline)


def run(job: Job, begin: Callable[[], EventWriter]) -> int:
    """Train the trial in the folder of *job*, or resume it; see :func:`complete`."""
    return complete(job, begin, _train)


def complete(job: Job, begin: Callable[[], EventWriter], train: Callable[[Job, TrialFolder, EventWriter], None]) -> int:
    """Have *train* leave a result in the folder of *job*, unless there is one or another process is at work there.

    Whatever a component raises, even :class:`SystemExit`, is a failure, recorded in the folder. Only the user's Ctrl-C
    passes through.
    """
    folder = TrialFolder(job.folder)
    with folder.locked() as mine, noticing_ctrl_c() as ctrl_c:
        if not mine:
            return ELSEWHERE
        if folder.complete:
            return DONE_BEFORE
        remove_temporary(job.folder)
        forget_words(job.folder)
        events = begin()
        try:
            prepare_process(threads=job.threads)
            with _naming_changes(events) if events.in_caller else nullcontext():
                train(job, folder, events)
        except BaseException as error:
            if events.raised is error:
                raise
            if ctrl_c.pressed:
                raise KeyboardInterrupt from None
            return _failed(folder, error, job.memory)
        return DONE


@contextmanager
def _naming_changes(events: EventWriter) -> Iterator[None]:
    """Name what the trial changes in this process, also if it fails."""
    before = global_state()
    try:
        yield
    finally:
        changed = changes_between(before, global_state())
        if changed and events.raised is None:
            events.remarked(
                f"has changed {several(changed)} for all trials after it; run it again with the executor processes"
            )


def _train(job: Job, folder: TrialFolder, events: EventWriter) -> None:
    workplace = workplace_of(job)
    assembler = workplace.assembler
    assembler.progress = events.preparing
    trial = read_trial(folder, workplace, str(job.params["base_id"]), str(job.params["change"]))
    primary, *secondary = job.params["metrics"]
    metrics = choose_metrics(primary, secondary, assembler)
    prepared = assembler.prepare(trial.variant.pipeline, workplace.data)
    run_trial(trial, prepared, workplace.data, assembler, folder, events, metrics, job.device)


def read_trial(folder: TrialFolder, workplace: Workplace, base_id: str, change: str) -> Trial:
    """Return the trial in *folder* as the *change* of the study *base_id*.

    Raises :class:`LedgerError` if it would have another id here: its images, plugins or settings are not the same.
    """
    record, assembler = folder.record, workplace.assembler
    try:
        pipeline = read_pipeline(record["pipeline"], assembler)
        seed = int(record["seed"])
    except (KeyError, ValidationError, ValueError):
        raise LedgerError(f"{folder.path / 'trial.json'} is of another version; remove its folder") from None
    found = trial_id(pipeline, seed, workplace.data.fingerprint, assembler.fingerprint)
    if found != folder.path.name:
        raise LedgerError(
            f"in its process this trial has the id {found}, not {folder.path.name}: its images, plugins or versions "
            "differ there, or have changed since; run the same command again"
        )
    return Trial(found, base_id, seed, Variant(change, pipeline))


def read_pipeline(content: Any, assembler: Assembler) -> Pipeline:
    """Return the pipeline that :func:`~flowerablate.study.identity.describe` made *content* of.

    Raises :class:`pydantic.ValidationError` where it did not.
    """
    pipeline = _PIPELINE.validate_python(content)
    steps = []
    for step in pipeline.steps:
        spec = assembler.lookup(StepSpec.slot, step.use, f"steps.{step.name}")
        steps.append(replace(step, kind=spec.kind) if isinstance(spec, StepSpec) else step)
    return replace(pipeline, steps=tuple(steps))


def _failed(folder: TrialFolder, error: BaseException, memory: int) -> int:
    if not folder.path.is_dir():  # a component may have removed it; whoever asked for the trial sees that
        return FAILED
    causes = [each for each in (error, error.__cause__) if each is not None]  # a step that fails is named
    full = [each for each in causes if isinstance(each, OSError) and each.errno in DISK_ERRORS]
    if full and (_is_in(folder.path, getattr(full[0], "filename", None)) or disk_is_full(folder.path)):
        return DISK_FULL
    out_of_memory = any(isinstance(each, torch.OutOfMemoryError | MemoryError) for each in causes)
    kind = OUT_OF_MEMORY if out_of_memory else ""
    limited = f"; its memory is limited to {memory >> 20} MB" if kind and memory else ""
    try:
        folder.fail(one_line(error) + limited, traceback.format_exc(), kind=kind)
    except OSError:
        traceback.print_exception(error)  # for the log, where a disk that is not full after all has room
        return DISK_FULL
    return FAILED


def _is_in(folder: Path, name: object) -> bool:
    """Whether a file *name* lies in *folder*, which belongs to the trial: nobody but us writes there."""
    return isinstance(name, str) and Path(name).absolute().is_relative_to(folder.absolute())


def disk_is_full(folder: Path) -> bool:
    """Whether nothing can be written in *folder*, judged by a file of 64 KiB.

    For an error of a component; one of our own files says by itself that there is no room for it.
    """
    probe = folder / ".room"
    try:
        with probe.open("wb") as file:
            file.write(bytes(1 << 16))
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        return True
    finally:
        probe.unlink(missing_ok=True)
    return False

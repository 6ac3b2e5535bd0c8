"""How the trials of a study run: on which executor, how many at once, with how many threads, and for how long."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from ..contracts import Executor, ExecutorContext, ExecutorSpec, Job
from ..errors import StudyError
from ..jobs.inline import InlineExecutor
from ..jobs.schedule import Limits
from ..jobs.worker_places import WorkerPlace, cores_here, free_memory, jobs_and_threads, make_places
from ..ledger import Ledger
from ..study.resolve import resolve_choice
from ..study.schema import ExecutionTable, StudyFile
from ..train.device import pick_device
from ..wiring.assemble import Assembler
from .budget import seconds_of

PRELOAD = ("flowerablate.execute.preloaded",)
INLINE = "inline"
LOCAL = "processes"
"""The executor that prepares a study whose trials run elsewhere."""

_CURE = "leave it out, or give this study another name (--set name=...)"


@dataclass
class Execution:
    """The *executor* of trials, and the one that prepares them; None: this process.

    *remote*: whether trials run on other machines. *places*: where they run at the same time; empty: the executor
    decides. *threads* and the kind of *device* are the same for all trials of a study. *memory*: the limit of a trial
    in bytes; 0: none. *detach*: trials are started and not waited for. *at_once*: how many trials are wanted at once,
    for who does not know all of them beforehand.
    """

    executor: Executor
    local: Executor | None
    remote: bool
    places: Sequence[WorkerPlace]
    threads: int
    device: str
    limits: Limits = field(default_factory=Limits)
    retries: int = 0
    fail_fast: bool = False
    memory: int = 0
    detach: bool = False
    at_once: int = 1

    def shares_its_device(self, job: Job) -> bool:
        """Whether another job may run on the CUDA device of *job* at the same time."""
        return sum(place.device == job.device for place in self.places) > 1 and job.device != "cpu"

    def close(self) -> None:
        """Stop what still runs, but for trials that go on by themselves with *detach*."""
        if self.detach:
            self.executor.leave()  # type: ignore[attr-defined]
        for executor in (self.executor, self.local):
            if executor is not None:
                executor.close()


def in_this_process() -> Execution:
    """Return the plainest way: one trial after another in this process, with torch's present number of threads."""
    threads = torch.get_num_threads()
    return Execution(InlineExecutor(), None, False, [], threads, pick_device().type)


def make_execution(study: StudyFile, assembler: Assembler, ledger: Ledger, base_id: str, trials: int) -> Execution:
    """Return how the *trials* of the study with base *base_id* run, as its file and its ledger say.

    Errors are those of :func:`execution_of`.
    """
    return execution_of(study, assembler, ledger.root, _settled(ledger, base_id), trials, _CURE)


def execution_of(
    study: StudyFile, assembler: Assembler, folder: Path, settled: tuple[int, str], trials: int, cure: str
) -> Execution:
    """Return how at most *trials* trials in *folder* run at once, as the file *study* says.

    *settled*: the number of threads and the kind of device of the trials in *folder*; 0 and empty if there are none.
    Raises :class:`StudyError` with the *cure* if the study asks for others.
    """
    table, wanted = study.execution, study.table(ExecutorSpec)
    choice = resolve_choice(ExecutorSpec.slot, wanted.use, wanted.params, assembler.lookup)
    spec = assembler.lookup(ExecutorSpec.slot, choice.use, ExecutorSpec.slot)
    assert isinstance(spec, ExecutorSpec)
    remote = spec.remote
    if table.detach and not spec.outlives:
        raise StudyError(
            f"the trials of executor {choice.use!r} end with this process, so it cannot be left; leave out detach, or "
            "use an executor with a queue of its own, such as slurm"
        )
    devices = _devices(table.devices, here=not remote)
    kind = devices[0].partition(":")[0]
    known_threads, known_device = settled
    if table.threads and known_threads and table.threads != known_threads:
        raise StudyError(
            f"execution.threads = {table.threads}, but the earlier trials compute with {known_threads}, and "
            f"results depend on that: {cure}"
        )
    if known_device and known_device != kind:
        raise StudyError(f"the earlier trials ran on {known_device}, not on {kind}: choose devices of that kind")
    if remote:
        jobs, threads = table.jobs, table.threads or known_threads or 1
    else:
        jobs, threads = _jobs_and_threads(table, known_threads, kind, devices, trials)
    gpus = 1 / table.per_device if kind == "cuda" else 0.0
    context = ExecutorContext(jobs, study.name, folder.absolute(), PRELOAD, threads, gpus)
    executor: Executor = assembler.build(ExecutorSpec.slot, choice, context)
    local: Executor | None = executor
    if isinstance(executor, InlineExecutor):
        local = None
    elif choice.use != LOCAL:
        local = local_executor(assembler, replace(context, jobs=1))
    capacity = None if remote else executor.capacity
    places = make_places(capacity, threads, devices, table.per_device, cores_here()) if capacity is not None else []
    limits = Limits(*(seconds_of(text) if text else 0.0 for text in (table.trial_timeout, table.stall_timeout)))
    return Execution(
        executor,
        local,
        remote,
        places,
        threads,
        kind,
        limits,
        table.retries,
        table.fail_fast,
        bytes_of(table.memory),
        table.detach,
        len(places) or jobs,
    )


def local_executor(assembler: Assembler, context: ExecutorContext) -> Executor:
    """Return the executor that runs jobs in processes of this machine, whatever a study names."""
    choice = resolve_choice(ExecutorSpec.slot, LOCAL, {}, assembler.lookup)
    executor: Executor = assembler.build(ExecutorSpec.slot, choice, context)
    return executor


def _devices(asked: Sequence[str], *, here: bool) -> list[str]:
    """Return the devices that are *asked* for, which must be *here*, on this machine, or those found on it."""
    if not asked:
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        return [f"cuda:{number}" for number in range(count)] or ["cpu"]
    kinds = {device.partition(":")[0] for device in asked}
    if len(kinds) > 1:
        raise StudyError(
            "execution.devices: results differ between the CPU and a GPU, so all trials of a study run on one kind; "
            f"name devices of one kind, not {', '.join(asked)}"
        )
    for device in asked if here else ():
        pick_device(device)
    return ["cuda:0" if device == "cuda" else device for device in dict.fromkeys(asked)]


def _settled(ledger: Ledger, base_id: str) -> tuple[int, str]:
    """Return the number of threads and the kind of device of the trials in the ledger; 0 and empty if there are none.

    Ledgers of earlier versions have it in their results only.
    """
    note = ledger.note(base_id)
    if note is not None and note.threads:
        return note.threads, note.device
    for claim, folder in ledger.trials_of(base_id):
        if folder.complete:
            environment = folder.result_of(base_id, claim.change).environment
            return int(environment.get("threads", 0)), environment.get("device", "").partition(":")[0]
    return 0, ""


def _jobs_and_threads(
    table: ExecutionTable, known: int, kind: str, devices: Sequence[str], trials: int
) -> tuple[int, int]:
    cores = len(cores_here())
    threads = table.threads or known
    if kind == "cuda":
        jobs = table.jobs or len(devices) * table.per_device
        return jobs, threads or max(1, cores // jobs)
    jobs, chosen = jobs_and_threads(table.jobs or trials, threads, cores, 0 if table.jobs else free_memory())
    return table.jobs or jobs, chosen


_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT])i?B?", re.IGNORECASE)


def bytes_of(text: str) -> int:
    """Return the bytes of a size such as ``8GB`` or ``512M``, 0 for an empty text; or raise :class:`StudyError`."""
    if not text:
        return 0
    found = _SIZE.fullmatch(text.strip())
    if not found:
        raise StudyError(f"execution.memory: {text!r} is not a size; write one such as 8GB or 512MB")
    return int(float(found[1]) * 1024 ** ("KMGT".index(found[2].upper()) + 1))

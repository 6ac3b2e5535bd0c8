"""How the trials of a study run: on which executor, how many at once, with how many threads, and for how long.

A run of a finished study asks, and makes nothing; so torch is loaded where it is needed, not above.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..contracts import Choice, Executor, ExecutorContext, ExecutorSpec, Job
from ..durations import seconds_of
from ..errors import StudyError
from ..jobs.fork_server import ask_fork, begin_fork_server
from ..jobs.inline import InlineExecutor
from ..jobs.schedule import Limits
from ..jobs.worker_places import WorkerPlace, cores_here, free_memory, jobs_and_threads, make_places
from ..ledger import Ledger
from ..study.resolve import resolve_choice
from ..study.schema import ExecutionTable, StudyFile
from ..wiring.assemble import Assembler

if TYPE_CHECKING:  # Windows has none
    from multiprocessing.context import ForkServerContext

PRELOAD = ("flowerablate.execute.preloaded",)
INLINE, LOCAL = "inline", "processes"
"""The executor that has no process of its own, and the one that prepares a study whose trials run elsewhere."""

CURE = "leave it out, or give this study another name (set name=...)"


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
    import torch

    from ..train.device import pick_device

    threads = torch.get_num_threads()
    return Execution(InlineExecutor(), None, False, [], threads, pick_device().type)


@dataclass(frozen=True)
class AskedExecution:
    """What a study's file says about how the trials in *folder* run, checked as far as that goes without torch.

    *spec*: that of the executor *choice*. *threads* and *device* are those of earlier trials; 0 and empty if there are
    none.
    """

    study: StudyFile
    folder: Path
    choice: Choice
    spec: ExecutorSpec
    threads: int
    device: str
    limits: Limits
    memory: int


def ask_execution(
    study: StudyFile, assembler: Assembler, folder: Path, settled: tuple[int, str], cure: str = CURE
) -> AskedExecution:
    """Return how trials in *folder* run, as the file *study* says.

    *settled*: the number of threads and the kind of device of the trials that are there; 0 and empty if there are none.
    Raises :class:`StudyError` with the *cure* if the study asks for others, and with its file if that is at fault.
    """
    with study.blamed():
        return _asked(study, assembler, folder, settled, cure)


def _asked(study: StudyFile, assembler: Assembler, folder: Path, settled: tuple[int, str], cure: str) -> AskedExecution:
    table, wanted = study.execution, study.table(ExecutorSpec)
    choice = resolve_choice(ExecutorSpec.slot, wanted.use, wanted.params, assembler.lookup)
    spec = assembler.lookup(ExecutorSpec.slot, choice.use, ExecutorSpec.slot)
    assert isinstance(spec, ExecutorSpec)
    if table.detach and not spec.outlives:
        raise StudyError(
            f"the trials of executor {choice.use!r} end with this process, so they cannot be detached; leave out "
            "detach, or use an executor with a queue of its own, such as slurm"
        )
    threads, device = settled
    if table.threads and threads and table.threads != threads:
        raise StudyError(
            f"execution.threads = {table.threads}, but the earlier trials compute with {threads}, and "
            f"results depend on that: {cure}"
        )
    asked = AskedExecution(
        study,
        folder.absolute(),
        choice,
        spec,
        threads,
        device,
        Limits(*(seconds_of(text) if text else 0.0 for text in (table.trial_timeout, table.stall_timeout))),
        bytes_of(table.memory),
    )
    _require_use(table, choice.use)
    if table.devices:
        _require_kind(asked, _kind_of(table.devices))
    return asked


def make_execution(asked: AskedExecution, assembler: Assembler, trials: int) -> Execution:
    """Return the execution of at most *trials* trials at once as it was *asked* for.

    Raises :class:`StudyError` if the earlier trials ran on another kind of device than there is here.
    """
    study, table, remote = asked.study, asked.study.execution, asked.spec.remote
    asked_for = table.devices or ([asked.device or "cpu"] if remote else [])
    devices = _devices(asked_for, begin_early(study), here=not remote)
    kind = devices[0].partition(":")[0]
    _require_kind(asked, kind)
    if kind == "cpu" and table.per_device > 1:
        raise StudyError(
            f"execution.per_device = {table.per_device} says how many trials share a GPU, and these run on the CPU: "
            "leave it out, and set jobs"
        )
    if remote:
        jobs, threads = table.jobs, table.threads or asked.threads or 1
    else:
        jobs, threads = _jobs_and_threads(table, asked.threads, kind, devices, trials)
    gpus = 1 / table.per_device if kind == "cuda" else 0.0
    context = ExecutorContext(jobs, study.name, asked.folder, PRELOAD, threads, gpus)
    executor: Executor = assembler.build(ExecutorSpec.slot, asked.choice, context)
    if table.detach and executor.capacity is not None:
        raise StudyError(
            f"executor {asked.choice.use!r} has no queue with these settings in which trials could wait when this "
            "process has ended; leave out detach"
        )
    local: Executor | None = executor
    if isinstance(executor, InlineExecutor):
        local = None
    elif asked.choice.use != LOCAL:
        local = local_executor(assembler, replace(context, jobs=1))
    capacity = None if remote else executor.capacity
    places = make_places(capacity, threads, devices, table.per_device, cores_here()) if capacity is not None else []
    return Execution(
        executor,
        local,
        remote,
        places,
        threads,
        kind,
        asked.limits,
        table.retries,
        table.fail_fast,
        asked.memory,
        table.detach,
        len(places) or jobs,
    )


def local_executor(assembler: Assembler, context: ExecutorContext) -> Executor:
    """Return the executor that runs jobs in processes of this machine, whatever a study names."""
    choice = resolve_choice(ExecutorSpec.slot, LOCAL, {}, assembler.lookup)
    executor: Executor = assembler.build(ExecutorSpec.slot, choice, context)
    return executor


def begin_early(study: StudyFile) -> ForkServerContext | None:
    """Let the process from which jobs are forked load torch while this one is still planning; None: there is none."""
    return None if study.table(ExecutorSpec).use == INLINE else begin_fork_server(PRELOAD)


def _require_kind(asked: AskedExecution, kind: str) -> None:
    if asked.device and asked.device != kind:
        raise StudyError(f"the earlier trials ran on {asked.device}, not on {kind}: choose devices of that kind")


_IN_TURN = "that executor runs one trial after another; leave it out, or use the executor processes"
_NO_HOLD = "it cannot be enforced on a trial in this process; leave it out, or use the executor processes"
_UNWATCHED = "only a run that waits can enforce it; leave it out, or leave out detach"


def _require_use(table: ExecutionTable, executor: str) -> None:
    """Raise :class:`StudyError` if *table* asks for what has no effect with *executor*, or where nobody waits."""
    useless: dict[str, str] = {}
    if executor == INLINE:
        useless = dict.fromkeys(("jobs", "per_device"), _IN_TURN)
        useless |= dict.fromkeys(("memory", "trial_timeout", "stall_timeout"), _NO_HOLD)
    elif table.detach:
        useless = dict.fromkeys(("trial_timeout", "stall_timeout", "retries", "fail_fast"), _UNWATCHED)
    for name, reason in useless.items():
        value = getattr(table, name)
        # What nobody wrote is no wish, and a limit that was written is one, though it be the usual one.
        if name in table.model_fields_set and value not in _NO_LIMIT.get(name, ("", 0)):
            raise StudyError(f"execution.{name} = {value} with executor {executor!r}: {reason}")


_NO_LIMIT = {"jobs": (0, 1), "per_device": (0, 1), "trial_timeout": ("", "0s"), "stall_timeout": ("", "0s")}
"""The values of a key that ask for nothing, if there are others than an empty text and 0."""


def _kind_of(devices: Sequence[str]) -> str:
    kinds = {device.partition(":")[0] for device in devices}
    if len(kinds) > 1:
        raise StudyError(
            "execution.devices: results differ between the CPU and a GPU, so all trials of a study run on one kind; "
            f"name devices of one kind, not {', '.join(devices)}"
        )
    return kinds.pop()


def _devices(asked: Sequence[str], server: ForkServerContext | None, *, here: bool) -> list[str]:
    """Return the devices that are *asked* for, which must be *here*, on this machine, or those found on it.

    *server* has torch loaded, which takes this process a second and much memory.
    """
    if not asked:
        count = ask_fork(server, "flowerablate.train.device:cuda_devices") if server else None
        if count is None:
            from ..train.device import cuda_devices

            count = cuda_devices()
        return [f"cuda:{number}" for number in range(count)] or ["cpu"]
    _kind_of(asked)
    if here:
        from ..train.device import pick_device

        for device in asked:
            pick_device(device)
    return ["cuda:0" if device == "cuda" else device for device in dict.fromkeys(asked)]


def settled_in(ledger: Ledger, base_id: str) -> tuple[int, str]:
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

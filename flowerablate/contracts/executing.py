"""The interface of executors, which run jobs: in this process, in others, on other machines."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True)
class Job:
    """One piece of work as plain values, so that it travels to any process or machine as JSON.

    ``entry``, written ``module:function``, names a function of flowerablate that is called with *params*. It leaves its
    result in *folder*, where the job also keeps ``log.txt``, all that it prints, and ``events.jsonl``, how far it is.
    *threads*: how many torch computes with. *device*: ``cpu``, ``cuda:1`` or ``auto``. *cores*: those that the job is
    pinned to; empty: any. *memory*: the limit of its data in bytes; 0: none. *root*: the folder of the study file.
    """

    name: str
    entry: str
    folder: Path
    root: Path
    params: Mapping[str, Any] = field(default_factory=dict)
    threads: int = 1
    device: str = "auto"
    cores: tuple[int, ...] = ()
    memory: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return the job as JSON values."""
        return {**asdict(self), "folder": str(self.folder), "root": str(self.root), "cores": list(self.cores)}

    @classmethod
    def of_json(cls, content: Mapping[str, Any]) -> Job:
        """Return the job that :meth:`as_json` wrote."""
        job = cls(**content)
        return replace(job, folder=Path(job.folder), root=Path(job.root), cores=tuple(job.cores))


@dataclass(frozen=True)
class Ended:
    """A job that no longer runs. Its folder alone says what it came to.

    *exit_code*: that of its process, or minus the number of the signal that ended it, as :mod:`subprocess` has it;
    None if it is not known. *lost*: whether the job ended for a reason outside it, such as a node that went away; it
    runs again. *reason*: what the executor knows beyond that.
    """

    name: str
    exit_code: int | None = None
    lost: bool = False
    reason: str = ""


@dataclass(frozen=True)
class ExecutorContext:
    """*jobs*: how many run at once. *study*: its name; *folder*: that of its ledger.

    *preload*: modules that every job needs, for executors that can import them once.
    """

    jobs: int
    study: str
    folder: Path
    preload: tuple[str, ...] = ()


class Executor(Protocol):
    """Runs jobs by calling :func:`flowerablate.execute.worker.work` in a process of its choice, once for each.

    All calls come from one thread. A job never raises in the caller.
    """

    @property
    def capacity(self) -> int | None:
        """How many jobs may be started and not ended; None: any number, the executor has a queue of its own."""

    def start(self, jobs: Sequence[Job]) -> None:
        """Start *jobs*; they may wait for a free machine."""

    def ended(self, seconds: float) -> list[Ended]:
        """Return the jobs that have ended since the last call; wait at most *seconds* for the first."""

    def stop(self, names: Collection[str]) -> None:
        """Kill these jobs and what they have started, and return when they are gone; ``ended`` need not list them."""

    def close(self) -> None:
        """Stop all jobs and release what the executor holds; may be called twice."""

"""The interface of executors, which run jobs: in this process, in others, on other machines."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True)
class Job:
    """One piece of work as plain values, so that it travels to any process or machine as JSON.

    ``entry``, written ``module:function``, names a function of flowerablate that is called with *params*. It leaves its
    result in *folder*, where the job also keeps ``log.txt``, all that it prints, and ``events.jsonl``, how far it is.
    *root*: the folder of the study file. *cache*: that of samples and packed images. *needs*: the files and folders in
    *root* and *cache* that the job reads; where these two are out of reach, a job needs copies of no others.

    *threads*: how many torch computes with. *device*: ``cpu``, ``cuda``, ``cuda:1`` or ``auto``. *cores*: those that
    the job is pinned to; empty: any. *memory*: the limit of its data in bytes; 0: none. *attempt*: another text
    each time that the job is started.
    """

    name: str
    entry: str
    folder: Path
    root: Path
    cache: Path
    params: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple[Path, ...] = ()
    threads: int = 1
    device: str = "auto"
    cores: tuple[int, ...] = ()
    memory: int = 0
    attempt: str = ""

    @property
    def lock(self) -> Path:
        """The file that is locked while the job is done; by the executor, if it is done in a copy of the folder."""
        return self.folder / "lock"

    def as_json(self) -> dict[str, Any]:
        """Return the job as JSON values."""
        paths = {name: str(getattr(self, name)) for name in ("folder", "root", "cache")}
        return {**asdict(self), **paths, "needs": list(map(str, self.needs)), "cores": list(self.cores)}

    @classmethod
    def of_json(cls, content: Mapping[str, Any]) -> Job:
        """Return the job that :meth:`as_json` wrote."""
        paths = {name: Path(content[name]) for name in ("folder", "root", "cache")}
        lists = {"needs": tuple(map(Path, content["needs"])), "cores": tuple(content["cores"])}
        return cls(**{**content, **paths, **lists})


@dataclass(frozen=True)
class Ended:
    """A job that no longer runs. Its folder alone says what it came to.

    *exit_code*: that of its process, or minus the number of the signal that ended it, as :mod:`subprocess` has it;
    None if it is not known. *lost*: whether the job ended for a reason outside it, such as a node that went away; it
    runs again. *reason*: what the executor knows beyond that. *word*: what the job itself said that it came to, see
    :func:`flowerablate.jobs.worker.word_of`; None: nothing, or it is still to be looked for in the job's folder. The
    exit code may be that of a component.
    """

    name: str
    exit_code: int | None = None
    lost: bool = False
    reason: str = ""
    word: int | None = None


@dataclass(frozen=True)
class ExecutorContext:
    """*jobs*: how many run at once; 0, for executors with ``remote`` only: as many as there is room for.

    *study*: its name; *folder*: that of its ledger. *preload*: modules that every job needs, for executors that can
    import them once. *threads*: how many each job computes with. *gpus*: the share of a GPU that each needs; 0: none.
    """

    jobs: int
    study: str
    folder: Path
    preload: tuple[str, ...] = ()
    threads: int = 1
    gpus: float = 0.0


class Executor(Protocol):
    """Runs jobs by calling :func:`flowerablate.jobs.worker.live_for` in a process of its choice, once for each.

    All calls come from one thread. A job never raises in the caller.
    """

    @property
    def capacity(self) -> int | None:
        """How many jobs may be started and not ended; None: any number, the executor has a queue of its own."""

    def start(self, jobs: Sequence[Job]) -> Collection[str] | None:
        """Start *jobs*; they may wait for a free machine. May return the names of those that were at work already."""

    def ended(self, seconds: float) -> list[Ended]:
        """Return the jobs that have ended since the last call; wait at most *seconds* for the first."""

    def stop(self, names: Collection[str]) -> None:
        """Kill these jobs and what they have started, and return when they are gone; ``ended`` need not list them."""

    def close(self) -> None:
        """Stop all jobs and release what the executor holds; may be called twice."""

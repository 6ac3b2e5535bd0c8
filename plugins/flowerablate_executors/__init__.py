"""Executors, which run trials: in this process, in fresh processes, on a Ray cluster, on Slurm.

This module holds only the hook, the parameters and the checks for missing libraries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import flowerablate as fa

if TYPE_CHECKING:
    from pathlib import Path

    from flowerablate.contracts import Executor, Register


@fa.hookimpl
def flowerablate_register(register: Register) -> None:
    """Register the executors."""
    register(fa.ExecutorSpec("inline", "One trial after another in this process, for a debugger.", build_inline))
    register(fa.ExecutorSpec("processes", "Each trial in a fresh process of this machine.", build_processes))
    address = fa.Param("address", "", "of the cluster, or auto: one that runs here; empty: $RAY_ADDRESS, or a new one")
    register(fa.ExecutorSpec("ray", "Trials on the nodes of a Ray cluster.", build_ray, (address,), remote=True))
    register(
        fa.ExecutorSpec(
            "slurm",
            "Trials as a job array of Slurm.",
            build_slurm,
            _SLURM,
            remote=True,
            outlives=True,
            clear=clear_slurm,
        )
    )


def build_inline(context: fa.ExecutorContext) -> Executor:
    """Return an executor that does each job where it is started."""
    from flowerablate.jobs.inline import InlineExecutor

    return InlineExecutor()


def build_processes(context: fa.ExecutorContext) -> Executor:
    """Return an executor that gives each job a process."""
    from .processes import ProcessExecutor

    return ProcessExecutor(context.jobs, context.preload)


def build_ray(context: fa.ExecutorContext, address: str) -> Executor:
    """Return an executor on the Ray cluster at *address*; raise :class:`StudyError` if there is none, or no Ray."""
    try:
        from .ray_cluster import RayExecutor
    except ImportError as error:
        raise fa.StudyError(_missing("Ray", "ray", error)) from None
    return RayExecutor(context, address)


_SLURM = (
    fa.Param("partition", "", "partition of the cluster; empty: Slurm's default"),
    fa.Param("time", "24h", "time limit of a trial, such as 2h; a trial that it stops is submitted again and resumes"),
    fa.Param(
        "gres", "", "generic resources of a trial, such as gpu:a100:1 or shard:1; empty: one GPU where it needs one"
    ),
    fa.Param("account", "", "account to charge"),
    fa.Param("qos", "", "quality of service"),
    fa.Param("constraint", "", "features that the node must have"),
    fa.Param("setup", "", "shell command that runs first on the node, such as 'module load cuda'"),
    fa.Param(
        "cluster", "slurm", "slurm, or local: processes of this machine, to try it out", choices=("slurm", "local")
    ),
)


def build_slurm(context: fa.ExecutorContext, **settings: str) -> Executor:
    """Return an executor that hands jobs to Slurm; raise :class:`StudyError` where there is none, or no submitit."""
    try:
        from .slurm_array import SlurmExecutor
    except ImportError as error:
        raise fa.StudyError(_missing("submitit", "slurm", error)) from None
    return SlurmExecutor(context, **settings)


def clear_slurm(ledger: Path) -> None:
    """Remove what was written about jobs that were done while no run of the study watched them."""
    from .slurm_record import clear_finished

    clear_finished(ledger)


def _missing(name: str, extra: str, error: ImportError) -> str:
    return f"{name} cannot be imported ({error}); install it with pip install 'flowerablate[{extra}]'"

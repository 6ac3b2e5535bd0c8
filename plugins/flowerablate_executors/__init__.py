"""Executors, which run trials: in this process, in fresh processes, on a Ray cluster, on Slurm.

This module holds only the hook, the parameters and the checks for missing libraries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import flowerablate as fa

if TYPE_CHECKING:
    from flowerablate.contracts import Executor, Register


@fa.hookimpl
def flowerablate_register(register: Register) -> None:
    """Register the executors."""
    register(fa.ExecutorSpec("inline", "One trial after another in this process, for a debugger.", build_inline))
    register(fa.ExecutorSpec("processes", "Each trial in a fresh process of this machine.", build_processes))


def build_inline(context: fa.ExecutorContext) -> Executor:
    """Return an executor that does each job where it is started."""
    from flowerablate.jobs.inline import InlineExecutor

    return InlineExecutor()


def build_processes(context: fa.ExecutorContext) -> Executor:
    """Return an executor that gives each job a process."""
    from .processes import ProcessExecutor

    return ProcessExecutor(context.jobs, context.preload)

"""The process from which those of jobs are forked; it loads once what they need, beside what this process does."""

from __future__ import annotations

import contextlib
import multiprocessing
import sys
from collections.abc import Iterator, Sequence
from multiprocessing.context import ForkServerContext
from types import ModuleType


def begin_fork_server(preload: Sequence[str]) -> ForkServerContext | None:
    """Start the fork server of this process, unless it runs, and return its context; None where there is none.

    The call returns at once: the server loads the modules *preload* meanwhile, and a job that is started waits for it.
    It lives until this process ends.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return None
    from multiprocessing.forkserver import ensure_running

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(preload))
    with without_main():
        ensure_running()
    return context


@contextlib.contextmanager
def without_main() -> Iterator[None]:
    """Hide the script that runs: :mod:`multiprocessing` would import it again in the new process.

    Scripts and notebooks that call ``flowerablate.run`` then need no ``if __name__ == "__main__"``.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main

"""The process from which those of jobs are forked; it loads once what they need, while this process goes on."""

from __future__ import annotations

import atexit
import contextlib
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from .temporary import restore_own_folder, temporary_files_in_own_folder

if TYPE_CHECKING:  # Windows has none
    from multiprocessing.context import ForkServerContext


SERVER_ENDED = "the fork server ended"
"""Why a job ended that did not end by itself."""


def begin_fork_server(preload: Sequence[str]) -> ForkServerContext | None:
    """Start the fork server of this process, unless it runs, and return its context; None where there is none.

    The call returns at once: the server loads the modules *preload* meanwhile, and a job that is started waits for it.
    It lives until this process ends. One that something has stopped goes on.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return None
    from multiprocessing.forkserver import ensure_running

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(preload))
    with without_main(), _looking_where_we_look(), temporary_files_in_own_folder():
        ensure_running()
    wake_server()
    atexit.unregister(_end)
    atexit.register(_end)
    return context


@contextlib.contextmanager
def _looking_where_we_look() -> Iterator[None]:
    """Have a Python that starts now look for modules where this one does.

    It would look in the working directory first, where there may be a package of the same name: a source tree of ours.
    """
    environment = {"PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path)), "PYTHONSAFEPATH": "1"}
    before = {name: os.environ.get(name) for name in environment}
    here = None if sys.version_info >= (3, 11) else Path.cwd()  # 3.10 does not know PYTHONSAFEPATH
    os.environ.update(environment)
    try:
        if here is not None:
            os.chdir("/")
        yield
    finally:
        if here is not None:
            os.chdir(here)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _end() -> None:
    """End the server with this process, though it may still be loading.

    It has the outputs of this process, so whoever reads them would wait until it has found out by itself.
    """
    kill_server()
    with contextlib.suppress(OSError):
        restore_own_folder()  # which multiprocessing is about to remove


def kill_server() -> None:
    """Kill the fork server, and with it what was forked from it."""
    _signal_server("SIGKILL")


def wake_server() -> None:
    """Have the fork server go on if a component has stopped it; it would answer nobody, not even that a job ended."""
    _signal_server("SIGCONT")


def _signal_server(name: str) -> None:
    pid = number_of_server()
    if pid is not None:
        with contextlib.suppress(OSError):
            os.kill(pid, getattr(signal, name))  # Windows, which has neither, has no fork server


def number_of_server() -> int | None:
    """Return the process number of the fork server that runs, or ran last; None if none has begun."""
    from multiprocessing import forkserver

    found: int | None = getattr(getattr(forkserver, "_forkserver", None), "_forkserver_pid", None)
    return found


def has_ended(server: int | None, preload: Sequence[str], patience: float = 1.0) -> bool:
    """Whether the fork server with the process number *server* is gone; then another one begins.

    Its pipes close a moment before its process can be seen to have ended: so long, at most *patience* seconds, is
    waited.
    """
    deadline = time.monotonic() + patience
    while True:
        begin_fork_server(preload)
        if number_of_server() != server:
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.01)


def still_serves(server: int | None, preload: Sequence[str]) -> bool:
    """Whether the fork server with the process number *server* (None: there is none) forks another process.

    So one that was killed a moment ago is told from one that lives: the end of a large process takes a while.
    """
    if server is None:
        return True
    context = begin_fork_server(preload)
    return context is not None and number_of_server() == server and ask_fork(context, "os:getppid") == server


def ask_fork(server: ForkServerContext, entry: str) -> int | None:
    """Return the number that *entry*, written ``module:function``, returns in a process forked from *server*.

    So this process learns what only a library knows that the server has loaded. None if there is no answer.
    """
    ours, theirs = server.Pipe(duplex=False)
    process = server.Process(target=_answer, args=(entry, theirs, dict(os.environ)), daemon=True)
    try:
        with without_main():
            process.start()
        theirs.close()
        answer = ours.recv_bytes()
    except (EOFError, OSError):
        return None
    finally:
        ours.close()
    process.join()
    return int(answer)


def _answer(entry: str, asker: Connection, environment: Mapping[str, str]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the asker's to handle
    os.environ.clear()
    os.environ.update(environment)
    module, _, name = entry.partition(":")
    with contextlib.suppress(ImportError, MemoryError):  # too little memory: who asks finds that out, and says it
        asker.send_bytes(str(getattr(import_module(module), name)()).encode())


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

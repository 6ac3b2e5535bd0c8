"""Imports a plugin of others for the first time in a process that may die: a fault there must not end the command.

A plugin may load compiled code that crashes, or end its process, when it is imported or when its hooks are called. What
was imported and registered without that is noted in the cache, by its content, and not tried again.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from .exit_codes import how_it_ended
from .user_cache import cache_folder

T = TypeVar("T")

SECONDS = 120.0
"""How long an import may take, with the hooks."""

_IMPORTED, _REGISTERED, _CLOSED = b"i", b"r", b"c"


def fault_of_import(digest: str, load: Callable[[], T], register: Callable[[T], object] = lambda module: None) -> str:
    """Return how a process ended that called *load*, and *register* with what it returned.

    Empty if it did not end, or if content *digest* did not before. What they raise is no fault: the caller meets it
    too. To close a standard stream is one: no command could print any more. Without :func:`os.fork` nothing
    is tried.
    """
    note = cache_folder() / "registered" / digest
    if not digest or not hasattr(os, "fork") or note.exists():
        return ""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    ours, theirs = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of a fork while threads run: the child imports and ends
        child = os.fork()
    if not child:
        _import_and_end(load, register, theirs)
    os.close(theirs)
    try:
        code = _exit_code(child)
    except BaseException:  # Ctrl-C, which reaches the child in a terminal only
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise
    os.set_blocking(ours, False)  # what the plugin has started may still hold the other end
    try:
        told = os.read(ours, 3)
    except BlockingIOError:
        told = b""
    os.close(ours)
    if code is None:
        at = "registering its components" if _IMPORTED in told else "being imported"
        return f"it was still {at} after {SECONDS:g} s"
    at = "registered its components" if _IMPORTED in told else "was imported"
    if _CLOSED in told:
        return f"it closed a standard stream when it {at}"
    if _REGISTERED not in told:
        return f"its process {how_it_ended(code)} when it {at}"
    _keep(note)
    return ""


def _import_and_end(load: Callable[[], T], register: Callable[[T], object], asker: int) -> None:
    """Import and register, and tell it to *asker*: the exit code alone could be the plugin's."""
    with contextlib.suppress(BaseException):  # the caller meets it too
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        faulthandler.disable()
        nothing = os.open(os.devnull, os.O_RDWR)
        for number in range(3):
            os.dup2(nothing, number)
        module = load()
        _require_streams(asker)
        os.write(asker, _IMPORTED)
        register(module)
    _require_streams(asker)
    os.write(asker, _REGISTERED)
    os._exit(0)


def _require_streams(asker: int) -> None:
    """End this process, and tell it to *asker*, if nothing can be printed any more."""
    with contextlib.suppress(OSError):
        for number in (1, 2):
            os.fstat(number)
        if not any(stream is None or stream.closed for stream in (sys.stdout, sys.stderr)):
            return
    os.write(asker, _CLOSED)
    os._exit(0)


def _exit_code(child: int) -> int | None:
    deadline, pause = time.monotonic() + SECONDS, 0.001
    while True:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return None
        time.sleep(pause)
        pause = min(0.05, 1.5 * pause)


def _keep(note: Path) -> None:
    with contextlib.suppress(OSError):  # it is tried again the next time
        note.parent.mkdir(parents=True, exist_ok=True)
        note.touch()

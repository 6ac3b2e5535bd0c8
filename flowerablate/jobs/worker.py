"""Does one job: what an executor calls, in this process or as the whole life of a fresh one."""

from __future__ import annotations

import contextlib
import errno
import faulthandler
import logging
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, MutableMapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from ..contracts import Job
from ..errors import in_one_line, shortened
from ..exit_codes import how_it_ended
from ..files import open_file
from .events import EventListener, EventWriter
from .guard import end_with_parent_thread, guard_this_process

LOG = "log.txt"
DONE, FAILED, BROKEN, DISK_FULL, ELSEWHERE, DONE_BEFORE = 0, 1, 70, 74, 75, 76
"""What a job comes to, as the exit code of its process.

The job is done; it failed and said so in its folder; it broke without a word; nothing can be written; another process
is at work on it; it was done before this process began.

A component may end the process with any of them. What a job is done with, or failed with, is in its folder; the last
three count only with a word of the job itself (:func:`give_word`).
"""

_BY_WORD = (DISK_FULL, ELSEWHERE, DONE_BEFORE)
_WORD = ".came-to-"
_OLD = 600.0
"""Seconds after which nobody is left who waits for a word."""
_CRASH = "Fatal Python error: "
"""How :mod:`faulthandler` begins."""

_VISIBLE = "CUDA_VISIBLE_DEVICES"

Entry = Callable[[Job, Callable[[], EventWriter]], int]
"""The function of a job: it gets the job, and a function that begins its events once the job is its own."""


def work(job: Job, listener: EventListener | None = None) -> int:
    """Do *job* in this process and return what it came to; an exception passes through. *listener* hears its events."""
    module, _, name = job.entry.partition(":")
    if not module.startswith("flowerablate."):
        raise ValueError(f"{job.entry} is not a function of flowerablate")
    entry: Entry = getattr(import_module(module), name)
    writers: list[EventWriter] = []

    def begin() -> EventWriter:
        _begin_log(job.folder / LOG)
        writers.append(EventWriter(job.folder, listener))
        writers[-1].started()
        return writers[-1]

    try:
        return entry(job, begin)
    finally:
        for writer in writers:
            writer.close()


def live_for(job: Job) -> NoReturn:
    """Do *job* as the only work of this process, and end the process with what it came to.

    The process leads a session of its own, so that whoever stops it stops all that the job has started, and it ends
    when its parent does. What the job prints goes to ``log.txt`` in its folder.
    """
    code = BROKEN
    try:
        _lead_a_session()
        guard_this_process()
        _end_with_parent()
        _print_to(job.folder / LOG)
        _stay_on(job.cores)
        _keep_below(job.memory)
        code = work(replace(job, device=see_only(job.device, os.environ)))
        give_word(job, code)
    except BaseException:
        traceback.print_exc()
    finally:
        logging.shutdown()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        # Not sys.exit: threads and exit functions that a component left behind must not hold the result up.
        os._exit(code)


def give_word(job: Job, code: int) -> None:
    """Leave word in the folder of *job* that this attempt at it came to *code*, if that code counts only with a word.

    The word is the name of an empty file, for which there is room on most disks that are full. Where there is none, who
    asked for the job cannot record its failure either, and so finds that the disk is full.
    """
    if code in _BY_WORD:
        with contextlib.suppress(OSError):
            _word(job, code).touch()


def word_of(job: Job) -> int | None:
    """Return the code for which this attempt at *job* left word, and remove the word; None if there is none."""
    found = None
    for code in _BY_WORD:
        with contextlib.suppress(OSError):
            _word(job, code).unlink()
            found = code
    return found


def _word(job: Job, code: int) -> Path:
    return job.folder / f"{_WORD}{code}-{job.attempt}"


def forget_words(folder: Path) -> None:
    """Remove old words from the folder of a job, which nobody heard because they were killed."""
    for path in folder.glob(f"{_WORD}*"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _OLD:
                path.unlink()


def _lead_a_session() -> None:
    if hasattr(os, "setsid"):
        with contextlib.suppress(OSError):  # it leads one already
            os.setsid()
    # Ctrl-C is the parent's to handle: it stops its jobs.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _end_with_parent() -> None:
    """End this process, and all that it started, when the one that asked for it ends, or the fork server in between."""
    end_with_parent_thread(signal.SIGKILL)
    from multiprocessing import parent_process
    from multiprocessing.connection import wait

    parent = parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        if hasattr(os, "killpg"):
            os.killpg(os.getpgid(0), signal.SIGKILL)
        os._exit(BROKEN)

    threading.Thread(target=watch, daemon=True).start()


def _print_to(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    if path.exists() and not path.is_file():  # a FIFO would wait for a reader
        path.unlink()
    # Not cut to nothing: another process may be at work on the job.
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, number in ((nothing, 0), (file, 1), (file, 2)):
        os.dup2(source, number)
    for each in (file, nothing):
        os.close(each)
    streams = (os.fdopen(n, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False) for n in (1, 2))
    sys.stdout, sys.stderr = streams
    faulthandler.enable(sys.stderr)


def _begin_log(path: Path) -> None:
    """Empty the log at *path* of what an earlier attempt printed, if this process prints there."""
    with contextlib.suppress(OSError):
        if os.path.samestat(os.fstat(1), path.stat()):
            os.ftruncate(1, 0)


def _stay_on(cores: tuple[int, ...]) -> None:
    if cores and hasattr(os, "sched_setaffinity"):
        with contextlib.suppress(OSError):  # a core that was taken away since
            os.sched_setaffinity(0, cores)


def see_only(device: str, environment: MutableMapping[str, str]) -> str:
    """Make the GPU *device*, such as ``cuda:1``, the only one that CUDA shows; return its name from now on.

    It must be called before CUDA is used. So nothing in the job can take a part of another card, whatever device it
    names. The number counts the devices that the *environment* shows already.
    """
    kind, _, number = device.partition(":")
    if kind != "cuda" or not number:
        return device
    shown = [name.strip() for name in environment.get(_VISIBLE, "").split(",") if name.strip()]
    if shown and int(number) >= len(shown):
        return device  # there is none: torch says so
    environment[_VISIBLE] = shown[int(number)] if shown else number
    return "cuda:0"


def _keep_below(memory: int) -> None:
    if memory and sys.platform.startswith("linux"):
        import resource

        used = _data_of_this_process()
        if memory <= used:
            raise MemoryError(
                f"its memory is limited to {memory >> 20} MB, but {used >> 20} MB are needed before it begins; raise "
                "the limit"
            )
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))


def _data_of_this_process() -> int:
    """Return the bytes that count for the limit, which torch and the plugins alone take up."""
    lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
    found = next((line.split()[1] for line in lines if line.startswith("VmData:")), "0")
    return 1024 * int(found)


def disk_full(folder: Path) -> OSError:
    """Return the error of a job in *folder* that came to :data:`DISK_FULL`."""
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))


def tail_of_log(folder: Path, lines: int = 20) -> list[str]:
    """Return the last lines that the job in *folder* printed; if Python wrote where it crashed, all from there on."""
    try:
        with open_file(folder / LOG) as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 65536))
            content = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    printed = [line for line in content.splitlines() if line.strip()]
    crashes = [number for number, line in enumerate(printed) if line.startswith(_CRASH)]
    return printed[min([max(0, len(printed) - lines), *crashes[-1:]]) :]


def ended_how(exit_code: int | None, reason: str, tail: list[str]) -> str:
    """Return in one line how the process of a job ended that left no result."""
    if exit_code is None:
        how = reason or "its process is gone"
    else:
        how = f"its process {how_it_ended(exit_code)}"
        if -exit_code == getattr(signal, "SIGKILL", 9):
            how += ", as the system does when memory runs out"
        if -exit_code == getattr(signal, "SIGBUS", None):
            how += ", as the system does when a file in use, such as that of packed images, is cut short"
    crash = _crash_in(tail)
    if crash:
        return f"{how}; {crash}"
    last = shortened(in_one_line(tail[-1])) if tail else ""
    return f"{how}; the last line of its log: {last}" if last else how


def _crash_in(tail: list[str]) -> str:
    """Return what Python wrote of its crash: the error, and the place that the thread at fault had reached."""
    at = max((number for number, line in enumerate(tail) if line.startswith(_CRASH)), default=None)
    if at is None:
        return ""
    said, lines = tail[at].strip(), tail[at + 1 :]
    thread = next((number for number, line in enumerate(lines) if line.startswith("Current thread")), None)
    frame = lines[thread + 1].strip() if thread is not None and thread + 1 < len(lines) else ""
    return f"{said}: {frame}" if frame.startswith("File ") else said

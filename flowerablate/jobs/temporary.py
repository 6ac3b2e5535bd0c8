"""A folder for the temporary files of this process. If it is killed, the next run removes it."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from multiprocessing.process import current_process
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any

from ..files import lock_now

_PREFIX, _LOCK = "flowerablate-", "lock"
_RANDOM = 8
"""Characters that :func:`tempfile.mkdtemp` adds to a name."""

_LONGEST = 60
"""Characters in the name of the folder, at most: that of a socket in it may have 104 on some systems."""


@contextmanager
def temporary_files_in_own_folder() -> Iterator[None]:
    """Have :mod:`tempfile`, and so :mod:`multiprocessing`, make new files in the folder of this process."""
    before = tempfile.tempdir
    folder = _own_folder()
    restore_own_folder()
    if len(str(folder)) <= _LONGEST:
        tempfile.tempdir = str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before


def restore_own_folder() -> None:
    """Make the folder anew, and that of :mod:`multiprocessing` in it, if something has removed them.

    Whoever empties the folder for temporary files of the system does. :mod:`multiprocessing` would look for its own,
    to use or to remove it.
    """
    inner = current_process()._config.get("tempdir")  # type: ignore[attr-defined]
    for folder in (_own_folder(), *([] if inner is None else [Path(inner)])):
        if not folder.is_dir():
            folder.mkdir(mode=0o700)


def remove_left_folders() -> None:
    """Remove the folders of processes that were killed, though this one wants none.

    A run that was killed as it ended has left nothing to do for the next one but this.
    """
    _clear(Path(tempfile.gettempdir()))


@cache
def _own_folder() -> Path:
    parent = Path(tempfile.gettempdir())
    _clear(parent)
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        with contextlib.suppress(OSError):  # cleared by another process before it was locked
            lock = lock_now(folder / _LOCK)
            if lock is not None and folder.is_dir():
                # After multiprocessing has removed its own in it, at -100; a process that is forked from here does not.
                Finalize(None, _remove, (folder, lock), exitpriority=-200)
                return folder


def _remove(folder: Path, lock: Any) -> None:
    _delete(folder)
    lock.release()
    _clear(folder.parent)  # again: of a run that was killed just before this one began, something may have lived on


def _delete(folder: Path) -> None:
    """Delete *folder*, and its lock last, so that what stays can be told from what others call so.

    A process that outlives the killed one for a moment may still write there; then the next process deletes the rest.
    """
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            if path.name == _LOCK:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        if [path.name for path in folder.iterdir()] == [_LOCK]:
            (folder / _LOCK).unlink()
            folder.rmdir()


def _clear(parent: Path) -> None:
    """Remove the folders in *parent* of processes that were killed: nobody holds their locks, or they have none yet."""
    for path in parent.glob(f"{_PREFIX}*/{_LOCK}"):
        with contextlib.suppress(OSError):  # that of another user
            lock = lock_now(path)
            if lock is not None:
                _delete(path.parent)
                lock.release()
    for path in parent.glob(f"{_PREFIX}{'?' * _RANDOM}"):
        with contextlib.suppress(OSError):  # not empty; or that of another user
            path.rmdir()  # its process, if it lives, makes another one

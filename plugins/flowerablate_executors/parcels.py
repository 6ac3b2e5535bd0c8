"""Folders and files as values that travel to another machine, and their way back into a folder.

A parcel maps names, relative and with forward slashes, to contents. Nothing in it is trusted on arrival: a name that
leads out of its folder is refused.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, TypeAlias

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from flowerablate import FlowerablateError
from flowerablate.files import replacing

Content: TypeAlias = NDArray[np.uint8]
Parcel: TypeAlias = dict[str, Content]


def pack(path: Path, leave_out: Collection[str] = (), after: Mapping[str, tuple[int, int]] | None = None) -> Parcel:
    """Return the files of the folder *path*, the last written one first, or the file *path* under the name ``""``.

    Hidden files and those named in *leave_out* stay; so does each that has the same :func:`stamps` in *after*. An array
    is uint8 [bytes].
    """
    if path.is_file():
        return {"": np.fromfile(path, np.uint8)}
    found = stamps(path, leave_out)
    fresh = [name for name in found if after is None or after.get(name) != found[name]]
    parcel = {}
    for name in sorted(fresh, key=lambda name: -found[name][0]):
        with contextlib.suppress(FileNotFoundError):  # a job that is at work has removed it since
            parcel[name] = np.fromfile(path / name, np.uint8)
    return parcel


def stamps(folder: Path, leave_out: Collection[str] = ()) -> dict[str, tuple[int, int]]:
    """Return when each file in *folder* was written, in ns, and its size in bytes."""
    found = {}
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            if name in leave_out or name.startswith("."):
                continue
            with contextlib.suppress(FileNotFoundError):  # a job that is at work has removed it since
                stat = path.stat()
                found[path.relative_to(folder).as_posix()] = (stat.st_mtime_ns, stat.st_size)
    return found


def unpack(parcel: Parcel, folder: Path) -> None:
    """Write the files of *parcel* to *folder*, the one that was written last at the end, each at once or not at all."""
    for path, content in _targets(parcel, folder):
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            file.write(content.data)


def _targets(parcel: Parcel, folder: Path) -> Iterator[tuple[Path, Content]]:
    for name, content in reversed(parcel.items()):
        parts = PurePosixPath(name)
        if parts.is_absolute() or ".." in parts.parts or ":" in name or "\\" in name:
            raise FlowerablateError(f"a file that arrived is named {name!r}, which leads out of its folder")
        yield folder / parts, content


def digest_of(parcel: Parcel) -> str:
    """Return the SHA-256 of the names and contents of *parcel*."""
    digest = hashlib.sha256()
    for name in sorted(parcel):
        digest.update(f"{len(name)} {name} {parcel[name].nbytes} ".encode())
        digest.update(parcel[name].data)
    return digest.hexdigest()


def bring(target: Path, digest: str, fetch: Callable[[], Any]) -> None:
    """Put the parcel that ``fetch()`` returns in place as *target*, unless it is there; one process at a time does.

    A parcel without the SHA-256 *digest* raises :class:`FlowerablateError`.
    """
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(target.with_name(f".{target.name}.lock")):
        if target.exists():
            return
        parcel: Parcel = fetch()
        if digest_of(parcel) != digest:
            raise FlowerablateError(f"{target.name} was damaged on its way to this machine")
        if tuple(parcel) == ("",):
            with replacing(target) as file:
                file.write(parcel[""].data)
            return
        arriving = target.with_name(f".{target.name}.arriving")
        shutil.rmtree(arriving, ignore_errors=True)  # left by a process that was killed
        arriving.mkdir()
        for path, content in _targets(parcel, arriving):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.data)
        arriving.rename(target)

"""The packed store: images decoded and prepared once, then read through a memory map by every trial and process.

A store is a folder named by the content of its images and by the chain that prepared them. It is built in a temporary
folder and renamed into place, so that a half-written store is never seen; :mod:`.layout` says what lies in it and when
damage is noticed.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from ..contracts import Samples
from ..errors import DataError
from ..keyed import key64
from .decode import Depth, UnreachableError, decode
from .layout import BLOCK, Contents, Progress, Writer, first_damage, read_store
from .packed import Image
from .packed import PackedImages as PackedImages
from .window import in_order

Prepare: TypeAlias = Callable[[Image], Image]


def sample_ids(samples: Samples) -> NDArray[np.uint64]:
    """Return the ids that key each sample's random draws; they depend on its key, not on its place in a list."""
    return np.array([key64("sample", key) for key in samples.keys], dtype=np.uint64)


def without_unreadable(samples: Samples, channels: int, progress: Progress) -> Samples:
    """Decode every image once and leave out those that cannot be read; they are listed in ``skipped``.

    A file that is missing, or that we may not open, is no bad image: it raises :class:`DataError`.
    """
    bad: set[int] = set()
    for index, readable in enumerate(in_order(lambda path: _readable(path, channels), samples.paths)):
        if not readable:
            bad.add(index)
        progress("checking images", index + 1, len(samples))
    keep = [index for index in range(len(samples)) if index not in bad]
    skipped = (*samples.skipped, *(samples.keys[index] for index in sorted(bad)))
    return replace(samples.only(keep), skipped=skipped)


def _readable(path: Path, channels: int) -> bool:
    try:
        decode(path, channels)
    except UnreachableError:
        raise
    except DataError:
        return False
    return True


def open_store(
    cache: Path,
    samples: Samples,
    name: str,
    channels: int,
    prepare: Prepare,
    progress: Progress,
    *,
    depth: Depth = 8,
    at_least: int | None = None,
    dtype: str | None = None,
) -> PackedImages:
    """Return the images of *samples*, each decoded and put through *prepare*, packed under *cache* / *name*.

    *name* must stand for the content of the images, for *prepare* and all options. Images are decoded with *depth*
    bits and, where *prepare* begins by shrinking them, perhaps at a part of their size that keeps *at_least* pixels
    (see :func:`.decode.decode`). *prepare* gets uint8 or, at depth 16, uint16 [H, W, C], and gives *dtype*: the same,
    unless it is said.

    A store that is there is checked and only mapped, which takes no memory and hardly any time whatever its size; one
    that is damaged is built anew, by one process at a time. Raises :class:`DataError` where an image cannot be read or
    the store cannot be written.
    """
    folder = cache / name
    contents = Contents(len(samples), channels, depth, at_least, dtype or ("uint8" if depth == 8 else "uint16"))
    packed = read_store(folder, contents, progress)
    if packed is None:
        with _locked(folder):
            packed = read_store(folder, contents, progress)  # another process may have built it while we waited
            if packed is None:
                _build(folder, samples, contents, prepare, progress)
                packed = read_store(folder, contents, progress)
    if packed is None:
        raise DataError(
            f"the packed images in {folder} do not come back as they were written; use another cache folder"
        )
    return packed


def verify_store(packed: PackedImages, progress: Progress) -> None:
    """Read every byte of the store that *packed* is mapped from; one that has changed raises :class:`DataError`.

    Opening does this for small stores, and for large ones whose file was touched; this is for disks in doubt.
    """
    assert packed.source is not None, "images in memory have no store"
    folder = packed.source.folder
    try:
        damaged = first_damage(folder, progress)
    except OSError as error:
        raise DataError(f"cannot read the packed images in {folder}: {error.strerror}; remove that folder") from error
    if damaged is not None:
        raise DataError(
            f"the packed images in {folder} are damaged in MiB {damaged * BLOCK >> 20}; remove that folder, and they "
            "are built anew"
        )


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(f".{folder.name}.lock")):
            yield
    except OSError as error:
        cause = (error.strerror or str(error)).lower()
        raise DataError(
            f"cannot store the packed images in {folder.parent}: {cause}; make room there, or use another cache folder"
        ) from error


def _build(folder: Path, samples: Samples, contents: Contents, prepare: Prepare, progress: Progress) -> None:
    """Build the store while holding its lock, so that its temporary folder is ours, or left by a process that died."""

    def prepared(path: Path) -> Image:
        return prepare(decode(path, contents.channels, depth=contents.depth, at_least=contents.at_least))

    temporary = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    try:
        with Writer(temporary, contents) as writer:
            for done, image in enumerate(in_order(prepared, samples.paths), start=1):
                writer.add(image)
                progress("packing images", done, len(samples))
            writer.finish()
        shutil.rmtree(folder, ignore_errors=True)
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)

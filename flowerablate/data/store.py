"""The packed store: images decoded and prepared once, then read through a memory map by every trial and process.

A store is a folder named by the content of its images and by the chain that prepared them. It is built in a temporary
folder and renamed into place, so a half-written store is never visible. :mod:`.layout` describes its files and when
damage is detected.
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

from ..contracts import Progress, Samples
from ..errors import DataError, cause_of
from ..keyed import key64
from .decode import Bits, UnreachableError, decode
from .layout import BLOCK, Contents, Writer, first_damage, read_store
from .packed import Image
from .packed import PackedImages as PackedImages
from .window import in_order

Prepare: TypeAlias = Callable[[Image], Image]


def sample_ids(samples: Samples) -> NDArray[np.uint64]:
    """Return the ids that key each sample's random draws, uint64 [N]; they depend on its key, not on its position."""
    return np.array([key64("sample", key) for key in samples.keys], dtype=np.uint64)


def without_unreadable(samples: Samples, channels: int, progress: Progress) -> Samples:
    """Decode every image once and leave out those that cannot be read; they are listed in ``skipped``.

    A file that is missing or may not be opened is not a bad image: it raises :class:`DataError`.
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
    bits: Bits = 8,
    min_side: int | None = None,
    dtype: str | None = None,
) -> PackedImages:
    """Return the images of *samples*, each decoded and processed by *prepare*, packed under *cache* / *name*.

    *name* must identify the content of the images, *prepare* and all options. Images are decoded at *bits* bits and, if
    *prepare* begins by shrinking them, possibly at a reduced size whose shorter side keeps *min_side* pixels (see
    :func:`.decode.decode`). *prepare* gets uint8 or, at 16 bits, uint16 [H, W, C], and returns *dtype* (default: the
    same).

    An existing store is checked and mapped, which takes no memory and little time whatever its size; a damaged one is
    rebuilt, by one process at a time. Raises :class:`DataError` if an image cannot be read or the store cannot be
    written.
    """
    folder = cache / name
    contents = Contents(len(samples), channels, bits, min_side, dtype or ("uint8" if bits == 8 else "uint16"))
    packed = read_store(folder, contents, progress)
    if packed is None:
        with _locked(folder):
            packed = read_store(folder, contents, progress)  # another process may have built it meanwhile
            if packed is None:
                _build(folder, samples, contents, prepare, progress)
                packed = read_store(folder, contents, progress)
    if packed is None:
        raise DataError(
            f"the packed images in {folder} cannot be read back as they were written; use another cache folder"
        )
    return packed


def verify_store(packed: PackedImages, progress: Progress) -> None:
    """Read every byte of the store that *packed* is mapped from; a changed byte raises :class:`DataError`.

    Opening does this for small stores, and for large ones whose file was modified; use this if a disk is suspect.
    """
    assert packed.source is not None, "images in memory have no store"
    folder = packed.source.folder
    try:
        damaged = first_damage(folder, progress)
    except OSError as error:
        raise DataError(f"cannot read the packed images in {folder}: {error.strerror}; remove that folder") from error
    if damaged is not None:
        raise DataError(
            f"the packed images in {folder} are damaged in MiB {damaged * BLOCK >> 20}; remove that folder to rebuild "
            "them"
        )


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(f".{folder.name}.lock")):
            yield
    except OSError as error:
        raise DataError(
            f"cannot store the packed images in {folder.parent}: {cause_of(error)}; "
            "free space there, or use another cache folder"
        ) from error


def _build(folder: Path, samples: Samples, contents: Contents, prepare: Prepare, progress: Progress) -> None:
    """Build the store under its lock: the temporary folder is ours, or was left by a process that died."""

    def prepared(path: Path) -> Image:
        return prepare(decode(path, contents.channels, bits=contents.bits, min_side=contents.min_side))

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

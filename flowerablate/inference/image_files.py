"""Finds the images that a command line names: files as given, and folders with their subfolders."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ..contracts import IMAGE_SUFFIXES
from ..errors import DataError


def find_images(named: Iterable[Path]) -> list[Path]:
    """Return the files that *named* stands for: files whatever their suffix, and the images in folders.

    The images of a folder are sorted by path; hidden files and folders are left out. A missing path or a folder without
    images raises :class:`DataError`.
    """
    found: list[Path] = []
    for path in named:
        if path.is_dir():
            below = sorted(_below(path))
            if not below:
                raise DataError(f"there are no images in {path}")
            found += below
        elif path.exists():
            found.append(path)
        else:
            raise DataError(f"there is no file or folder {path}")
    return found


def spread(found: Sequence[Path], limit: int) -> list[Path]:
    """Return *limit* of the paths *found*, evenly spread over them in their order; all if there are no more."""
    if len(found) <= limit:
        return list(found)
    return [found[(2 * place + 1) * len(found) // (2 * limit)] for place in range(limit)]


def _below(folder: Path) -> Iterator[Path]:
    for where, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if not name.startswith(".") and Path(name).suffix.lower() in IMAGE_SUFFIXES:
                yield Path(where, name)

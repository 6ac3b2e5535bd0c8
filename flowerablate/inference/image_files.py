"""Finds the images that a command line names: files as given, and folders with their subfolders."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ..data.tree import Folder, special_file
from ..errors import DataError


def find_images(named: Iterable[Path]) -> list[Path]:
    """Return the files that *named* stands for: files whatever their suffix, and the images in folders.

    The images of a folder are sorted by path, found as those of a data set are: links are followed, hidden files and
    folders are left out. A missing path, a folder without images, or what is no file raises :class:`DataError`.
    """
    found: list[Path] = []
    for path in named:
        if path.is_dir():
            below = sorted(folder.path / name for folder in Folder(path).walk() for name in folder.images)
            if not below:
                raise DataError(f"there are no images in {path}")
            found += below
        elif path.exists():
            found.append(path)
        else:
            raise DataError(f"there is no file or folder {path}")
    for path in found:
        if kind := special_file(path):
            raise DataError(f"{path} is {kind}, not a file; leave it out")
    return found


def spread(found: Sequence[Path], limit: int) -> list[Path]:
    """Return *limit* of the paths *found*, evenly spread over them in their order; all if there are no more."""
    if len(found) <= limit:
        return list(found)
    return [found[(2 * place + 1) * len(found) // (2 * limit)] for place in range(limit)]

"""Finds the images that a table lists: by their paths, or by names and identifiers anywhere in the folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from flowerablate import DataError
from flowerablate.data.tree import Folder


class ListedImages:
    """The images in the folder *home*, as a table names them.

    A name is a path relative to *home*, or the name of one image anywhere below, with its suffix or without.
    """

    def __init__(self, home: Path) -> None:
        self.home = home

    def key_from(self, folder: Path, key: str) -> str:
        """Return *key*, of an image here, relative to *folder*."""
        return key if folder == self.home else Path(os.path.relpath(self.home / key, folder)).as_posix()

    def key(self, name: str) -> str:
        """Return the path of the image *name* relative to the folder; empty if there is none.

        Raises :class:`DataError` if several images are called so.
        """
        if (self.home / name).is_file():
            return Path(os.path.relpath(self.home / name, self.home)).as_posix()
        found = self._below.get(name.replace("\\", "/"), [])
        if len(found) > 1:
            raise DataError(
                f"{self.home} has several images {name!r}, {found[0]} and {found[1]}; write their paths in the table, "
                "or choose the folder of one (dataset.folder)"
            )
        return found[0] if found else ""

    @cached_property
    def _below(self) -> dict[str, list[str]]:
        """The images below the folder by each end of their paths, with the suffix and without."""
        found: dict[str, list[str]] = {}
        if self.home.is_dir():
            for key in self._keys():
                stem, _ = os.path.splitext(key)  # noqa: PTH122 - a Path per file is slow
                for end in {*_ends(key), *_ends(stem)}:
                    found.setdefault(end, []).append(key)
        return found

    def _keys(self) -> Iterator[str]:
        for folder in Folder(self.home).walk():
            yield from (f"{folder.key}/{name}" if folder.key else name for name in folder.images)


def _ends(path: str) -> Iterator[str]:
    yield path
    while "/" in path:
        path = path.partition("/")[2]
        yield path

"""Trees of names as data sets have them, made as a folder, a zip or a tar archive of empty files."""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path


def tree(*levels: str, number: int = 3) -> list[str]:
    """Return the names of images below each path with one word of each level; words are separated by blanks."""
    folders = [""]
    for words in levels:
        folders = [f"{folder}/{word}" if folder else word for folder in folders for word in words.split()]
    return [f"{folder}/{place}.jpg" for folder in folders for place in range(number)]


def make(root: Path, *names: str) -> Path:
    """Create empty files below *root*, and a folder for each name that ends in a slash; scanning reads names only."""
    for name in names:
        (root / name if name.endswith("/") else (root / name).parent).mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            (root / name).touch()
    return root


def packed(folder: Path, names: Iterable[str], kind: str) -> Path:
    """Pack the files *names* of *folder* into an archive beside it, ``zip`` or ``tar.gz``."""
    archive = folder.with_name(f"{folder.name}.{kind}")
    if kind == "zip":
        with zipfile.ZipFile(archive, "w") as file:
            for name in sorted(names):
                file.write(folder / name, name)
    else:
        with tarfile.open(archive, "w:gz", compresslevel=1) as file:
            for name in sorted(names):
                file.add(folder / name, name)
    return archive

"""Finds the tables that a folder of images brings with it, as the ``ImageFolder`` of Hugging Face reads them.

That is ``metadata.csv``, ``metadata.jsonl`` or ``metadata.parquet`` with a column ``file_name``, in the folder or in
each of the parts of its split.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from flowerablate import DataError
from flowerablate.data.tree import Folder

from .layout_names import part_of
from .table_rows import head_of, json_head_of

_NAMES = ("metadata.csv", "metadata.jsonl", "metadata.parquet")
_COLUMN = "file_name"


@dataclass(frozen=True)
class MetadataFile:
    """A table at *path*, and the *part* of the split whose images it lists; empty for all."""

    path: Path
    part: str = ""


def metadata_files(folder: Path) -> list[MetadataFile]:
    """Return the tables of the images in *folder*: its own one, or those of the parts; none if there are none."""
    if own := _in(folder):
        return [MetadataFile(own)]
    parts = [(each, part_of(each.name)) for each in Folder(folder).folders]
    return [MetadataFile(table, part) for each, part in parts if part and (table := _in(each.path))]


def require_all_parts(folder: Path, found: Sequence[MetadataFile]) -> None:
    """Raise :class:`DataError` if a part of the split in *folder* has images, but none of the tables *found*."""
    if not all(each.part for each in found):
        return
    listed = {each.path.parent for each in found}
    for each in Folder(folder).folders:
        if part_of(each.name) and each.path not in listed and each.has_images:
            raise DataError(f"{folder}: {each.name}/ has images but no metadata file, which other parts have; add one")


def _in(folder: Path) -> Path | None:
    for name in _NAMES:
        path = folder / name
        if path.is_file() and _COLUMN in _columns(path):
            return path
    return None


def _columns(path: Path) -> list[str]:
    if path.suffix == ".csv":
        return head_of(path)
    return json_head_of(path) if path.suffix == ".jsonl" else [_COLUMN]

"""Files that together are one data set: shards such as ``train-00000-of-00002.parquet``, and the parts they are of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from flowerablate import DataError
from flowerablate.contracts import SPLITS
from flowerablate.data.tree import is_junk
from flowerablate.errors import cause_of

from ..folders.folder_names import part_of

_NUMBER = re.compile(r"[-_.]?\d+([-_.]of[-_.]\d+)?$")


@dataclass(frozen=True)
class Shard:
    """The file at *path*, all of one *part* of the split; empty without one."""

    path: Path
    part: str = ""


def shards_in(folder: Path, suffixes: Sequence[str]) -> list[Shard]:
    """Return the files with *suffixes* in *folder*: directly, in ``data/``, or in the folders of the parts, sorted.

    Raises :class:`DataError` for a folder that cannot be listed.
    """
    if not folder.is_dir():
        return []
    inner = [each for each in _listed(folder) if each.name == "data" or part_of(each.name)]
    found = _with_suffix(folder, suffixes)
    for each in inner:
        if each.is_dir():
            found += [Shard(shard.path, shard.part or part_of(each.name)) for shard in _with_suffix(each, suffixes)]
    return found


def shard_part(name: str) -> str:
    """Return the part of a split that the shard *name* (without its suffix) is of; empty for none."""
    plain = _NUMBER.sub("", name)
    return part_of(plain) or part_of(re.split(r"[-_.]", plain)[-1])


def in_part_order(shards: Sequence[Shard], where: Path) -> list[Shard]:
    """Return *shards*, those for training first; :class:`DataError` if some are of a part, and others of none."""
    parts = {shard.part for shard in shards}
    if "" in parts and len(parts) > 1:
        one = next(shard for shard in shards if not shard.part)
        raise DataError(f"{where}: {one.path.name} names no part of the split, and others do; rename or remove it")
    return sorted(shards, key=lambda shard: ("", *SPLITS).index(shard.part))


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise DataError(f"cannot list the folder {folder}: {cause_of(error)}; check its permissions") from error


def _with_suffix(folder: Path, suffixes: Sequence[str]) -> list[Shard]:
    found = []
    for path in _listed(folder):
        suffix = next((each for each in suffixes if path.name.lower().endswith(each)), "")
        if suffix and not is_junk(path.name) and path.is_file():
            found.append(Shard(path, shard_part(path.name[: -len(suffix)])))
    return found

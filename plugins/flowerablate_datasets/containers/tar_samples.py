"""Finds the tar files of a data set of samples: one, those in a folder, or those that a pattern in braces lists."""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import dataclass
from pathlib import Path

from flowerablate import IMAGE_SUFFIXES, DataError
from flowerablate.data.archives import TAR_SUFFIXES, is_tar, tar_files

from .shards import Shard, in_part_order, shard_part, shards_in

_MOST = 100_000
_LOOKED_AT = 64
_RANGE = re.compile(r"(\d+)\.\.(\d+)")
_BRACES = re.compile(r"\{([^{}]*)\}")
_CLASS_FILES = ("classnames.txt", "classes.txt")


@dataclass(frozen=True)
class TarMember:
    """What the name of a file in a tar says: the *key* of its sample, and the *field* of the sample that it holds."""

    key: str
    field: str

    @property
    def is_image(self) -> bool:
        """Whether the field is an image, such as ``jpg`` or ``left.png``."""
        return f".{self.field.rpartition('.')[2]}" in IMAGE_SUFFIXES


def member_of(name: str) -> TarMember | None:
    """Return what *name* says: the key ends before the first dot of the last part; None where there is no such dot."""
    folder, slash, last = name.removeprefix("./").rpartition("/")
    stem, dot, suffix = last.partition(".")
    return TarMember(f"{folder}{slash}{stem}", suffix.lower()) if stem and dot else None


def reads_samples(path: Path) -> bool:
    """Whether *path* is a tar file of samples, or a folder with such files."""
    try:
        found = [Shard(path)] if is_tar(path) else shards_in(path, TAR_SUFFIXES)
        return bool(found) and _holds_samples(found[0].path)
    except (DataError, OSError):  # damaged, or cannot be read or listed
        return False


def tar_shards(place: Path) -> list[Shard]:
    """Return the tar files at *place*, sorted by part; raise :class:`DataError` if one is missing, or there is none."""
    if place.is_dir():
        found = shards_in(place, TAR_SUFFIXES)
    elif "{" in place.name:
        found = [_shard(place.with_name(name)) for name in _expanded(place.name)]
    else:
        found = [Shard(place)]
    if not found:
        raise DataError(f"{place} holds no tar files; give a tar file, a folder of them, or a pattern in braces")
    for shard in found:
        if not is_tar(shard.path):
            raise DataError(f"no tar file {shard.path}; check the path (a relative path begins at the study's folder)")
    return in_part_order(found, place)


def class_file(shard: Path) -> Path | None:
    """Return the file with the names of the classes that lies beside *shard*, or above, if there is one."""
    places = [folder / name for folder in (shard.parent, shard.parent.parent) for name in _CLASS_FILES]
    return next((path for path in places if path.is_file()), None)


def _shard(path: Path) -> Shard:
    suffix = next((each for each in TAR_SUFFIXES if path.name.lower().endswith(each)), "")
    return Shard(path, shard_part(path.name.removesuffix(suffix)))


def _holds_samples(path: Path) -> bool:
    """Whether the first members are samples of images with classes, and not folders of images with notes beside them.

    A field ``cls`` tells samples. Other texts do if the images lie in no folder.
    """
    fields: dict[str, set[str]] = {}
    images: set[str] = set()
    for name, _ in tar_files(path, first=_LOOKED_AT):
        if member := member_of(name):
            fields.setdefault(member.key, set()).add(member.field)
            images |= {member.key} if member.is_image else set()
    return any("cls" in fields[key] or ("/" not in key and fields[key] & {"json", "txt"}) for key in images)


def _expanded(pattern: str) -> list[str]:
    """Return the names that *pattern* lists, such as ``a-{00..11}.tar`` or ``{train,val}.tar``."""
    pieces = _BRACES.split(pattern)
    choices = [_choices(piece, pattern) if place % 2 else [piece] for place, piece in enumerate(pieces)]
    if (number := math.prod(map(len, choices))) > _MOST:
        raise DataError(f"{pattern} lists {number:,} files, more than {_MOST:,}; give their folder")
    return ["".join(each) for each in itertools.product(*choices)]


def _choices(inside: str, pattern: str) -> list[str]:
    if match := _RANGE.fullmatch(inside):
        first, last = int(match[1]), int(match[2])
        if not first <= last < first + _MOST:
            raise DataError(f"{pattern}: {inside} is no range of up to {_MOST:,} numbers; write the smaller one first")
        return [f"{number:0{len(match[1])}}" for number in range(first, last + 1)]
    return inside.split(",")

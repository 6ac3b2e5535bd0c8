"""What a layout of folders is made of: the options that choose it, its classes, and why a tree has none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from flowerablate.data.tree import Folder

from .layout_names import PARTS, are_groups, without_companions

OFFERS = 6
"""Readings that an error offers."""


@dataclass(frozen=True)
class LayoutChoice:
    """The options: see the parameters of the data set ``folder``. Empty values are found out."""

    level: int = 0
    classes: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    within: str = ""


OPEN = LayoutChoice()
"""Everything is found out."""


@dataclass(frozen=True)
class Class:
    """A class: its *name*, the *folder* of its images, and their *part* of the split, empty without one."""

    name: str
    folder: Folder
    part: str = ""


@dataclass(frozen=True)
class FolderLayout:
    """What the folders below *top* are: *classes*, once for each part of a split; *read_as*: what was not obvious."""

    top: Folder
    classes: tuple[Class, ...]
    read_as: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the classes, sorted."""
        return tuple(sorted({each.name for each in self.classes}))

    @property
    def beside(self) -> list[Folder]:
        """The folders beside those of the classes, whatever is in them."""
        above = {each.folder.key.rpartition("/")[0] for each in self.classes}
        used = {each.folder.key for each in self.classes}
        parents = self.top.walk(lambda folder: [each for each in folder.folders if each.key not in used])
        return [each for one in parents if one.key in above for each in one.folders if each.key not in used]

    @property
    def split(self) -> str:
        """The parts of the split in words, empty without one."""
        parts = {each.part for each in self.classes}
        return f", split {'/'.join(part for part in PARTS if part in parts)}," if any(parts) else ""


class UnclearLayoutError(Exception):
    """A tree without one reading: the *problem*, the *choices* that may give one, the *cure* if none does."""

    def __init__(self, problem: str, choices: Sequence[LayoutChoice] = (), cure: str = "") -> None:
        self.problem, self.choices, self.cure = problem, choices, cure


def filled_below(folder: Folder) -> list[Folder]:
    """Return the subfolders that have images, without those with masks beside images."""
    return without_companions(folder.filled)


def unwrapped(folder: Folder) -> Folder:
    """Return *folder*, or the one that it is only a wrapper of."""
    while len(inner := filled_below(folder)) == 1 and not inner[0].images and not _are_groups(filled_below(inner[0])):
        folder = inner[0]
    return folder


def each_within(folders: Sequence[Folder], choice: LayoutChoice) -> list[LayoutChoice]:
    """Return the choices of reading one of *folders* alone."""
    return [replace(choice, within=each.key) for each in folders[:OFFERS]]


def _are_groups(folders: Sequence[Folder]) -> bool:
    return are_groups([each.name for each in folders])

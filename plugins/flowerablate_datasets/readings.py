"""The readings of a tree of folders, and the one that is chosen: by the options, or because it is the only one.

A reading says on which level the classes are, and in which folders. A level may hold the classes if it has several
names, which are neither those of patients or of parts of a download nor words such as ``masks``, and if less than half
of the images lie above it. Where several readings are left, nothing is guessed: all are named, with what chooses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from flowerablate import DataError
from flowerablate.data.tree import ANY, Folder

from . import layout_words as words
from .layouts import DEEPEST, Class, Levels, are_contents, are_groups, chosen_parts

_ALONE = 12
"""Folders that are tried alone, where each has classes of its own."""


@dataclass(frozen=True)
class Wish:
    """What the options say; all that is empty is found out.

    The *level* of the classes, the names of *classes* and of the folders that are *parts* of the split, and the path
    *within* which all is read.
    """

    level: int = 0
    classes: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    within: str = ""


@dataclass(frozen=True)
class FolderReading:
    """One way to read *root*: *classes*, once for each part of a split, on a *level* of the folders in *top*.

    *options* choose this reading where there are several; *parts* are the folders of the parts above all classes.
    """

    root: Folder
    top: Folder
    level: int
    classes: tuple[Class, ...]
    options: Mapping[str, object]
    parts: Mapping[str, Folder] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """The names of the classes, each once."""
        return list(dict.fromkeys(each.name for each in self.classes))


def reading_of(root: Folder, wish: Wish) -> FolderReading:
    """Return how *root* is read as far as *wish* says; raise :class:`DataError` if it cannot be, or in several ways."""
    root = _only_within(root, wish.within)
    levels = _levels(root, wish)
    found = [_on_level(levels, wish, wish.level)] if wish.level else list(readings(root, wish, levels))
    if not found:
        raise words.no_reading(root, levels, wish.classes)
    if len(found) == 1:
        _require_usable(root, found[0], wish)
        return found[0]
    usable = [each for each in found if not words.mismatch(root, each.parts, each.classes)]
    if len(usable) == 1:
        return usable[0]
    raise words.several_readings(root, [(each.names, each.options) for each in usable or found])


def readings(root: Folder, wish: Wish, levels: Levels) -> Iterator[FolderReading]:
    """Yield the possible readings of *root*: each level that may hold the classes, and each folder read alone."""
    on_levels = [_on_level(levels, wish, level) for level in _possible(levels, wish.classes)]
    yield from on_levels
    if wish.classes:
        return
    first = levels.at[0] if levels.at else []
    alone = [names for each in first if (names := levels.alone(each))]
    patterns = [_path_of(each, levels) for each in first if len(levels.alone(each)) > 1][:_ALONE]
    alike = len(alone) == len(first) and all(names == alone[0] for names in map(levels.inner, first))
    if patterns and alike and (are_contents(alone[0]) or len(alone[0]) <= len(first)):
        patterns += [f"{_any_of(patterns[0])}/{name}" for name in alone[0]]
    for pattern in dict.fromkeys(patterns):
        yield from _within(root, pattern, wish)


def _within(root: Folder, path: str, wish: Wish) -> Iterator[FolderReading]:
    """Yield the first reading of what *path* leaves of *root*, if there is one."""
    levels = _levels(Folder(root.path, within=tuple(path.split("/"))), Wish(parts=wish.parts))
    possible = _possible(levels, ())
    for level in possible[:1]:
        options: dict[str, object] = {"within": path} | ({"level": level} if len(possible) > 1 else {})
        yield FolderReading(root, levels.top, level, tuple(levels.classes(level)), options, levels.split)


def _path_of(each: Class, levels: Levels) -> str:
    """Return the path of a folder on the first level, in which the folders of parts above it are of any name."""
    names = each.folder.key.split("/")
    if levels.split:
        above = len(levels.top.key.split("/")) if levels.top.key else 0
        names[above:-1] = [ANY] * (len(names) - 1 - above)
    return "/".join(names)


def _any_of(path: str) -> str:
    above, slash, _ = path.rpartition("/")
    return above + slash + ANY


def _only_within(root: Folder, within: str) -> Folder:
    names = tuple(name for name in within.strip().split("/") if name not in ("", "."))
    found = Folder(root.path, within=names)
    if names and not found.has_images:
        raise words.nothing_within(root, within)
    return found


def _levels(root: Folder, wish: Wish) -> Levels:
    parts = chosen_parts(wish.parts)
    levels = Levels(root, parts, wish.classes)
    if parts.chosen and not any(one.part for classes in map(levels.classes, range(1, DEEPEST + 1)) for one in classes):
        raise words.no_such_parts(root, wish.parts)
    return levels


def _on_level(levels: Levels, wish: Wish, level: int) -> FolderReading:
    found = levels.classes(level)
    if wish.classes:
        found = [each for each in found if each.name in wish.classes]
    return FolderReading(levels.root, levels.top, level, tuple(found), {"level": level}, levels.split)


def _possible(levels: Levels, wanted: Sequence[str]) -> list[int]:
    """Return the levels that may hold the classes, those *wanted* among them."""
    found = []
    for level in range(1, len(levels.at) + 1):
        names = levels.names_at(level)
        if wanted:
            fits = set(wanted) <= set(names)
        else:
            fits = len(names) > 1 and not are_groups(names) and not are_contents(names) and levels.branches(level)
        if fits and _has_most(levels, level):
            found.append(level)
    return found


def _has_most(levels: Levels, level: int) -> bool:
    lost = levels.lost(level)
    return not lost or lost < sum(len(f.images) for each in levels.classes(level) for f in each.folder.walk())


def _require_usable(root: Folder, reading: FolderReading, wish: Wish) -> None:
    if lacking := [name for name in wish.classes if name not in reading.names]:
        raise words.no_class(root, lacking[0], _levels(root, Wish(parts=wish.parts)).names_at(reading.level))
    if len(reading.names) < 2:
        raise words.too_few(root, reading.level, reading.names)
    if fault := words.mismatch(root, reading.parts, reading.classes):
        raise DataError(fault)

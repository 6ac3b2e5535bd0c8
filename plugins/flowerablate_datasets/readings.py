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
    *within* which all is read. Raises :class:`DataError` for a class that is named twice.
    """

    level: int = 0
    classes: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    within: str = ""

    def __post_init__(self) -> None:
        if len(set(self.classes)) < len(self.classes):
            raise DataError(f"a class is named twice in {', '.join(self.classes)}; remove one")


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
    faults = [words.mismatch(root, each.parts, each.classes) for each in found]
    usable = [each for each, fault in zip(found, faults, strict=True) if not fault]
    if not usable:
        raise DataError(faults[0])
    if len(usable) == 1:
        return usable[0]
    raise words.several_readings(root, [(each.names, each.options) for each in usable])


def readings(root: Folder, wish: Wish, levels: Levels) -> Iterator[FolderReading]:
    """Yield the possible readings of *root*: each level that may hold the classes, and each folder read alone."""
    on_levels = [_on_level(levels, wish, level) for level in _possible(levels, wish.classes)]
    yield from on_levels
    if not wish.classes:
        for path in _alone(levels):
            yield from _within(root, path, wish)


def _alone(levels: Levels) -> list[str]:
    """Return the paths of what may be read alone: folders with classes of their own, and those that all have."""
    first = levels.at[0] if levels.at else []
    names = [levels.alone(each) for each in first]
    paths = [_path_of(each, levels) for each, inner in zip(first, names, strict=True) if len(inner) > 1][:_ALONE]
    alike = all(inner and inner == names[0] for inner in (*names, *map(levels.inner, first)))
    if paths and alike and (are_contents(names[0]) or len(names[0]) <= len(first)):
        paths += [f"{_any_of(paths[0])}/{name}" for name in names[0]]
    return list(dict.fromkeys(paths))


def _within(root: Folder, path: str, wish: Wish) -> Iterator[FolderReading]:
    """Yield the first reading of what *path* leaves of *root*, if there is one."""
    levels = _levels(Folder(root.path, within=tuple(path.split("/"))), Wish(parts=wish.parts))
    possible = _possible(levels, ())
    for level in possible[:1]:
        is_only = len(possible) == 1 and not _alone(levels)
        options: dict[str, object] = {"within": path} if is_only else {"within": path, "level": level}
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

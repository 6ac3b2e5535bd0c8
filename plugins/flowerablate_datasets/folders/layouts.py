"""How the folders of a data set are read: which are classes, which are parts of a split, and what is left out.

====================================  ==================================================================================
``CLASS/...``                         each folder is a class, with everything nested in it
``train/CLASS/...``, ``test/...``     parts of a split above the classes, by any of the names that people give them
``CLASS/train/...``                   parts of a split below the classes, in each of them
``trainA/...``, ``testA/...``,        parts and classes in one name
``trainB/...``, ``testB/...``
``NAME/...`` alone                    a folder around any of these is passed
====================================  ==================================================================================

A part of a split with none of the classes of the training part, such as a ``test/`` without labels, is left out.

Where the folders directly here have no images of their own, but several folders with images each, two readings are
possible: these are the classes, or those below. It is not guessed: :class:`DataError` names both, and the *level* that
chooses. Folders of patients or of parts of a download, such as ``patient3`` or ``images_part_1``, are no classes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from flowerablate import DataError
from flowerablate.contracts import SPLITS
from flowerablate.data.tree import Folder

from .folder_names import are_groups, part_name, roles_of
from .named_images import cure_for

_SHOWN = 4

Parts = dict[str, Folder]
"""The folder of each part of a split."""


@dataclass(frozen=True)
class Class:
    """A class: its *name*, the *folder* of its images, and their *part* of the split, empty without one."""

    name: str
    folder: Folder
    part: str = ""


@dataclass(frozen=True)
class FolderLayout:
    """What the folders below *top* are: *classes*, once for each part of a split; *left_out*: folders that are none."""

    top: Folder
    classes: tuple[Class, ...]
    left_out: tuple[Folder, ...] = ()


def layout_of(root: Folder, *, level: int = 0, names: Sequence[str] = (), min_classes: int = 2) -> FolderLayout:
    """Return how the folders in *root* are read.

    *level*: how many folders down the classes are, below the parts of a split if there are such; 0: found out. *names*:
    the classes that are wanted; all, if empty. Raises :class:`DataError` for what is no layout, for several, and for
    fewer classes than *min_classes*.
    """
    wanted = _Wanted(root, level, tuple(names), min_classes)
    top = _inside(root)
    splits = _splits(top)
    if len(splits) > 1:
        found = _split_classes(top, splits, wanted)
    elif splits:
        found = _in_parts(next(iter(splits.values())), wanted)
    else:
        found = (not level and _split_below(top, wanted)) or list(_classes(top, wanted))
    return FolderLayout(top, tuple(found), _left_out(root, found))


@dataclass(frozen=True)
class _Wanted:
    """What is asked of the folders below *root*; see :func:`layout_of`."""

    root: Folder
    level: int
    names: tuple[str, ...]
    min_classes: int

    def has(self, name: str) -> bool:
        """Whether the class *name* is wanted."""
        return not self.names or name in self.names


def _inside(folder: Folder) -> Folder:
    """Return *folder*, or the one that it is only a wrapper of."""
    while len(folder.filled) == 1 and not folder.filled[0].images and not _are_groups(folder.filled[0].filled):
        folder = folder.filled[0]
    return folder


def _splits(top: Folder) -> dict[str, Parts]:
    """Return the parts of each split in *top* that has one to train on and another, by what else their names say.

    Parts whose names say nothing else come before all others.
    """
    found: dict[str, Parts] = {}
    for folder in top.folders:
        part, rest = part_name(folder.name)
        if not part or not folder.has_files:
            continue
        parts = found.setdefault(rest, {})
        if part in parts:
            raise DataError(
                f"{top.path} has both {parts[part].name}/ and {folder.name}/ for the {part} split; remove one of them"
            )
        parts[part] = folder
    splits = {rest: parts for rest, parts in found.items() if "train" in parts and len(parts) > 1}
    return {"": splits[""]} if "" in splits else splits


def _in_parts(parts: Parts, wanted: _Wanted) -> list[Class]:
    """Return the classes in each of *parts* that has those of the training part; the others are not labelled."""
    train = _classes(_inside(parts["train"]), wanted)
    known = {each.name.casefold() for each in train}
    classes = {"train": train}
    for part in SPLITS[1:]:
        if part in parts:
            inside = _inside(parts[part])
            if not known.isdisjoint(each.name.casefold() for each in _candidates(inside, wanted)):
                classes[part] = _classes(inside, wanted)
    _require_equal(wanted.root, parts, classes)
    return [Class(each.name, each.folder, named) for part, named in _named(classes) for each in classes[part]]


def _named(parts: Collection[str]) -> list[tuple[str, str]]:
    """Return each of *parts*, in order, and what it is in the samples; one for training alone is no split."""
    if len(parts) == 1:
        return [(part, "") for part in parts]
    roles = roles_of(parts)
    return [(part, roles[part]) for part in SPLITS if part in parts]


def _split_below(top: Folder, wanted: _Wanted) -> list[Class]:
    """Return the classes with their parts where every folder in *top* is split; none if some are not."""
    chosen = [folder for folder in top.filled if wanted.has(folder.name)]
    split = {folder.name: next(iter(_splits(folder).values()), {}) for folder in chosen}
    if len(chosen) < 2 or not any(split.values()):
        return []
    return _split_classes(top, split, wanted)


def _split_classes(top: Folder, split: dict[str, Parts], wanted: _Wanted) -> list[Class]:
    """Return the classes that are *split*, by name, all into the same parts."""
    split = {name: parts for name, parts in split.items() if wanted.has(name)}
    one = next((name for name, parts in split.items() if parts), "")
    if lacking := [name for name, parts in split.items() if set(parts) != set(split[one])]:
        raise DataError(
            f"in {top.path}, {one} is split into {_listed([each.name for each in split[one].values()])}, and "
            f"{lacking[0]} is not; give all classes the same parts, or name the classes that are wanted "
            "(dataset.classes)"
        )
    found = [
        Class(name, parts[part], named)
        for part, named in _named(split[one] if one else ())
        for name, parts in sorted(split.items())
    ]
    _require_names(top, split, wanted)
    return found


def _classes(folder: Folder, wanted: _Wanted) -> tuple[Class, ...]:
    """Return the classes in *folder*, as many as are needed."""
    found = _candidates(folder, wanted)
    if not wanted.level:
        _require_one_reading(folder, found)
        if len(found) > 1 and not wanted.names and _are_groups(found):
            raise DataError(
                f"the folders in {folder.path} are named like {found[0].name!r}, so they are patients or parts, no "
                "classes; give a table of the images and their labels, or dataset.level = 1 if they are classes"
            )
    classes = tuple(Class(each.name, each) for each in found)
    names = {each.name for each in found}
    _require_names(folder, names, wanted)
    if len(names) < wanted.min_classes:
        _refuse(folder, wanted.root, classes)
    return classes


def _candidates(folder: Folder, wanted: _Wanted) -> list[Folder]:
    """Return the folders in *folder* that are its classes if they may be."""
    return [each for each in _at(folder, max(1, wanted.level)) if wanted.has(each.name)]


def _require_names(folder: Folder, found: Collection[str], wanted: _Wanted) -> None:
    """Raise :class:`DataError` if a class that is wanted by name is not among those *found* in *folder*."""
    if missing := [name for name in wanted.names if name not in found]:
        there = [each.name for each in folder.filled]
        raise DataError(f"{folder.path} has no class {missing[0]!r}; choose from: {_listed(there)}")


def _at(folder: Folder, level: int) -> Iterator[Folder]:
    """Yield the folders with images so many levels below what *folder* is in."""
    if level == 1:
        yield from folder.filled
        return
    for inner in folder.filled:
        yield from _at(inner, level - 1)


def _require_one_reading(folder: Folder, found: Sequence[Folder]) -> None:
    """Raise :class:`DataError` if folders within those *found* may be the classes as well."""
    deep = {each.name: _inside(each).filled for each in found if not each.images}
    deep = {name: inner for name, inner in deep.items() if len(inner) > 1 and not _are_groups(inner)}
    if len(found) < 2 or not deep:
        return
    inner = list(dict.fromkeys(each.name for folders in deep.values() for each in folders))
    every = len(deep) == len(found) and all({each.name for each in folders} == set(inner) for folders in deep.values())
    one = "images" if "images" in inner else found[0].name
    alone = f"take only what is in folders of one name (dataset.within = {one!r}), " if every else ""
    raise DataError(
        f"{folder.path} can be read in two ways: {len(found)} classes ({_listed([each.name for each in found])}) with "
        f"dataset.level = 1, or {len(inner)} classes ({_listed(inner)}) with dataset.level = 2; choose one, {alone}"
        "name the classes that are wanted (dataset.classes), or give a folder within it"
    )


def _are_groups(folders: Sequence[Folder]) -> bool:
    return are_groups(folder.name for folder in folders)


def _require_equal(root: Folder, parts: Parts, classes: dict[str, tuple[Class, ...]]) -> None:
    train = {each.name for each in classes["train"]}
    for part, found in classes.items():
        names = {each.name for each in found}
        if names != train:
            lacking, extra = train - names, names - train
            verb, name = ("lacks", min(lacking)) if lacking else ("has", min(extra))
            where = f"{parts['train'].name}/ {'has' if lacking else 'lacks'}"
            alike = next((each for each in extra if lacking and each.casefold() == name.casefold()), "")
            cure = (
                f"; it has {alike!r}: give both the same name"
                if alike
                else "; add images, or name the classes that are wanted (dataset.classes)"
            )
            raise DataError(
                f"the classes of {root.path} differ: {parts[part].name}/ {verb} {name!r}, which {where}{cure}"
            )


def _refuse(folder: Folder, root: Folder, classes: Sequence[Class]) -> None:
    """Raise the :class:`DataError` for a *folder* with fewer than two *classes*."""
    cure = "put the images of each class into a separate subfolder"
    if classes:
        raise DataError(f"{folder.path} has only one class, {classes[0].name!r}; a classifier needs two or more")
    if folder.images:
        if named := cure_for(folder.images):
            cure += f", or, {named}"
        raise DataError(f"{folder.path} has images but no class folders; {cure}")
    raise DataError(f"no images in {folder.path}; {cure}")


def _left_out(root: Folder, classes: Sequence[Class]) -> tuple[Folder, ...]:
    """Return the folders beside the *classes*, and beside those that they lie in."""
    used = {each.folder.key for each in classes}
    above = {key[:at] for key in used for at in range(len(key)) if key[at] == "/"}
    found: list[Folder] = []
    waiting = [root]
    while waiting:
        for folder in waiting.pop().folders:
            if folder.key in above:
                waiting.append(folder)
            elif folder.key not in used and folder.has_files:
                found.append(folder)
    return tuple(sorted(found, key=lambda each: each.key))


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return f"{shown} ..." if len(names) > _SHOWN else shown

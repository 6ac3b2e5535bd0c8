"""How the folders of a data set are read: which are classes, which are parts of a split, and what is left out.

====================================  ==================================================================================
``CLASS/...``                         each folder is a class, with everything nested in it
``train/CLASS/...``, ``test/...``     parts of a split above the classes, by any of the names that people give them
``CLASS/train/...``                   parts of a split below the classes, in each of them
``NAME/...`` alone                    a folder around any of these is passed
====================================  ==================================================================================

Where the folders directly here have no images of their own, but several folders with images each, two readings are
possible: these are the classes, or those below. It is not guessed: :class:`DataError` names both, and the *level* that
chooses. Folders of patients or of parts of a download, such as ``patient3`` or ``images_part_1``, are no classes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flowerablate import DataError
from flowerablate.data.tree import Folder

PARTS = ("train", "val", "test")
"""The parts of a split, in the order in which samples are listed."""

_PART_OF_WORD = {
    **dict.fromkeys(("train", "training", "trn"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "val"),
    **dict.fromkeys(("test", "testing", "tst"), "test"),
}
_FILLERS = frozenset({"set", "data", "dataset", "image", "images", "img", "imgs", "split", "seg", "folder", "samples"})
_NUMBERED = re.compile(r"(?:.*[\W_])?(?P<word>[A-Za-z]+)[\W_]*\d+[A-Za-z]{0,2}")
_GROUPS = frozenset({"patient", "pat", "pid", "person", "subject", "subj", "sub", "case", "study", "series", "scan"})
_GROUPS |= {"slide", "exam", "session", "visit", "animal", "p", "s", "id"}
_GROUPS |= {"part", "batch", "fold", "chunk", "shard", "image", "images", "img"}
_SHOWN = 4


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


def part_of(name: str) -> str:
    """Return the part of a split that the folder *name* stands for, such as ``seg_train``; empty for none."""
    words = [re.sub(r"(?<=.)(set|data)$", "", word) for word in re.findall(r"[a-z]+|\d+", name.lower())]
    rest = [word for word in words if word not in _FILLERS]
    return _PART_OF_WORD.get(rest[0], "") if len(rest) == 1 else ""


def layout_of(root: Folder, *, level: int = 0, names: Sequence[str] = ()) -> FolderLayout:
    """Return how the folders in *root* are read.

    *level*: how many folders down the classes are, below the parts of a split if there are such; 0: found out. *names*:
    the classes that are wanted; all, if empty. Raises :class:`DataError` for what is no layout, and for several.
    """
    top = _inside(root)
    parts = _parts(top)
    if parts:
        inner = {part: _inside(parts[part]) for part in PARTS if part in parts}
        classes = {part: _classes(folder, level, names, root) for part, folder in inner.items()}
        _require_equal(root, parts, classes)
        found = [Class(each.name, each.folder, part) for part in PARTS for each in classes.get(part, ())]
        return FolderLayout(top, tuple(found), _left_out(root, found))
    found = (not level and _split_below(top, names)) or list(_classes(top, level, names, root))
    return FolderLayout(top, tuple(found), _left_out(root, found))


def _inside(folder: Folder) -> Folder:
    """Return *folder*, or the one that it is only a wrapper of."""
    while len(folder.filled) == 1 and not folder.filled[0].images and not _are_groups(folder.filled[0].filled):
        folder = folder.filled[0]
    return folder


def _parts(top: Folder) -> dict[str, Folder]:
    """Return the folder of each part of a split in *top*, if there is one to train on and one to test on.

    A part for validation without one for tests is the one for tests.
    """
    found: dict[str, Folder] = {}
    for folder in top.folders:
        part = part_of(folder.name) if folder.has_files else ""
        if part and part in found:
            raise DataError(
                f"{top.path} has both {found[part].name}/ and {folder.name}/ for the {part} split; remove one of them"
            )
        if part:
            found[part] = folder
    if "train" not in found or len(found) == 1:
        return {}
    if "test" not in found:
        found["test"] = found.pop("val")
    return found


def _split_below(top: Folder, names: Sequence[str]) -> list[Class]:
    """Return the classes with their parts where every folder in *top* is split; none if some are not."""
    chosen = [folder for folder in top.filled if not names or folder.name in names]
    split = {folder.name: _parts(folder) for folder in chosen}
    if len(chosen) < 2 or not any(split.values()):
        return []
    if lacking := [name for name, parts in split.items() if set(parts) != set(next(filter(None, split.values())))]:
        one = next(name for name, parts in split.items() if parts)
        raise DataError(
            f"{top.path / one} is split into {_listed([each.name for each in split[one].values()])}, and "
            f"{top.path / lacking[0]} is not; give all classes the same parts, or name the classes that are wanted "
            "(dataset.classes)"
        )
    return [Class(name, split[name][part], part) for part in PARTS for name in split if part in split[name]]


def _classes(folder: Folder, level: int, names: Sequence[str], root: Folder) -> tuple[Class, ...]:
    """Return the classes in *folder*, at least two."""
    if level > 1:
        found = [each for inner in folder.filled for each in _at(inner, level - 1)]
    else:
        found = [each for each in folder.filled if level or not names or each.name in names]
        if not level:
            _require_one_reading(folder, found)
    found = [each for each in found if not names or each.name in names]
    if missing := [name for name in names if name not in {each.name for each in found}]:
        raise DataError(
            f"{folder.path} has no class {missing[0]!r}; choose from: {_listed([e.name for e in folder.filled])}"
        )
    if len(found) > 1 and not level and not names and _are_groups(found):
        raise DataError(
            f"the folders in {folder.path} are named like {found[0].name!r}, so they are patients or parts, no "
            "classes; give a table of the images and their labels, or dataset.level = 1 if they are classes"
        )
    classes = tuple(Class(each.name, each) for each in found)
    if len({each.name for each in classes}) < 2:
        _refuse(folder, root, classes)
    return classes


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
    raise DataError(
        f"{folder.path} can be read in two ways: {len(found)} classes ({_listed([each.name for each in found])}) with "
        f"dataset.level = 1, or {len(inner)} classes ({_listed(inner)}) with dataset.level = 2; choose one, "
        "name the classes that are wanted (dataset.classes), or give a folder within it"
    )


def _are_groups(folders: Sequence[Folder]) -> bool:
    """Whether the names of *folders* are those of patients, or parts of a download: such a word, and a number."""
    matches = [_NUMBERED.fullmatch(folder.name) for folder in folders]
    return all(match is not None and match["word"].lower() in _GROUPS for match in matches)


def _require_equal(root: Folder, parts: dict[str, Folder], classes: dict[str, tuple[Class, ...]]) -> None:
    train = {each.name for each in classes["train"]}
    for part, found in classes.items():
        names = {each.name for each in found}
        if names != train:
            lacking, extra = train - names, names - train
            verb, name = ("lacks", min(lacking)) if lacking else ("has", min(extra))
            where = f"{parts['train'].name}/ {'has' if lacking else 'lacks'}"
            raise DataError(f"the classes of {root.path} differ: {parts[part].name}/ {verb} {name!r}, which {where}")


def _refuse(folder: Folder, root: Folder, classes: Sequence[Class]) -> None:
    """Raise the :class:`DataError` for a *folder* with fewer than two *classes*."""
    cure = "put the images of each class into a separate subfolder"
    if classes:
        raise DataError(f"{folder.path} has only one class, {classes[0].name!r}; a classifier needs two or more")
    if folder.images:
        if folder is not root and part_of(folder.name) in ("val", "test"):
            cure += f", or give only the part for training if {folder.name}/ is not labelled"
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

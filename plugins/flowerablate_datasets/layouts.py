"""What the names of folders mean, and the levels of a tree: which folders are classes, which are parts of a split.

=====================================  =================================================================================
``CLASS/...``                          each folder is a class, with everything nested in it
``train/CLASS/...``, ``test/...``      parts of a split above the classes, by any of the names that people give them
``CLASS/train/...``                    parts of a split below the classes, in each of them
``trainCLASS/...``, ``testCLASS/...``  parts of a split in the names of the classes
``NAME/...`` alone                     a folder around any of these is passed
=====================================  =================================================================================

Folders that are parts of a split count as no level. What else the path of an image has are its levels, and one of them
is that of the classes: :mod:`.readings` says which.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from flowerablate import DataError
from flowerablate.data.tree import Folder

PARTS = ("train", "val", "test")
"""The parts of a split, in the order in which samples are listed."""

NO_PARTS = "none"
"""As the only name of a part: no folder is a part of a split."""

DEEPEST = 9
"""Levels that are looked at."""

_PART_OF_WORD = {
    **dict.fromkeys(("train", "training", "trn"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "val"),
    **dict.fromkeys(("test", "testing", "tst"), "test"),
}
_FILLERS = frozenset({"set", "data", "dataset", "image", "images", "img", "imgs", "split", "seg", "folder", "samples"})
_FILLERS |= {"final", "official", "photos", "photo", "pictures"}
_ORDER = re.compile(r"\d{1,2}[\W_]+")
_IN_NAME = re.compile(rf"(?P<part>{'|'.join(sorted(_PART_OF_WORD, key=len, reverse=True))})[\W_]*(?P<rest>.+)", re.I)
_NUMBERED = re.compile(r"(?:.*[\W_])?(?P<word>[A-Za-z]+)[\W_]*\d+[A-Za-z]{0,2}")
_GROUPS = frozenset({"patient", "pat", "pid", "person", "subject", "subj", "sub", "case", "study", "series", "scan"})
_GROUPS |= {"slide", "exam", "session", "visit", "animal", "p", "s", "id"}
_GROUPS |= {"part", "batch", "fold", "chunk", "shard", "image", "images", "img"}
_CONTENTS = frozenset({"image", "img", "mask", "annotation", "label", "segmentation", "groundtruth", "gt", "bbox"})


@dataclass(frozen=True)
class Class:
    """A class: its *name*, the *folder* of its images, and their *part* of the split, empty without one."""

    name: str
    folder: Folder
    part: str = ""


@dataclass(frozen=True)
class PartNames:
    """Which folders are parts of a split: those with the usual names, or those *chosen*, each with its part.

    :func:`chosen_parts` makes one of what a user wrote.
    """

    chosen: Mapping[str, str] | None = None

    def split_of(self, folder: Folder) -> dict[str, Folder]:
        """Return the folder of each part in *folder*, if there is one to train on and one to test on; else nothing.

        A part for validation without one for tests is the one for tests. Raises :class:`DataError` for two of a part.
        """
        of_part: dict[str, list[Folder]] = {}
        for each in folder.folders:
            if part := self._part(each):
                of_part.setdefault(part, []).append(each)
        if "train" not in of_part or len(of_part) == 1 or (self.chosen and len(of_part) < len(self.chosen)):
            return {}
        names = ", ".join(f'"{folders[0].name}"' for folders in of_part.values())
        for part, folders in of_part.items():
            if len(folders) > 1:
                raise DataError(
                    f"{folder.path} has both {folders[0].name}/ and {folders[1].name}/ for the {part} split; remove "
                    f"one of them, or name the parts, such as dataset.parts = [{names}]"
                )
        found = {part: folders[0] for part, folders in of_part.items()}
        if "test" not in found:
            found["test"] = found.pop("val")
        return {part: found[part] for part in PARTS if part in found}

    def split_in_names(self, folder: Folder) -> list[Class]:
        """Return the folders in *folder* if each is named by a part and a class, and each class is in each part."""
        if self.chosen is not None:
            return []
        matches = [(_IN_NAME.fullmatch(each.name), each) for each in folder.filled]
        found = [Class(m["rest"], each, _PART_OF_WORD[m["part"].lower()]) for m, each in matches if m is not None]
        parts, names = {each.part for each in found}, {each.name for each in found}
        is_grid = len(found) == len({(each.name, each.part) for each in found}) == len(parts) * len(names)
        if len(found) < len(matches) or not is_grid or "train" not in parts or min(len(parts), len(names)) < 2:
            return []
        tests = "test" if "test" in parts else "val"
        return [Class(each.name, each.folder, "test" if each.part == tests else each.part) for each in found]

    def _part(self, folder: Folder) -> str:
        if self.chosen is not None:
            return self.chosen.get(folder.name, "")
        part = part_of(folder.name)
        return part if part and folder.has_files else ""


def chosen_parts(written: Sequence[str]) -> PartNames:
    """Return the parts that *written* names: folders such as ``val``, ``test=unseen``, or ``none`` alone; empty: usual.

    Raises :class:`DataError` for a name that says no part, for a part named twice, and if none is for training.
    """
    if not written:
        return PartNames()
    if tuple(written) == (NO_PARTS,):
        return PartNames({})
    chosen: dict[str, str] = {}
    for each in written:
        part, equals, name = each.partition("=")
        if not equals or part not in PARTS:
            part, name = part_of(each), each
        if not part:
            raise DataError(
                f"dataset.parts names {each!r}, which does not say which part it is; write, for instance, test={each}"
            )
        if part in chosen.values():
            raise DataError(f"dataset.parts names two folders for the {part} split, {each!r} the second; remove one")
        chosen[name] = part
    if "train" not in chosen.values() or len(chosen) < 2:
        raise DataError(
            f"dataset.parts names only {', '.join(written)}; name a folder to train on and one to test on, or one "
            "that is read alone as dataset.within"
        )
    return PartNames(chosen)


@dataclass
class Levels:
    """The levels of the folders in *root*, or in *top* if all lies there: ``at[0]`` are the first, ``at[1]`` in these.

    *names*, if given, are those on the first level that count, if they are there. *split*: the parts above all levels.
    """

    root: Folder
    parts: PartNames
    names: tuple[str, ...] = ()
    top: Folder = field(init=False)
    split: dict[str, Folder] = field(init=False)
    at: list[list[Class]] = field(init=False)

    def __post_init__(self) -> None:
        self.top = _passed(self.root, self.parts)
        self.split = self.parts.split_of(self.top)
        first = self._below(Class("", self.top))
        if set(self.names) <= {each.name for each in first}:
            first = [each for each in first if not self.names or each.name in self.names]
        self.at = [first] if first else []
        while 0 < len(self.at) < DEEPEST and (deeper := [inner for each in self.at[-1] for inner in self._below(each)]):
            self.at.append(deeper)

    def classes(self, level: int) -> list[Class]:
        """Return the folders on *level* (1, 2, ...), one for each part where they are split, as classes."""
        return [one for each in self._level(level) for one in self._divided(each)]

    def names_at(self, level: int) -> list[str]:
        """Return the names on *level*, each once, sorted."""
        return sorted({each.name for each in self._level(level)})

    def lost(self, level: int) -> int:
        """Return how many images lie above *level*, in the folders of other levels."""
        above = [one for upper in self.at[: level - 1] for each in upper for one in self._divided(each)]
        return sum(len(each.folder.images) for each in above)

    def branches(self, level: int) -> bool:
        """Whether some folder has several on *level*, which is else the level above by other names."""
        return level == 1 or any(len(self.inner(each)) > 1 for each in self._level(level - 1))

    def inner(self, each: Class) -> list[str]:
        """Return the names of what *each* has on the level below it; none if these are patients or the like."""
        names = sorted({one.name for one in self._below(each)})
        return [] if are_groups(names) else names

    def alone(self, each: Class) -> list[str]:
        """Return the names of the classes that *each* may have if it is read alone; none if it has images itself."""
        top = each.folder if each.part else _passed(each.folder, self.parts)
        return [] if each.folder.images else self.inner(Class(each.name, top, each.part))

    def _level(self, level: int) -> list[Class]:
        return self.at[level - 1] if level <= len(self.at) else []

    def _below(self, each: Class) -> list[Class]:
        if not each.part:
            if split := self.parts.split_of(each.folder):
                passed = {part: _passed(folder, self.parts) for part, folder in split.items()}
                return [Class(one.name, one, part) for part, folder in passed.items() for one in folder.filled]
            if named := self.parts.split_in_names(each.folder):
                return named
        return [Class(one.name, one, each.part) for one in each.folder.filled]

    def _divided(self, each: Class) -> Iterator[Class]:
        split = {} if each.part else self.parts.split_of(each.folder)
        if not split:
            yield each
        for part, folder in split.items():
            yield Class(each.name, folder, part)


def part_of(name: str) -> str:
    """Return the part of a split that the folder *name* stands for, such as ``seg_train``; empty for none."""
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()
    ordered = _ORDER.match(plain)
    words = re.findall(r"[a-z]+|\d+", plain[ordered.end() :] if ordered else plain)
    words = [re.sub(r"(?<=.)(set|data)$", "", word) for word in words]
    rest = [word for word in words if word not in _FILLERS]
    return _PART_OF_WORD.get(rest[0], "") if len(rest) == 1 else ""


def are_groups(names: Iterable[str]) -> bool:
    """Whether *names* are those of patients, or parts of a download: such a word, and a number; False for none."""
    matches = [_NUMBERED.fullmatch(name) for name in names]
    return bool(matches) and all(match is not None and match["word"].lower() in _GROUPS for match in matches)


def are_contents(names: Iterable[str]) -> bool:
    """Whether *names* tell what is in folders, such as ``images`` and ``masks``, and no classes; False for none."""
    words = [re.sub(r"[\W_]", "", name.lower()) for name in names]
    return bool(words) and all({word, word.removesuffix("s"), word.removesuffix("es")} & _CONTENTS for word in words)


def _passed(folder: Folder, parts: PartNames) -> Folder:
    """Return *folder*, or the one that it is only a wrapper of."""
    while len(folder.filled) == 1:
        inner = folder.filled[0]
        if inner.images or parts.split_of(folder) or are_groups([each.name for each in inner.filled]):
            break
        folder = inner
    return folder

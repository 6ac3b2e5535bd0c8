"""How the folders of a data set are read: which are classes, which are parts of a split, and what is left out.

====================================  ==================================================================================
``CLASS/...``                         each folder is a class, with everything nested in it
``train/CLASS/...``, ``test/...``     parts of a split above the classes, by any of the names that people give them
``CLASS/train/...``                   parts of a split below the classes, in each of them
``NAME/...`` alone                    a folder around any of these is passed
====================================  ==================================================================================

A :class:`Choice` holds the options of the user. :func:`layout_of` reads a tree by them; where that gives no reading or
several, it tries the choices that come into question and names all that give exactly one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

from flowerablate import DataError
from flowerablate.data.tree import Folder

from .layout_names import PARTS, are_groups, companions, has_test_word, is_part_and_more, part_of, without_companions
from .layout_words import listed, options_of

_NO_PARTS = ("none",)
_NAMED_CLASSES = 8
"""Classes that an error names one by one, to be chosen."""

_OFFERS = 6
"""Readings that an error offers."""

_DEPTH = 2
"""Choices that may be needed one upon the other."""


@dataclass(frozen=True)
class Choice:
    """The options: see the parameters of the data set ``folder``. Empty values are found out."""

    level: int = 0
    classes: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    within: str = ""


OPEN = Choice()
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


class _UnclearError(Exception):
    """A tree without one reading: the *problem*, the *choices* that may give one, the *cure* if none does."""

    def __init__(self, problem: str, choices: Sequence[Choice] = (), cure: str = "") -> None:
        self.problem, self.choices, self.cure = problem, choices, cure


def layout_of(root: Folder, choice: Choice = OPEN) -> FolderLayout:
    """Return how the folders in *root* are read under *choice*.

    Raises :class:`DataError` for what is no layout, and for several: it then names each with the options that give it.
    """
    try:
        return _read(root, choice)
    except _UnclearError as unclear:
        cures = [unclear.cure] if unclear.cure else []
        if readings := _resolved(root, unclear.choices, choice, _DEPTH):
            offers = [
                f"{len(reading.names)} classes ({listed(reading.names)}){reading.split} with {options_of(made, choice)}"
                for made, reading in readings.items()
            ]
            cures.append(f"choose {', or '.join(offers[:_OFFERS])}{' ...' if len(offers) > _OFFERS else ''}")
        raise DataError("; ".join((unclear.problem, *filter(None, [", or ".join(cures)])))) from None


def readings_of(root: Folder, choice: Choice = OPEN) -> dict[Choice, FolderLayout]:
    """Return each reading that *choice* leaves open, by the choice that gives it; the only one by *choice* itself."""
    try:
        return {choice: _read(root, choice)}
    except _UnclearError as unclear:
        return _resolved(root, unclear.choices, choice, _DEPTH)


def images_below(one: Class) -> Iterator[Folder]:
    """Yield the folders that hold the images of a class: not those with masks beside its images."""
    return one.folder.walk(lambda folder: without_companions(folder.folders))


def left_out_of(root: Folder, layout: FolderLayout) -> tuple[Folder, ...]:
    """Return the folders with files beside the classes, and beside those that the classes lie in."""
    used = {each.folder.key for each in layout.classes}
    above = {key[:at] for key in used for at in range(len(key)) if key[at] == "/"} | {""}
    beside = [each for one in layout.classes for folder in images_below(one) for each in companions(folder.folders)]
    for here in root.walk(lambda folder: [each for each in folder.folders if each.key in above]):
        beside += [each for each in here.folders if each.key not in used and each.key not in above]
    return tuple(sorted((each for each in beside if each.has_files), key=lambda each: each.key))


def _resolved(root: Folder, choices: Sequence[Choice], given: Choice, depth: int) -> dict[Choice, FolderLayout]:
    """Return the readings to which *choices* lead, each once, whatever else must be chosen for it."""
    found: dict[Choice, FolderLayout] = {}
    nested: list[tuple[Choice, FolderLayout]] = []
    for choice in choices:
        if choice == given:
            continue
        try:
            found[choice] = _read(root, choice)
        except DataError:  # not for this tree
            continue
        except _UnclearError as unclear:
            nested += [] if depth < 2 else _resolved(root, unclear.choices, choice, depth - 1).items()
    found = {**found, **{choice: layout for choice, layout in nested if choice not in found}}
    different: dict[frozenset[tuple[str, str, str]], Choice] = {}
    for choice, layout in found.items():
        different.setdefault(frozenset((e.name, e.folder.key, e.part) for e in layout.classes), choice)
    return {choice: found[choice] for choice in different.values()}


def _read(root: Folder, choice: Choice) -> FolderLayout:
    """Return the only reading under *choice*; raises :class:`_UnclearError` if there is none, or several."""
    top = _passed(_inside(root, choice.within))
    if choice.parts == _NO_PARTS:
        return _without_split(top, choice)
    if above := _parts_of(top, choice):
        return _split_above(top, above, choice)
    if choice.level < 2 and (below := _split_below(top, choice)):
        return below
    if choice.parts:
        raise DataError(
            f"{top.path} has no folders for dataset.parts = {listed(choice.parts)}; it has: "
            f"{listed([each.name for each in top.folders])}"
        )
    return _without_split(top, choice)


def _inside(root: Folder, within: str) -> Folder:
    here = root
    for name in within.strip("/").split("/") if within else ():
        inner = {each.name: each for each in here.folders}
        if name not in inner:
            raise DataError(f"{here.path} has no folder {name!r} (dataset.within); it has: {listed(list(inner))}")
        here = inner[name]
    return here


def _filled(folder: Folder) -> list[Folder]:
    return without_companions(folder.filled)


def _passed(folder: Folder) -> Folder:
    """Return *folder*, or the one that it is only a wrapper of."""
    while len(inner := _filled(folder)) == 1 and not inner[0].images and not _are_groups(_filled(inner[0])):
        folder = inner[0]
    return folder


def _are_groups(folders: Sequence[Folder]) -> bool:
    return are_groups([each.name for each in folders])


# ----------------------------------------------------------------------------------------------- parts of a split


def _parts_of(top: Folder, choice: Choice) -> dict[str, list[Folder]]:
    """Return the folders in *top* that may be each part of a split, if there is one to train on and another.

    With ``choice.parts``, exactly those that it names, by their names or as ``train=FOLDER``; nothing if some are
    not here.
    """
    if choice.parts:
        return _named_parts(top, choice.parts)
    found: dict[str, list[Folder]] = {}
    for folder in top.folders:
        if (part := part_of(folder.name)) and folder.has_files:
            found.setdefault(part, []).append(folder)
    return found if "train" in found and len(found) > 1 else {}


def _named_parts(top: Folder, wanted: Sequence[str]) -> dict[str, list[Folder]]:
    here = {folder.name: folder for folder in top.folders}
    found: dict[str, list[Folder]] = {}
    for text in wanted:
        part, _, name = text.partition("=") if "=" in text and text not in here else (part_of(text), "", text)
        if part not in PARTS:
            raise DataError(f"dataset.parts has {text!r}; say which part that is, such as 'train={name or text}'")
        if part in found:
            raise DataError(f"dataset.parts names two folders for the {part} split; remove one")
        if name not in here:
            return {}
        found[part] = [here[name]]
    if "train" not in found and len(found) > 1:
        raise DataError("dataset.parts names no folder to train on; add one, such as 'train=FOLDER'")
    return found


def _as_split(parts: dict[str, Folder]) -> tuple[dict[str, Folder], tuple[str, ...]]:
    """Return *parts* as they are used, and what is to be said of it.

    A part for validation without one for tests is the one for tests; one part alone is no split.
    """
    parts = {part: parts[part] for part in PARTS if part in parts}
    if len(parts) == 1:
        return {"": next(iter(parts.values()))}, ()
    if "test" in parts:
        return parts, ()
    return {"train": parts["train"], "test": parts["val"]}, (f"{parts['val'].name}/ is the test part",)


def _split_above(top: Folder, above: dict[str, list[Folder]], choice: Choice) -> FolderLayout:
    """Read *top*, which has the parts of a split, with the classes in each."""
    _require_one_each(top, above, choice)
    named = {part: folders[0] for part, folders in above.items()}
    parts, read_as = _as_split(named)
    fewer = _fewer_parts(named, choice)
    inner = {part: _passed(folder) for part, folder in parts.items()}
    main = next(iter(inner))
    for part, folder in inner.items():
        if not (_levels(folder, choice) if part == main else _filled(folder)):
            beside = [each for each in _filled(top) if each not in parts.values()]
            ways = [*fewer, *([replace(choice, parts=_NO_PARTS)] if beside else [])]
            _refuse_part(folder, choice, ways, is_for_training=part == main)
    levels = {main: _levels(inner[main], choice)}
    levels |= {part: _all_levels(folder, choice, levels[main]) for part, folder in inner.items() if part != main}
    common = [level for level in levels[main] if all(level in each for each in levels.values())]
    if not common:
        raise _UnclearError(f"the classes in {top.path} are not at the same level in {_slashed(parts)}", fewer)
    if len(common) > 1:
        raise _UnclearError(f"{top.path} can be read in several ways", [replace(choice, level=each) for each in common])
    classes = {part: levels[part][common[0]] for part in parts}
    _require_equal(top, parts, classes, choice, fewer)
    listing = tuple(Class(each.name, each, part) for part in ("", *PARTS) for each in classes.get(part, ()))
    return FolderLayout(top, listing, read_as)


def _refuse_part(folder: Folder, choice: Choice, fewer: list[Choice], *, is_for_training: bool) -> NoReturn:
    """Raise the error for a part of a split without classes; *fewer*: the choices that do without it."""
    try:
        _refuse(folder, choice)
    except _UnclearError as unclear:
        choices = [*unclear.choices, *fewer] if is_for_training else fewer
        raise _UnclearError(unclear.problem, choices, unclear.cure) from None


def _slashed(parts: dict[str, Folder]) -> str:
    return " and ".join(f"{each.name}/" for each in parts.values())


def _require_one_each(top: Folder, parts: dict[str, list[Folder]], choice: Choice | None = None) -> None:
    """Raise the error for several folders for one of the *parts*, with each of them as a choice if there is one."""
    for part, folders in parts.items():
        if len(folders) > 1:
            rest = [each[0].name for name, each in parts.items() if name != part and len(each) == 1]
            ways = [replace(choice, parts=_in_order([*rest, each.name])) for each in folders] if choice else []
            raise _UnclearError(
                f"{top.path} has both {folders[0].name}/ and {folders[1].name}/ for the {part} split",
                ways,
                "remove one of them",
            )


def _in_order(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(names, key=lambda name: (PARTS.index(part_of(name)), name)))


def _fewer_parts(named: dict[str, Folder], choice: Choice) -> list[Choice]:
    """Return the choices of fewer parts, the most first."""
    names = {
        part: folder.name if part_of(folder.name) == part else f"{part}={folder.name}" for part, folder in named.items()
    }
    kept = [("train", "test"), ("train", "val"), ("train",)]
    return [replace(choice, parts=tuple(names[part] for part in parts)) for parts in kept if set(parts) < set(names)]


def _require_equal(
    top: Folder,
    parts: dict[str, Folder],
    classes: dict[str, tuple[Folder, ...]],
    choice: Choice,
    fewer: list[Choice],
) -> None:
    names = {part: {each.name for each in found} for part, found in classes.items()}
    train = next(iter(names.values()))
    shared = tuple(sorted(set.intersection(*names.values())))
    for part, found in names.items():
        if found == train:
            continue
        lacking, extra = train - found, found - train
        verb, name = ("lacks", min(lacking)) if lacking else ("has", min(extra))
        said = f"{parts[part].name}/ {verb} {name!r}, which {parts['train'].name}/ {'has' if lacking else 'lacks'}"
        if respelt := [each for each in extra if lacking and each.casefold() == name.casefold()]:
            said += f"; it has {respelt[0]!r}"
        some = [replace(choice, classes=shared)] if 1 < len(shared) <= _NAMED_CLASSES else []
        raise _UnclearError(f"the classes of {top.path} differ: {said}", [*some, *fewer], "give both the same classes")


def _split_below(top: Folder, choice: Choice) -> FolderLayout | None:
    """Read *top* if its folders are classes with the parts of a split in each; None if they are not."""
    folders = [each for each in _filled(top) if not choice.classes or each.name in choice.classes]
    found = [_parts_of(each, choice) for each in folders]
    if len(folders) < 2 or not any(found):
        return None
    split: dict[str, dict[str, Folder]] = {}
    for folder, several in zip(folders, found, strict=True):
        _require_one_each(folder, several)
        split[folder.name] = {part: each[0] for part, each in several.items()}
    whole = [name for name, parts in split.items() if parts]
    wanted = set(split[whole[0]])
    if lacking := [name for name, parts in split.items() if set(parts) != wanted]:
        one = split[whole[0]].values()
        alike = tuple(name for name in whole if name not in lacking)
        some = [replace(choice, classes=alike)] if 1 < len(alike) <= _NAMED_CLASSES else []
        raise _UnclearError(
            f"{top.path / whole[0]} is split into {listed([each.name for each in one])}, and "
            f"{top.path / lacking[0]} is not",
            [*some, replace(choice, parts=_NO_PARTS, level=1)],
            "give all classes the same parts",
        )
    inner = {name: _levels(_passed(parts["train"]), OPEN) for name, parts in split.items() if "train" in parts}
    if not choice.level and any(inner.values()):
        raise _UnclearError(
            f"each folder in {top.path} has a split with classes of its own, or is a class",
            [*_each_within(folders, choice), replace(choice, level=1)],
        )
    _require_named(top, choice, [{each.name for each in _filled(top)}])
    used: dict[str, dict[str, Folder]] = {}
    read_as: tuple[str, ...] = ()
    for name, parts in split.items():
        used[name], said = _as_split(parts)
        read_as = read_as or said
    classes = [Class(name, used[name][part], part) for part in ("", *PARTS) for name in used if part in used[name]]
    return FolderLayout(top, tuple(classes), read_as)


def _each_within(folders: Sequence[Folder], choice: Choice) -> list[Choice]:
    return [replace(choice, within=each.key) for each in folders[:_OFFERS]]


# ------------------------------------------------------------------------------------------------ levels of classes


def _levels(folder: Folder, choice: Choice) -> dict[int, tuple[Folder, ...]]:
    """Return the folders at each level below *folder* that may be the classes: two names or more, no patients.

    With ``choice.level``, only that, whatever the folders are called. Folders with images of their own end the way
    down, as do the folders of the wanted classes.
    """
    found: dict[int, tuple[Folder, ...]] = {}
    here, level = _filled(folder), 1
    while here:
        names = {each.name for each in here}
        if choice.classes and names.issuperset(choice.classes):
            here = [each for each in here if each.name in choice.classes]
            names = set(choice.classes)
        fits = level == choice.level or not (choice.level or are_groups(names))
        if fits and len(names) > 1 and names.issuperset(choice.classes):
            found[level] = tuple(here)
        here = [inner for each in here if choice.level or not each.images for inner in _filled(each)]
        level += 1
        if choice.level and level > choice.level:
            break
    return found


def _all_levels(folder: Folder, choice: Choice, wanted: Iterable[int]) -> dict[int, tuple[Folder, ...]]:
    """Return the folders at each of the levels *wanted* where there are some: those of the wanted classes."""
    at = {level: _at(folder, level) for level in wanted}
    named = {k: tuple(e for e in each if not choice.classes or e.name in choice.classes) for k, each in at.items()}
    return {level: found for level, found in named.items() if found}


def _without_split(top: Folder, choice: Choice) -> FolderLayout:
    """Read *top* as folders of classes, at the only level that comes into question."""
    levels = _levels(top, choice)
    if not levels:
        _refuse(top, choice)
    if len(levels) > 1:
        raise _UnclearError(f"{top.path} can be read in several ways", _ways_of(levels, top, choice))
    ((level, found),) = levels.items()
    names = [each.name for each in found]
    if choice == Choice(within=choice.within) and all(map(is_part_and_more, names)):
        raise _UnclearError(
            f"the folders in {top.path} are named like parts of a split with more in the name, such as {names[0]!r}",
            [replace(choice, level=level, parts=_NO_PARTS)],
            "put the images of each class into a subfolder of train/ and of test/",
        )
    above = [each.name for each in _filled(top)] if level > 1 and not choice.level else []
    read_as = (f"folders read together: {listed(above)}",) if above else ()
    return FolderLayout(top, tuple(Class(each.name, each) for each in found), read_as)


def _ways_of(levels: dict[int, tuple[Folder, ...]], top: Folder, choice: Choice) -> list[Choice]:
    """Return the choices between *levels*, and those of a part of the folders."""
    ways = [replace(choice, level=level) for level in levels]
    first = levels[min(levels)]
    shallow = tuple(each.name for each in first if each.images)
    if 1 < len(shallow) < len(first) and len(shallow) <= _NAMED_CLASSES and not choice.classes:
        ways.append(replace(choice, classes=shallow))
    if not choice.classes:
        ways += _test_beside(top, choice)
        ways += _each_within([each for each in _filled(top) if len(_filled(_passed(each))) > 1], choice)
    return ways


def _test_beside(top: Folder, choice: Choice) -> list[Choice]:
    """Return the choice of two folders as train and test where only the one to test is named so, as ``rps-test``."""
    of_test = [each.name for each in _filled(top) if has_test_word(each.name)]
    others = [each.name for each in _filled(top) if each.name not in of_test]
    if len(of_test) != 1 or len(others) != 1:
        return []
    return [replace(choice, parts=(f"train={others[0]}", f"test={of_test[0]}"))]


def _require_named(top: Folder, choice: Choice, levels: Sequence[set[str]]) -> None:
    for name in choice.classes:
        if not any(name in names for names in levels):
            known = sorted(set().union(*levels))
            raise DataError(f"{top.path} has no class {name!r}; choose from: {listed(known)}")


def _refuse(top: Folder, choice: Choice) -> NoReturn:
    """Raise the error for *top*, in which no level comes into question."""
    if choice.classes:
        open_choice = replace(choice, classes=())
        _require_named(top, choice, [{e.name for e in each} for each in _levels(top, open_choice).values()])
    here = _at(top, choice.level or 1)
    names = sorted({each.name for each in here})
    if len(names) > 1 and not choice.classes:
        raise _UnclearError(
            f"the folders in {top.path} are named like {names[0]!r}, so they are patients or parts, no classes",
            [replace(choice, level=1)],
            "give a table of the images and their labels",
        )
    if names:
        deeper = [] if choice.level else _each_within(here, choice)
        raise _UnclearError(
            f"{top.path} has only one class, {(choice.classes or names)[0]!r}; a classifier needs two or more",
            deeper,
            _FLAT,
        )
    if top.images:
        raise _UnclearError(f"{top.path} has images but no class folders", (), _FLAT)
    if choice.level and top.has_images:
        raise DataError(f"{top.path} has no folders with images at dataset.level = {choice.level}; take a smaller one")
    raise _UnclearError(f"no images in {top.path}", (), _FLAT)


def _at(folder: Folder, level: int) -> list[Folder]:
    """Return the folders with images so many levels below *folder*."""
    here = [folder]
    for _ in range(level):
        here = [inner for each in here for inner in _filled(each)]
    return here


_FLAT = "put the images of each class into a separate subfolder"
"""The cure for images in one flat folder."""

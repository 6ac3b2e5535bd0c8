"""Reads folders of classes without a split: the levels on which the classes may be, and what chooses between them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NoReturn

from flowerablate import DataError
from flowerablate.data.tree import Folder

from .layout_model import Class, FolderLayout, LayoutChoice, UnclearLayoutError, each_within, filled_below, unwrapped
from .layout_names import are_groups, has_test_word, is_part_and_more
from .layout_words import listed

NO_PARTS = ("none",)
"""The value of ``parts`` with which no folder is a part of a split."""

NAMED_CLASSES = 8
"""Classes that an error names one by one, to be chosen."""

_FLAT = "put the images of each class into a separate subfolder"
"""The cure for images in one flat folder."""


def levels_of(folder: Folder, choice: LayoutChoice) -> dict[int, tuple[Folder, ...]]:
    """Return the folders at each level below *folder* that may be the classes: two names or more, no patients.

    With ``choice.level``, only that, whatever the folders are called. Folders with images of their own end the way
    down, as do the folders of the wanted classes.
    """
    found: dict[int, tuple[Folder, ...]] = {}
    here, level = filled_below(folder), 1
    while here:
        names = {each.name for each in here}
        if choice.classes and names.issuperset(choice.classes):
            here = [each for each in here if each.name in choice.classes]
            names = set(choice.classes)
        fits = level == choice.level or not (choice.level or are_groups(names))
        if fits and len(names) > 1 and names.issuperset(choice.classes):
            found[level] = tuple(here)
        here = [inner for each in here if choice.level or not each.images for inner in filled_below(each)]
        level += 1
        if choice.level and level > choice.level:
            break
    return found


def all_levels(folder: Folder, choice: LayoutChoice, wanted: Iterable[int]) -> dict[int, tuple[Folder, ...]]:
    """Return the folders at each of the levels *wanted* where there are some: those of the wanted classes."""
    at = {level: folders_at(folder, level) for level in wanted}
    named = {k: tuple(e for e in each if not choice.classes or e.name in choice.classes) for k, each in at.items()}
    return {level: found for level, found in named.items() if found}


def without_split(top: Folder, choice: LayoutChoice) -> FolderLayout:
    """Read *top* as folders of classes, at the only level that comes into question."""
    levels = levels_of(top, choice)
    if not levels:
        refuse(top, choice)
    if len(levels) > 1:
        raise UnclearLayoutError(f"{top.path} can be read in several ways", _ways_of(levels, top, choice))
    ((level, found),) = levels.items()
    names = [each.name for each in found]
    if choice == LayoutChoice(within=choice.within) and all(map(is_part_and_more, names)):
        raise UnclearLayoutError(
            f"the folders in {top.path} are named like parts of a split with more in the name, such as {names[0]!r}",
            [replace(choice, level=level, parts=NO_PARTS)],
            "put the images of each class into a subfolder of train/ and of test/",
        )
    above = [each.name for each in filled_below(top)] if level > 1 and not choice.level else []
    read_as = (f"folders read together: {listed(above)}",) if above else ()
    return FolderLayout(top, tuple(Class(each.name, each) for each in found), read_as)


def _ways_of(levels: dict[int, tuple[Folder, ...]], top: Folder, choice: LayoutChoice) -> list[LayoutChoice]:
    """Return the choices between *levels*, and those of a part of the folders."""
    ways = [replace(choice, level=level) for level in levels]
    first = levels[min(levels)]
    shallow = tuple(each.name for each in first if each.images)
    if 1 < len(shallow) < len(first) and len(shallow) <= NAMED_CLASSES and not choice.classes:
        ways.append(replace(choice, classes=shallow))
    if not choice.classes:
        ways += _test_beside(top, choice)
        ways += each_within([each for each in filled_below(top) if len(filled_below(unwrapped(each))) > 1], choice)
    return ways


def _test_beside(top: Folder, choice: LayoutChoice) -> list[LayoutChoice]:
    """Return the choice of two folders as train and test where only the one to test is named so, as ``rps-test``."""
    of_test = [each.name for each in filled_below(top) if has_test_word(each.name)]
    others = [each.name for each in filled_below(top) if each.name not in of_test]
    if len(of_test) != 1 or len(others) != 1:
        return []
    return [replace(choice, parts=(f"train={others[0]}", f"test={of_test[0]}"))]


def require_named(top: Folder, choice: LayoutChoice, levels: Sequence[set[str]]) -> None:
    """Raise :class:`DataError` for a wanted class that none of the *levels*, sets of names, has."""
    for name in choice.classes:
        if not any(name in names for names in levels):
            known = sorted(set().union(*levels))
            raise DataError(f"{top.path} has no class {name!r}; choose from: {listed(known)}")


def refuse(top: Folder, choice: LayoutChoice) -> NoReturn:
    """Raise the error for *top*, in which no level comes into question."""
    if choice.classes:
        open_choice = replace(choice, classes=())
        require_named(top, choice, [{e.name for e in each} for each in levels_of(top, open_choice).values()])
    here = folders_at(top, choice.level or 1)
    names = sorted({each.name for each in here})
    if len(names) > 1 and not choice.classes:
        raise UnclearLayoutError(
            f"the folders in {top.path} are named like {names[0]!r}, so they are patients or parts, no classes",
            [replace(choice, level=1)],
            "give a table of the images and their labels",
        )
    if names:
        deeper = [] if choice.level else each_within(here, choice)
        raise UnclearLayoutError(
            f"{top.path} has only one class, {(choice.classes or names)[0]!r}; a classifier needs two or more",
            deeper,
            _FLAT,
        )
    if top.images:
        raise UnclearLayoutError(f"{top.path} has images but no class folders", (), _FLAT)
    if choice.level and top.has_images:
        raise DataError(f"{top.path} has no folders with images at dataset.level = {choice.level}; take a smaller one")
    raise UnclearLayoutError(f"no images in {top.path}", (), _FLAT)


def folders_at(folder: Folder, level: int) -> list[Folder]:
    """Return the folders with images so many levels below *folder*."""
    here = [folder]
    for _ in range(level):
        here = [inner for each in here for inner in filled_below(each)]
    return here

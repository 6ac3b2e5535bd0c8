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

from collections.abc import Iterator, Sequence

from flowerablate import DataError
from flowerablate.data.tree import Folder

from .layout_levels import NO_PARTS, without_split
from .layout_model import OFFERS, OPEN, Class, FolderLayout, LayoutChoice, UnclearLayoutError, unwrapped
from .layout_names import companions, without_companions
from .layout_splits import parts_of, split_above, split_below
from .layout_words import listed, options_of

_DEPTH = 2
"""Choices that may be needed one upon the other."""


def layout_of(root: Folder, choice: LayoutChoice = OPEN) -> FolderLayout:
    """Return how the folders in *root* are read under *choice*.

    Raises :class:`DataError` for what is no layout, and for several: it then names each with the options that give it.
    """
    try:
        return _read(root, choice)
    except UnclearLayoutError as unclear:
        cures = [unclear.cure] if unclear.cure else []
        if readings := _resolved(root, unclear.choices, choice, _DEPTH):
            offers = [
                f"{len(reading.names)} classes ({listed(reading.names)}){reading.split} with {options_of(made, choice)}"
                for made, reading in readings.items()
            ]
            cures.append(f"choose {', or '.join(offers[:OFFERS])}{' ...' if len(offers) > OFFERS else ''}")
        raise DataError("; ".join((unclear.problem, *filter(None, [", or ".join(cures)])))) from None


def readings_of(root: Folder, choice: LayoutChoice = OPEN) -> dict[LayoutChoice, FolderLayout]:
    """Return each reading that *choice* leaves open, by the choice that gives it; the only one by *choice* itself."""
    try:
        return {choice: _read(root, choice)}
    except UnclearLayoutError as unclear:
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


def _resolved(
    root: Folder, choices: Sequence[LayoutChoice], given: LayoutChoice, depth: int
) -> dict[LayoutChoice, FolderLayout]:
    """Return the readings to which *choices* lead, each once, whatever else must be chosen for it."""
    found: dict[LayoutChoice, FolderLayout] = {}
    nested: list[tuple[LayoutChoice, FolderLayout]] = []
    for choice in choices:
        if choice == given:
            continue
        try:
            found[choice] = _read(root, choice)
        except DataError:  # not for this tree
            continue
        except UnclearLayoutError as unclear:
            nested += [] if depth < 2 else _resolved(root, unclear.choices, choice, depth - 1).items()
    found = {**found, **{choice: layout for choice, layout in nested if choice not in found}}
    different: dict[frozenset[tuple[str, str, str]], LayoutChoice] = {}
    for choice, layout in found.items():
        different.setdefault(frozenset((e.name, e.folder.key, e.part) for e in layout.classes), choice)
    return {choice: found[choice] for choice in different.values()}


def _read(root: Folder, choice: LayoutChoice) -> FolderLayout:
    """Return the only reading under *choice*; raises :class:`UnclearLayoutError` if there is none, or several."""
    top = unwrapped(_inside(root, choice.within))
    if choice.parts == NO_PARTS:
        return without_split(top, choice)
    if above := parts_of(top, choice):
        return split_above(top, above, choice)
    if choice.level < 2 and (below := split_below(top, choice)):
        return below
    if choice.parts:
        raise DataError(
            f"{top.path} has no folders for dataset.parts = {listed(choice.parts)}; it has: "
            f"{listed([each.name for each in top.folders])}"
        )
    return without_split(top, choice)


def _inside(root: Folder, within: str) -> Folder:
    here = root
    for name in within.strip("/").split("/") if within else ():
        inner = {each.name: each for each in here.folders}
        if name not in inner:
            raise DataError(f"{here.path} has no folder {name!r} (dataset.within); it has: {listed(list(inner))}")
        here = inner[name]
    return here

"""Reads folders with the parts of a split, above the classes or below them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NoReturn

from flowerablate import DataError
from flowerablate.data.tree import Folder

from .layout_levels import NAMED_CLASSES, NO_PARTS, all_levels, levels_of, refuse, require_named
from .layout_model import (
    OPEN,
    Class,
    FolderLayout,
    LayoutChoice,
    UnclearLayoutError,
    each_within,
    filled_below,
    unwrapped,
)
from .layout_names import PARTS, part_of
from .layout_words import listed


def parts_of(top: Folder, choice: LayoutChoice) -> dict[str, list[Folder]]:
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


def split_above(top: Folder, above: dict[str, list[Folder]], choice: LayoutChoice) -> FolderLayout:
    """Read *top*, which has the parts of a split, with the classes in each."""
    _require_one_each(top, above, choice)
    named = {part: folders[0] for part, folders in above.items()}
    parts, read_as = _as_split(named)
    fewer = _fewer_parts(named, choice)
    inner = {part: unwrapped(folder) for part, folder in parts.items()}
    main = next(iter(inner))
    for part, folder in inner.items():
        if not (levels_of(folder, choice) if part == main else filled_below(folder)):
            beside = [each for each in filled_below(top) if each not in parts.values()]
            ways = [*fewer, *([replace(choice, parts=NO_PARTS)] if beside else [])]
            _refuse_part(folder, choice, ways, is_for_training=part == main)
    levels = {main: levels_of(inner[main], choice)}
    levels |= {part: all_levels(folder, choice, levels[main]) for part, folder in inner.items() if part != main}
    common = [level for level in levels[main] if all(level in each for each in levels.values())]
    if not common:
        raise UnclearLayoutError(f"the classes in {top.path} are not at the same level in {_slashed(parts)}", fewer)
    if len(common) > 1:
        raise UnclearLayoutError(
            f"{top.path} can be read in several ways", [replace(choice, level=each) for each in common]
        )
    classes = {part: levels[part][common[0]] for part in parts}
    _require_equal(top, parts, classes, choice, fewer)
    listing = tuple(Class(each.name, each, part) for part in ("", *PARTS) for each in classes.get(part, ()))
    return FolderLayout(top, listing, read_as)


def _refuse_part(folder: Folder, choice: LayoutChoice, fewer: list[LayoutChoice], *, is_for_training: bool) -> NoReturn:
    """Raise the error for a part of a split without classes; *fewer*: the choices that do without it."""
    try:
        refuse(folder, choice)
    except UnclearLayoutError as unclear:
        choices = [*unclear.choices, *fewer] if is_for_training else fewer
        raise UnclearLayoutError(unclear.problem, choices, unclear.cure) from None


def _slashed(parts: dict[str, Folder]) -> str:
    return " and ".join(f"{each.name}/" for each in parts.values())


def _require_one_each(top: Folder, parts: dict[str, list[Folder]], choice: LayoutChoice | None = None) -> None:
    """Raise the error for several folders for one of the *parts*, with each of them as a choice if there is one."""
    for part, folders in parts.items():
        if len(folders) > 1:
            rest = [each[0].name for name, each in parts.items() if name != part and len(each) == 1]
            ways = [replace(choice, parts=_in_order([*rest, each.name])) for each in folders] if choice else []
            raise UnclearLayoutError(
                f"{top.path} has both {folders[0].name}/ and {folders[1].name}/ for the {part} split",
                ways,
                "remove one of them",
            )


def _in_order(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(names, key=lambda name: (PARTS.index(part_of(name)), name)))


def _fewer_parts(named: dict[str, Folder], choice: LayoutChoice) -> list[LayoutChoice]:
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
    choice: LayoutChoice,
    fewer: list[LayoutChoice],
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
        some = [replace(choice, classes=shared)] if 1 < len(shared) <= NAMED_CLASSES else []
        raise UnclearLayoutError(
            f"the classes of {top.path} differ: {said}", [*some, *fewer], "give both the same classes"
        )


def split_below(top: Folder, choice: LayoutChoice) -> FolderLayout | None:
    """Read *top* if its folders are classes with the parts of a split in each; None if they are not."""
    folders = [each for each in filled_below(top) if not choice.classes or each.name in choice.classes]
    found = [parts_of(each, choice) for each in folders]
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
        some = [replace(choice, classes=alike)] if 1 < len(alike) <= NAMED_CLASSES else []
        raise UnclearLayoutError(
            f"{top.path / whole[0]} is split into {listed([each.name for each in one])}, and "
            f"{top.path / lacking[0]} is not",
            [*some, replace(choice, parts=NO_PARTS, level=1)],
            "give all classes the same parts",
        )
    inner = {name: levels_of(unwrapped(parts["train"]), OPEN) for name, parts in split.items() if "train" in parts}
    if not choice.level and any(inner.values()):
        raise UnclearLayoutError(
            f"each folder in {top.path} has a split with classes of its own, or is a class",
            [*each_within(folders, choice), replace(choice, level=1)],
        )
    require_named(top, choice, [{each.name for each in filled_below(top)}])
    used: dict[str, dict[str, Folder]] = {}
    read_as: tuple[str, ...] = ()
    for name, parts in split.items():
        used[name], said = _as_split(parts)
        read_as = read_as or said
    classes = [Class(name, used[name][part], part) for part in ("", *PARTS) for name in used if part in used[name]]
    return FolderLayout(top, tuple(classes), read_as)

"""What people are told of a layout: why it is not read, what chooses a reading, how it was read, what was left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from flowerablate import DataError
from flowerablate.data.archives import has_archive_suffix
from flowerablate.data.tree import Folder, other_files
from flowerablate.visible import printable

from .layouts import Class, Levels, are_contents, are_groups, part_of

FLAT = "put the images of each class into a separate subfolder, or give a table of the images and their labels"
"""The cure for images that lie in no folder of a class."""

_ARE_CLASSES = 'read train and test as classes (dataset.parts = ["none"])'
_SHOWN = 4
_NUMBERS = {2: "two", 3: "three", 4: "four", 5: "five"}
_NAMED = 3


def several_readings(root: Folder, found: Sequence[tuple[Sequence[str], Mapping[str, object]]]) -> DataError:
    """Return the error that names all readings *found*, their names and their options."""
    grouped: dict[tuple[str, ...], list[str]] = {}
    for names, options in found:
        grouped.setdefault((*names, *options) if [*options] == ["within"] else (_options(options),), []).append(
            f"{len(names)} classes ({listed(names)}) with {_options(options)}"
        )
    ways = [
        first + (f" ({listed(['or ' + each.rpartition(' = ')[2] for each in more])})" if more else "")
        for first, *more in grouped.values()
    ]
    return DataError(
        f"{root.path} can be read in {_NUMBERS.get(len(ways), 'several')} ways: {', or '.join(ways)}; choose one, "
        "or name the classes that are wanted (dataset.classes)"
    )


def no_reading(root: Folder, levels: Levels, wanted: Sequence[str]) -> DataError:
    """Return the error for folders in which no level may hold the classes, or none has all that are *wanted*."""
    names = levels.names_at(1)
    if wanted:
        known = [each for level in range(1, len(levels.at) + 1) for each in levels.names_at(level)]
        lacking = next((name for name in wanted if name not in known), "")
        if lacking:
            return no_class(root, lacking, names)
        return DataError(
            f"{root.path} has the classes {listed(wanted)} on different levels; choose one (dataset.level)"
        )
    if len(names) > 1 and are_groups(names):
        return DataError(
            f"the folders in {levels.top.path} are named like {names[0]!r}, so they are patients or parts, no "
            "classes; give a table of the images and their labels, or dataset.level = 1 if they are classes"
        )
    if len(names) > 1 and are_contents(names):
        return DataError(
            f"the folders in {levels.top.path} are {listed(names)}, which tell what is in them, no classes; give a "
            "table of the images and their labels, or dataset.level = 1 if they are classes"
        )
    return too_few(root, 1, names, levels)


def too_few(root: Folder, level: int, names: Sequence[str], levels: Levels | None = None) -> DataError:
    """Return the error for fewer than two classes *names* on a *level*."""
    if levels is not None and not names:
        for folder in levels.split.values() or [levels.top]:
            if folder.images:
                ways = [_cure(folder), *([_ARE_CLASSES] if levels.split else [])]
                return DataError(f"{folder.path} has images but no class folders; {_or(*ways)}")
    if names:
        where = f" on level {level}" if level > 1 else ""
        empty = [each.name for each in (levels.top.folders if levels else ()) if not each.has_images]
        others = f" (without images: {listed(empty)})" if empty else ""
        return DataError(f"{root.path} has only one class{where}, {names[0]!r}{others}; a classifier needs two or more")
    if level > 1:
        return DataError(f"{root.path} has no folders with images on level {level}; choose a smaller dataset.level")
    return DataError(f"no images in {root.path}; {_cure(root)}")


def no_class(root: Folder, name: str, names: Sequence[str]) -> DataError:
    """Return the error for a class *name* that is none of *names*."""
    return DataError(f"{root.path} has no class {name!r}; choose from: {listed(names)}")


def nothing_within(root: Folder, within: str) -> DataError:
    """Return the error for a path *within* which there is no image."""
    here = [each.name for each in Folder(root.path).filled]
    return DataError(
        f"{root.path} has no images within {within!r}; dataset.within is a path of folders, * for any, such as "
        f"{here[0] if here else 'images'!r}"
    )


def no_such_parts(root: Folder, parts: Sequence[str]) -> DataError:
    """Return the error for *parts* that are nowhere side by side."""
    return DataError(
        f"{root.path} has nowhere the folders {listed(parts)} side by side with images in them, which dataset.parts "
        "names; check their names"
    )


def mismatch(root: Folder, parts: Mapping[str, Folder], classes: Sequence[Class]) -> str:
    """Return what forbids to use *classes*: those of the parts of the split differ; empty if nothing does.

    *parts*: the folders above the classes, empty if the parts are within the classes.
    """
    if not parts:
        return _unequal_within(root, classes)
    of_part = {part: {each.name for each in classes if each.part == part} for part in parts}
    train, first = of_part["train"], parts["train"]
    for part, names in of_part.items():
        folder = parts[part]
        if not names and folder.images:
            return f"{folder.path} has images but no class folders; {_or(FLAT, *_without(part, parts, of_part))}"
        if not names:
            return f"{folder.path} has no class folders with images; {_or('add them', *_without(part, parts, of_part))}"
        lacking, extra = sorted(train - names), sorted(names - train)
        differ = f"the classes of {root.path} differ"
        for one in lacking:
            if twin := next((each for each in extra if each.casefold() == one.casefold()), ""):
                return f"{differ}: {one!r} in {first.name}/ is {twin!r} in {folder.name}/; spell the folders alike"
        if lacking or extra:
            verb, has = ("lacks", "has") if lacking else ("has", "lacks")
            common = ["name those in both (dataset.classes)"] if len(train & names) > 1 else []
            return (
                f"{differ}: {folder.name}/ {verb} {(lacking or extra)[0]!r}, which {first.name}/ {has}; "
                f"{_or(*common, *_without(part, parts, of_part))}"
            )
    return ""


def linked_twice(folder: Folder, one: Class, other: Class) -> DataError:
    """Return the error for a *folder* that links bring into the class *one* and into the *other*."""
    first, second = (f"{each.part}/{each.name}" if each.part else each.name for each in (one, other))
    return DataError(f"{folder.path} is in {first} and, by a link, in {second}; remove the link")


def read_as(within: str, level: int, parts: Mapping[str, Folder]) -> tuple[str, ...]:
    """Return phrases about what the classes do not show: the path *within*, a deeper *level*, what the test part is."""
    said = [f"within {printable(within)}"] if within else []
    if level > 1:
        said.append(f"classes on level {level}")
    if "test" in parts and part_of(parts["test"].name) == "val":
        said.append(f"tested on {printable(parts['test'].name)}/")
    return tuple(said)


def left_out(top: Folder, used: Sequence[Class]) -> tuple[str, ...]:
    """Return what was left out of *top* beside the classes *used*, as phrases."""
    by_content, others = other_files(top)
    packed = Counter({suffix: number for suffix, number in others.items() if has_archive_suffix(f"x{suffix}")})
    taken = [each.folder for each in used]
    unused = _beside(top, taken)
    filled = [each for each in unused if each.has_files]
    empty = [each for each in unused if not each.has_files]
    empty += [each for each in taken if not each.has_images]
    beside = sum(len(each.images) for each in top.walk()) - sum(len(f.images) for each in taken for f in each.walk())
    said = []
    for folders, noun in ((filled, ("folder", "folders")), (empty, ("empty folder", "empty folders"))):
        if folders:
            said.append(f"{_count(len(folders), *noun)} ({_few([each.key for each in folders])})")
    if beside > 0:
        said.append(f"{_count(beside, 'image', 'images')} outside the classes")
    if by_content:
        number = _count(sum(by_content.values()), "image", "images")
        said.append(f"{number} with another suffix ({_few(list(by_content))})")
    if packed:
        said.append(f"{_count(sum(packed.values()), 'packed archive', 'packed archives')} ({_few(list(packed))})")
    if rest := others - packed:
        number = _count(sum(rest.values()), "file that is no image", "files that are no images")
        said.append(f"{number} ({_few(list(rest))})")
    return tuple(said)


def listed(names: Sequence[str]) -> str:
    """Return the first of *names*."""
    return ", ".join(names[:_SHOWN]) + (" ..." if len(names) > _SHOWN else "")


def _unequal_within(root: Folder, classes: Sequence[Class]) -> str:
    """Return what differs between the parts of *classes* that are split each by itself."""
    parts: dict[str, list[Class]] = {}
    for each in classes:
        parts.setdefault(each.name, []).append(each)
    of_name = {name: {each.part for each in found} for name, found in parts.items()}
    most = max(of_name.values(), key=len, default=set())
    lacking = [name for name, found in of_name.items() if found != most]
    if not lacking:
        return ""
    one = next(name for name, found in of_name.items() if found == most)
    folders = [each.folder.name for each in parts[one]]
    return (
        f"{one} in {root.path} is split into {listed(folders)}, and {lacking[0]} is not; give all classes the same "
        "parts, name the classes that are wanted (dataset.classes), or read no split "
        '(dataset.parts = ["none"] and dataset.level = 1)'
    )


def _beside(root: Folder, used: Iterable[Folder]) -> list[Folder]:
    """Return the highest folders that hold none of those *used*, and lie in none of them."""
    keys = {each.key for each in used}
    above = {key[:at] for key in keys for at in range(len(key)) if key[at] == "/"}
    found: list[Folder] = []
    waiting = [root]
    while waiting:
        for folder in waiting.pop().folders:
            if folder.key in above:
                waiting.append(folder)
            elif folder.key not in keys:
                found.append(folder)
    return sorted(found, key=lambda each: each.key)


def _without(part: str, parts: Mapping[str, Folder], of_part: Mapping[str, set[str]]) -> list[str]:
    """Return what reads *parts* without *part*: the others, if their classes are equal, and the first alone."""
    if part == "train":
        return []
    others = [folder.name for other, folder in parts.items() if other != part]
    ways = ["give both the same classes"]
    if len(of_part["train"]) > 1:
        ways = [f'read only {parts["train"].name}/ (dataset.within = "{parts["train"].key}")']
    if len(others) > 1 and all(of_part[other] == of_part["train"] for other in parts if other != part):
        named = ", ".join(f'"{name}"' for name in others)
        ways.insert(0, f"read only {' and '.join(f'{name}/' for name in others)} (dataset.parts = [{named}])")
    return ways


def _or(*ways: str) -> str:
    return ", or ".join(ways)


def _cure(folder: Folder) -> str:
    tables = [name for name in folder.others if name.lower().endswith((".csv", ".tsv", ".jsonl", ".parquet"))]
    packed = [name for name in folder.others if has_archive_suffix(name)]
    if tables:
        return f"{FLAT}, perhaps {tables[0]}"
    return f"unpack {packed[0]}, or {FLAT}" if packed and not folder.images else FLAT


def _options(options: Mapping[str, object]) -> str:
    return " and ".join(
        f'dataset.{name} = "{v}"' if isinstance(v, str) else f"dataset.{name} = {v}" for name, v in options.items()
    )


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _few(names: Sequence[str]) -> str:
    return ", ".join(map(printable, names[:_NAMED])) + (" ..." if len(names) > _NAMED else "")

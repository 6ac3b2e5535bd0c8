"""The data set ``folder``: one subfolder per class, directly or within ``train/``, ``test/`` and optionally ``val/``.

Only names are read here, 100,000 in about two seconds; unreadable images are found when they are decoded.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from flowerablate import IMAGE_SUFFIXES, DataContext, DataError, Samples

SPLIT_NAMES = {"train": "train", "test": "test", "val": "val", "valid": "val", "validation": "val"}
"""The parts of a split by their names in folders and tables, in lower case."""

_SPLIT_ORDER = ("train", "val", "test")
_LAYOUT = "put the images of each class into a separate subfolder"


def build(context: DataContext, path: str) -> Samples:
    """Scan the folder *path*; a relative path begins at the study's folder, ``~`` is the home folder."""
    if not path.strip():
        raise DataError("the folder data set needs a folder; name it as the data, or as path under [dataset]")
    return scan(context.root / Path(path).expanduser(), skip_bad=context.skip_bad)


def scan(root: Path, *, skip_bad: bool = False) -> Samples:
    """List the images below *root* in a fixed order: by split, class and path.

    A class is a subfolder with everything nested in it. Hidden files and folders, ``__MACOSX``, files without the
    suffix of an image, and images next to the class folders are left out. Links are followed; within a class no folder
    is read twice, so that loops end. If ``train`` is next to ``test`` or ``val`` (also ``valid`` or ``validation``, in
    upper or lower case), these hold the class folders, ``splits`` is set, and other folders next to them are left out.
    A ``val`` without ``test`` is the held-out part and becomes ``test``.

    Raises :class:`DataError` if the folder does not exist, has no images or fewer than two classes, for a class folder
    without images, classes that differ between the parts, or a name that is not UTF-8 (skipped with *skip_bad*).
    """
    if not root.exists():
        raise DataError(f"no folder {root}; check the path (a relative path begins at the study's folder)")
    if not root.is_dir():
        raise DataError(f"{root} is a file; give the folder that holds one subfolder per class")
    split_folders = _split_folders(root)
    if split_folders:
        found = _scan_splits(root, split_folders)
    else:
        classes = _class_folders(root, root)
        found = [_Found(key, name, "") for name in classes for key in _images(root, root, name)]
    return _samples(root, found, bool(split_folders), skip_bad)


@dataclass(frozen=True)
class _Found:
    key: str
    label: str
    split: str


def _samples(root: Path, found: list[_Found], with_splits: bool, skip_bad: bool) -> Samples:
    good = [one for one in found if _is_utf8(one.key)]
    # Such a key can be neither hashed nor printed; backslashreplace makes it legible.
    bad = [one.key.encode(errors="backslashreplace").decode() for one in found if not _is_utf8(one.key)]
    if bad and not skip_bad:
        raise DataError(f"the name of {root / bad[0]} is not UTF-8; rename it, or leave it out (skip-bad)")
    classes = tuple(sorted({one.label for one in good}))
    index = {name: number for number, name in enumerate(classes)}
    return Samples(
        classes=classes,
        keys=tuple(one.key for one in good),
        paths=tuple(root / one.key for one in good),
        labels=tuple(index[one.label] for one in good),
        splits=tuple(one.split for one in good) if with_splits else None,
        skipped=tuple(bad),
    )


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _split_folders(root: Path) -> dict[str, str]:
    """Return the folder of each part of the split, or nothing if *root* holds the classes directly."""
    folders: dict[str, str] = {}
    for name in _subfolders(root):
        split = SPLIT_NAMES.get(name.lower())
        if split is None:
            continue
        if split in folders:
            raise DataError(f"{root} has both {folders[split]}/ and {name}/ for the {split} split; remove one of them")
        folders[split] = name
    if "train" not in folders or len(folders) == 1:
        return {}
    if "test" not in folders:
        folders["test"] = folders.pop("val")
    return folders


def _scan_splits(root: Path, folders: dict[str, str]) -> list[_Found]:
    classes = {split: _class_folders(root, root / folder) for split, folder in folders.items()}
    for split, names in classes.items():
        lacking, extra = set(classes["train"]) - set(names), set(names) - set(classes["train"])
        if lacking or extra:
            verb, name = ("lacks", min(lacking)) if lacking else ("has", min(extra))
            where = f"{folders['train']}/ {'has' if lacking else 'lacks'}"
            raise DataError(f"the classes of {root} differ: {folders[split]}/ {verb} {name!r}, which {where}")
    return [
        _Found(key, name, split)
        for split in _SPLIT_ORDER
        if split in folders
        for name in classes[split]
        for key in _images(root, root / folders[split], name)
    ]


def _class_folders(root: Path, folder: Path) -> list[str]:
    """Return the names of the class folders in *folder*, at least two; raise :class:`DataError` for another layout."""
    names = _subfolders(folder)
    if len(names) > 1:
        return names
    if names:
        inner = _subfolders(folder / names[0])
        if len(inner) > 1:
            raise DataError(f"{folder} has only the folder {names[0]!r}; did you mean {folder / names[0]}?")
        raise DataError(f"{folder} has only one class, {names[0]!r}; a classifier needs two or more")
    if any(_is_image(entry) for entry in _entries(folder)):
        cure = _LAYOUT if folder == root else f"{_LAYOUT}, or give only {root / 'train'} if this part is not labelled"
        raise DataError(f"{folder} has images but no class folders; {cure}")
    raise DataError(f"no images in {folder}; {_LAYOUT}")


def _images(root: Path, folder: Path, class_name: str) -> list[str]:
    """Return the sorted keys, relative to *root*, of all images in one class folder."""
    start = folder / class_name
    visited = {_identity(root), _identity(folder)}
    prefix = start.relative_to(root).as_posix()
    waiting = [(start, prefix)]
    keys: list[str] = []
    while waiting:
        here, prefix = waiting.pop()
        identity = _identity(here)
        if identity in visited:
            continue
        visited.add(identity)
        nested = []
        for entry in _entries(here):
            if _is_folder(entry):
                nested.append((here / entry.name, f"{prefix}/{entry.name}"))
            elif _is_image(entry):
                keys.append(f"{prefix}/{entry.name}")
        waiting += sorted(nested, reverse=True)
    if not keys:
        raise DataError(f"no images in the class folder {start}; add some, or remove the folder")
    return sorted(keys)


def _identity(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino


def _subfolders(folder: Path) -> list[str]:
    return sorted(entry.name for entry in _entries(folder) if _is_folder(entry))


def _entries(folder: Path) -> Iterable[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if not entry.name.startswith(".") and entry.name != "__MACOSX"]
    except OSError as error:
        raise DataError(f"cannot list the folder {folder}: {(error.strerror or str(error)).lower()}") from error


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _is_image(entry: os.DirEntry[str]) -> bool:
    return os.path.splitext(entry.name)[1].lower() in IMAGE_SUFFIXES  # noqa: PTH122 - a Path per file is slow

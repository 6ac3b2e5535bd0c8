"""The data set ``folder``: images in folders of classes, on disk or in an archive; :mod:`.layouts` says which are read.

Only names are read here, 100,000 in about two seconds; unreadable images are found when they are decoded.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any

from flowerablate import DataContext, DataError, Samples
from flowerablate.data.patients import with_patients
from flowerablate.data.tree import Folder, Identity, special_file

from . import layout_words as words
from .layouts import PARTS, Class
from .places import folder_or_unpacked
from .readings import FolderReading, Wish, reading_of

CHEST_XRAYS = ("NORMAL", "PNEUMONIA")
"""The classes of the data set ``chest-xray``, which an archive cannot be told from before it is unpacked."""

EVERYTHING = Wish()
"""No option: what there is, in the one way in which it can be read."""


def build(context: DataContext, path: str, *, sha256: str = "", **options: Any) -> Samples:
    """Scan the folder or archive *path*; a relative path begins at the study's folder, ``~`` is the home folder.

    *options*: those of :class:`.readings.Wish`. *sha256*, if given, is the checksum of the archive. Patients of DICOM
    files are groups: see :func:`.patients.with_patients`.
    """
    if not path.strip():
        raise DataError("the folder data set needs a folder; name it as the data, or as path under [dataset]")
    place = context.root / Path(path).expanduser()
    root = folder_or_unpacked(context, path, sha256)
    try:
        samples = scan(root, skip_bad=context.skip_bad, wish=Wish(**options))
    except DataError as error:
        raise DataError(str(error).replace(str(root), str(place))) from None  # the reader knows the archive
    if samples.splits and samples.classes == CHEST_XRAYS and root != place:
        raise DataError(
            f"{path} holds chest X-rays, which must be split by patients; use their data set: "
            f'dataset.use = "chest-xray", dataset.path = "{path}"'
        )
    return with_patients(samples, context.progress)


def scan(root: Path, *, skip_bad: bool = False, wish: Wish = EVERYTHING) -> Samples:
    """List the images below *root* in a fixed order: by split, class and path.

    Folders are read as :mod:`.readings` says. Links are followed; within a class no folder is read twice. ``found`` of
    the samples says what was read and what was left out.

    Raises :class:`DataError` if the folder does not exist, for a layout that cannot be read, or in several ways, for a
    folder that links bring into two classes or parts, and for a file that nothing can be read from, such as a FIFO, or
    whose name is not UTF-8 (skipped with *skip_bad*).
    """
    if not root.exists():
        raise DataError(f"no folder or archive {root}; check the path (a relative path begins at the study's folder)")
    if not root.is_dir():
        raise DataError(
            f"{root} is no archive (.tgz, .tar.gz, .zip ...); give one, or a folder of one subfolder per class"
        )
    reading = reading_of(Folder(root), wish)
    names = tuple(sorted(reading.names))
    label_of = {name: label for label, name in enumerate(names)}
    found: dict[str, Class] = {}
    bad: list[str] = []
    for key, one in _images(reading):
        if fault := _fault(reading.top.path / key, key):
            if not skip_bad:
                raise DataError(f"{fault}; remove or rename it, or leave it out (skip-bad)")
            bad.append(key.encode(errors="backslashreplace").decode())
            continue
        found[key] = one
    if without := sorted(set(names) - {one.name for one in found.values()}):
        raise DataError(f"no file in the class {without[0]!r} of {root} can be read; rename or remove its folder")
    return Samples(
        classes=names,
        keys=tuple(found),
        paths=tuple(reading.top.path / key for key in found),
        labels=tuple(label_of[one.name] for one in found.values()),
        splits=tuple(one.part for one in found.values()) if any(one.part for one in reading.classes) else None,
        skipped=tuple(bad),
        read_as=words.read_as(wish.within, reading.level, reading.parts),
        left_out=words.left_out(reading.root, reading.classes),
    )


def _images(reading: FolderReading) -> Iterator[tuple[str, Class]]:
    """Yield the key of each image, relative to the folder of the data set, and its class: by part, class and path."""
    start = len(reading.top.key) + 1 if reading.top.key else 0
    owners: dict[Identity, Class] = {}
    found: dict[tuple[int, str], list[tuple[str, Class]]] = {}
    for one in reading.classes:
        keys = found.setdefault((PARTS.index(one.part) if one.part else 0, one.name), [])
        for folder in one.folder.walk():
            owner = owners.setdefault(folder.identity, one)
            if owner != one:
                raise words.linked_twice(folder, owner, one)
            keys += [(f"{folder.key[start:]}/{name}", one) for name in folder.images]
    for _, keys in sorted(found.items()):
        yield from sorted(keys, key=itemgetter(0))


def _fault(path: Path, key: str) -> str:
    """Return why no image can be read from *path*, as far as that can be seen without opening it."""
    try:
        key.encode()
    except UnicodeEncodeError:
        # Such a key can be neither hashed nor printed; backslashreplace makes it legible.
        return f"the name of {str(path).encode(errors='backslashreplace').decode()} is not UTF-8"
    kind = special_file(path)
    return f"{path} is {kind}, not a file" if kind else ""

"""The data set ``folder``: images in folders of classes, on disk or in an archive; :mod:`.layouts` says which are read.

Only names are read here, 100,000 in about two seconds; unreadable images are found when they are decoded.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flowerablate import DataContext, DataError, Samples
from flowerablate.data.patients import with_patients
from flowerablate.data.tree import Folder, other_files, special_file

from .layout_model import OPEN, Class, FolderLayout, LayoutChoice
from .layouts import images_below, layout_of, left_out_of
from .places import folder_or_unpacked

CHEST_XRAYS = ("NORMAL", "PNEUMONIA")
"""The classes of the data set ``chest-xray``, which an archive cannot be told from before it is unpacked."""

_NAMED = 3
"""Left-out folders and suffixes that are named."""


def build(context: DataContext, path: str, *, choice: LayoutChoice = OPEN, sha256: str = "") -> Samples:
    """Scan the folder or archive *path*; a relative path begins at the study's folder, ``~`` is the home folder.

    *choice*: see :func:`scan`. *sha256*, if given, is the checksum of the archive. Patients of DICOM files are groups:
    see :func:`.patients.with_patients`.
    """
    if not path.strip():
        raise DataError("the folder data set needs a folder; name it as the data, or as path under [dataset]")
    place = context.root / Path(path).expanduser()
    root = folder_or_unpacked(context, path, sha256)
    try:
        samples = scan(root, skip_bad=context.skip_bad, choice=choice)
    except DataError as error:
        raise DataError(str(error).replace(str(root), str(place))) from None  # the reader knows the archive
    is_direct = root == place and all((root / part).is_dir() for part in ("train", "test"))
    if samples.splits and samples.classes == CHEST_XRAYS and not is_direct:
        raise DataError(
            f"{path} holds chest X-rays, which must be split by patients; use their data set: "
            f'dataset.use = "chest-xray", dataset.path = "{path}"'
        )
    return with_patients(samples, context.progress)


def scan(root: Path, *, skip_bad: bool = False, choice: LayoutChoice = OPEN) -> Samples:
    """List the images below *root* in a fixed order: by split, class and path.

    Folders are read as :func:`.layouts.layout_of` says under *choice*. Links are followed; within a class no folder is
    read twice. ``found`` of the samples says what was read and what was left out.

    Raises :class:`DataError` if the folder does not exist, for a layout that cannot be read, or in several ways, and
    for a file that nothing can be read from, such as a FIFO, or whose name is not UTF-8 (skipped with *skip_bad*).
    """
    if not root.exists():
        raise DataError(f"no folder or archive {root}; check the path (a relative path begins at the study's folder)")
    if not root.is_dir():
        raise DataError(
            f"{root} is no archive (.tgz, .tar.gz, .zip ...); give one, or a folder of one subfolder per class"
        )
    tree = Folder(root)
    layout = layout_of(tree, choice)
    names = layout.names
    label_of = {name: label for label, name in enumerate(names)}
    keys: list[str] = []
    labels: list[int] = []
    splits: list[str] = []
    bad: list[str] = []
    for each in layout.classes:
        label = label_of[each.name]
        for key in _keys(layout, each):
            if fault := _fault(layout.top.path / key, key):
                if not skip_bad:
                    raise DataError(f"{fault}; remove or rename it, or leave it out (skip-bad)")
                bad.append(key.encode(errors="backslashreplace").decode())
                continue
            keys.append(key)
            labels.append(label)
            splits.append(each.part)
    with_splits = any(splits)
    return Samples(
        classes=names,
        keys=tuple(keys),
        paths=tuple(layout.top.path / key for key in keys),
        labels=tuple(labels),
        splits=tuple(splits) if with_splits else None,
        skipped=tuple(bad),
        read_as=layout.read_as,
        left_out=_left_out(tree, layout),
    )


def _keys(layout: FolderLayout, one: Class) -> list[str]:
    """Return the keys of the images of *one* class, sorted; they are relative to the folder of the data set."""
    start = len(layout.top.key) + 1 if layout.top.key else 0
    return sorted(f"{folder.key[start:]}/{name}" for folder in images_below(one) for name in folder.images)


def _fault(path: Path, key: str) -> str:
    """Return why no image can be read from *path*, as far as that can be seen without opening it."""
    try:
        key.encode()
    except UnicodeEncodeError:
        # Such a key can be neither hashed nor printed; backslashreplace makes it legible.
        return f"the name of {str(path).encode(errors='backslashreplace').decode()} is not UTF-8"
    kind = special_file(path)
    return f"{path} is {kind}, not a file" if kind else ""


def _left_out(top: Folder, layout: FolderLayout) -> tuple[str, ...]:
    """Return what was left out, as phrases."""
    by_content, others = other_files(top)
    inside = sum(len(folder.images) for each in layout.classes for folder in images_below(each))
    beside = sum(len(folder.images) for folder in top.walk()) - inside
    left_out = []
    if folders := left_out_of(top, layout):
        left_out.append(f"{_count(len(folders), 'folder')} ({_few([each.key for each in folders])})")
    if empty := [each.key for each in layout.beside if not each.has_files]:
        left_out.append(f"{_count(len(empty), 'folder')} without files ({_few(empty)})")
    if beside > 0:
        left_out.append(f"{_count(beside, 'image')} outside the classes")
    if by_content:
        left_out.append(f"{_count(sum(by_content.values()), 'image')} with another suffix ({_few(list(by_content))})")
    if others:
        files = _count(sum(others.values()), "file that is no image", "files that are no images")
        left_out.append(f"{files} ({_few(list(others))})")
    return tuple(left_out)


def _count(number: int, noun: str, many: str = "") -> str:
    return f"{number:,} {noun if number == 1 else many or f'{noun}s'}"


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (" ..." if len(names) > _NAMED else "")

"""The data set ``folder``: images in folders of classes, on disk or in an archive; :mod:`.layouts` says which are read.

Only names are read here, 100,000 in about two seconds; unreadable images are found when they are decoded.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flowerablate import DataContext, DataError, Samples
from flowerablate.data.patients import with_patients
from flowerablate.data.tree import Folder, fault_of, legible, other_files, tree_of
from flowerablate.errors import count_of

from .layouts import Class, FolderLayout, layout_of
from .named_images import scan as scan_named
from .places import folder_or_unpacked, with_classes

CHEST_XRAYS = ("NORMAL", "PNEUMONIA")
"""The classes of the data set ``chest-xray``, which an archive cannot be told from before it is unpacked."""

_NAMED = 3
"""Left-out folders and suffixes that are named."""


def build(
    context: DataContext,
    path: str,
    *,
    level: int = 0,
    within: str = "",
    classes: Sequence[str] = (),
    label_from: str = "",
    sha256: str = "",
) -> Samples:
    """Scan the folder or archive *path*; a relative path begins at the study's folder, ``~`` is the home folder.

    *level*, *within* and *classes*: see :func:`scan`. *label_from*: see :func:`.named_images.scan`. *sha256*, if
    given, is the checksum of the archive. Patients of DICOM files are groups: see :func:`.patients.with_patients`.
    """
    if not path.strip():
        raise DataError("the folder data set needs a folder; name it as the data, or as path under [dataset]")
    place = context.root / Path(path).expanduser()
    root = folder_or_unpacked(context, path, sha256)
    try:
        if label_from:
            samples = scan_named(
                root, label_from, within=within, skip_bad=context.skip_bad, min_classes=context.min_classes
            )
            samples = with_classes(samples, tuple(classes))
        else:
            samples = scan(
                root,
                skip_bad=context.skip_bad,
                level=level,
                within=within,
                classes=classes,
                min_classes=context.min_classes,
            )
    except DataError as error:
        raise DataError(str(error).replace(str(root), str(place))) from None  # the reader knows the archive
    if samples.splits and samples.classes == CHEST_XRAYS and root != place:
        raise DataError(
            f"{path} holds chest X-rays, which must be split by patients; use their data set: "
            f'dataset.use = "chest-xray", dataset.path = "{path}"'
        )
    return with_patients(samples, context.progress)


def scan(
    root: Path,
    *,
    skip_bad: bool = False,
    level: int = 0,
    within: str = "",
    classes: Sequence[str] = (),
    min_classes: int = 2,
) -> Samples:
    """List the images below *root* in a fixed order: by split, class and path.

    Folders are read as :func:`.layouts.layout_of` says, which takes *level*, the names of *classes* and *min_classes*.
    *within*: only what is in folders of this name counts, such as ``images`` beside ``masks``. Links are followed;
    within a class no folder is read twice. ``found`` of the samples says what was read and what was left out.

    Raises :class:`DataError` if the folder does not exist, for a layout that cannot be read, or in several ways, and
    for a file that nothing can be read from, such as a FIFO, or whose name is not UTF-8 (skipped with *skip_bad*).
    """
    if not root.exists():
        raise DataError(f"no folder or archive {root}; check the path (a relative path begins at the study's folder)")
    if not root.is_dir():
        raise DataError(
            f"{root} is no archive (.tgz, .tar.gz, .zip ...); give one, or a folder of one subfolder per class"
        )
    tree = tree_of(root, within)
    layout = layout_of(tree, level=level, names=classes, min_classes=min_classes)
    names = tuple(sorted({each.name for each in layout.classes}))
    keys: list[str] = []
    labels: list[int] = []
    splits: list[str] = []
    bad: list[str] = []
    for each in layout.classes:
        label = names.index(each.name)
        for key in _keys(layout, each):
            if fault := fault_of(layout.top.path / key, key):
                if not skip_bad:
                    raise DataError(f"{fault}; remove or rename it, or leave it out (skip-bad)")
                bad.append(legible(key))
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
        left_out=_left_out(Folder(root) if within else tree, layout),
    )


def _keys(layout: FolderLayout, one: Class) -> list[str]:
    """Return the keys of the images of *one* class, sorted; they are relative to the folder of the data set."""
    start = len(layout.top.key) + 1 if layout.top.key else 0
    return sorted(f"{folder.key[start:]}/{name}" for folder in one.folder.walk() for name in folder.images)


def _left_out(top: Folder, layout: FolderLayout) -> tuple[str, ...]:
    """Return what was left out, as phrases."""
    by_content, others = other_files(top)
    inside = sum(len(folder.images) for each in layout.classes for folder in each.folder.walk())
    beside = sum(len(folder.images) for folder in top.walk()) - inside
    left_out = []
    if layout.left_out:
        shown = _few([each.key for each in layout.left_out])
        left_out.append(f"{count_of(len(layout.left_out), 'folder')} ({shown})")
    if beside > 0:
        left_out.append(f"{count_of(beside, 'image')} outside the classes")
    if by_content:
        left_out.append(f"{count_of(sum(by_content.values()), 'image')} with another suffix ({_few(list(by_content))})")
    if others:
        files = count_of(sum(others.values()), "file that is no image", "files that are no images")
        left_out.append(f"{files} ({_few(list(others))})")
    return tuple(left_out)


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (" ..." if len(names) > _NAMED else "")

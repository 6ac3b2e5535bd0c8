"""The data set ``findings``: X-rays with a table of findings, in the layout of NIH ChestX-ray14 (Wang et al. 2017).

The table has the columns ``Image Index``, ``Finding Labels`` (separated by ``|``) and ``Patient ID``. The images are
anywhere below its folder. ``train_val_list.txt`` and ``test_list.txt`` next to the table, if there, are the official
split.
"""

from __future__ import annotations

import os
from pathlib import Path

from flowerablate import IMAGE_SUFFIXES, DataContext, DataError, Samples
from flowerablate.files import content_of

from ..tables.table_rows import TableRow, head_of, read_rows

IMAGE, LABELS, PATIENT = COLUMNS = ("Image Index", "Finding Labels", "Patient ID")
"""The columns of the table that are read."""

_LISTS = {"train_val_list.txt": "train", "test_list.txt": "test"}


def build(context: DataContext, *, path: str, finding: str, against: str) -> Samples:
    """Return the X-rays with *finding* (class 1) and those with only *against* (class 0), grouped by patients.

    *path* is the table or its folder. Rows without an image are left out, and a remark counts them. Raises
    :class:`DataError` if there is no such table or several, a value is missing, an image is listed twice, the lists of
    the split do not match, or no image exists.
    """
    if not path.strip():
        raise DataError("the findings data set needs a folder; name it as the data, or as path under [dataset]")
    table = table_of(context.root / Path(path).expanduser())
    images = _images(table.parent)
    lists = _lists(table.parent)
    wanted: dict[str, TableRow] = {}
    seen: dict[str, int] = {}
    known: set[str] = set()
    absent = 0
    for row in read_rows(table, COLUMNS):
        name, labels = row[IMAGE], {label.strip() for label in row[LABELS].split("|")}
        if name in seen:
            raise row.fault(f"lists {name!r}, which row {seen[name]} already lists; remove one of them")
        seen[name] = row.number
        known |= labels
        if finding in labels or labels == {against}:
            absent += name not in images
            if name in images:
                wanted[name] = row
    for label in (finding, against):
        if label not in known:
            raise DataError(f"{table} has no finding {label!r}; it has: {', '.join(sorted(known))}")
    if not wanted:
        raise DataError(f"none of the images listed in {table} is in {table.parent}; unpack them there")
    return Samples(
        classes=(against, finding),
        keys=tuple(images[name].relative_to(table.parent).as_posix() for name in wanted),
        paths=tuple(images[name] for name in wanted),
        labels=tuple(int(row[LABELS] != against) for row in wanted.values()),
        splits=tuple(_part(row, lists) for row in wanted.values()) if lists else None,
        groups=tuple(row[PATIENT] for row in wanted.values()),
        remarks=(f"{absent} of {absent + len(wanted)} X-rays in the table are not in its folder",) if absent else (),
    )


def has_findings(path: Path) -> bool:
    """Return whether *path* is such a table or a folder with one."""
    return bool(_tables(path))


def table_of(path: Path) -> Path:
    """Return the only table of findings that *path* is or contains; raises :class:`DataError` otherwise."""
    if not path.exists():
        raise DataError(f"no file or folder {path}; check the path (a relative path begins at the study's folder)")
    found = _tables(path)
    if not found:
        raise DataError(f"{path} has no CSV with the columns {', '.join(map(repr, COLUMNS))}")
    if len(found) > 1:
        raise DataError(f"{path} has {len(found)} tables of findings, {found[0].name} and {found[1].name}; give one")
    return found[0]


def _tables(path: Path) -> list[Path]:
    candidates = sorted(path.glob("*.csv")) if path.is_dir() else [path] if path.suffix.lower() == ".csv" else []
    return [file for file in candidates if set(COLUMNS) <= set(head_of(file))]


def _images(folder: Path) -> dict[str, Path]:
    """Return all images below *folder* by file name; names must be unique."""
    found: dict[str, Path] = {}
    for here, _, names in sorted(os.walk(folder)):
        for name in names:
            if os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES:  # noqa: PTH122 - a Path per file is slow
                path = Path(here, name)
                if found.setdefault(name, path) != path:
                    raise DataError(
                        f"{found[name]} and {path} have the same name, so the table cannot tell them apart; remove one"
                    )
    return found


def _lists(folder: Path) -> dict[str, str]:
    """Return the official part of each image by name, or nothing without lists."""
    here = [name for name in _LISTS if (folder / name).is_file()]
    if not here:
        return {}
    if len(here) < len(_LISTS):
        lacking = next(name for name in _LISTS if name not in here)
        raise DataError(f"{folder} has {here[0]} but no {lacking}; add it, or remove {here[0]} to draw a split")
    part: dict[str, str] = {}
    for name, split in _LISTS.items():
        for image in content_of(folder / name).decode("utf-8-sig", "replace").split():
            if part.setdefault(image, split) != split:
                raise DataError(f"{image} is in both lists of {folder}, {' and '.join(_LISTS)}; remove one of them")
    return part


def _part(row: TableRow, lists: dict[str, str]) -> str:
    if row[IMAGE] not in lists:
        raise row.fault(f"lists {row[IMAGE]}, which is in neither {' nor '.join(_LISTS)}; remove these to draw a split")
    return lists[row[IMAGE]]

"""The data set ``table``: a CSV, TSV, JSON lines or Parquet file that lists images with their labels."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from flowerablate import DataContext, DataError, Samples
from flowerablate.data.patients import with_patients

from .layout_names import part_of
from .listed_images import ListedImages
from .metadata_files import metadata_files, require_all_parts
from .table_columns import Columns, columns_of
from .table_rows import LabelTable, TableRow, read_table

_JOINTS = re.compile(r"\s*(?:[|;,/+&]|\band\b)\s*")
"""What may stand between two labels in one value."""


def build(
    context: DataContext,
    *,
    path: str,
    image: str,
    label: str,
    one_hot: Sequence[str],
    group: str,
    split: str,
    folder: str,
) -> Samples:
    """Return the images that the table at *path* lists, in its order; or those of a folder with metadata files.

    *image*, *label*, *group* and *split* are columns: the path or name of the image, its class, the group which a split
    must not separate, such as a patient, and the official part (train, val or test). Where a name is empty, the column
    is found out by its name and content; ``-``: there is none. Without a column, the patients of DICOM files are
    groups. *one_hot*: instead of a label, columns of which one is 1 in each row. Paths of images begin at *folder*, by
    default that of the table. Raises :class:`DataError` with the row for a missing value, an image that does not exist
    (left out with ``context.skip_bad``) or is listed twice, an unknown part, and an image of several classes.
    """
    if not path.strip():
        raise DataError("the table data set needs a file; name it as the data, or as path under [dataset]")
    place = context.root / Path(path).expanduser()
    given = Columns(image, label, group, split, tuple(one_hot))
    if place.is_dir():
        if folder.strip():
            raise DataError(f"{place} is a folder with its own tables; leave out dataset.folder")
        files = metadata_files(place)
        if not files:
            raise DataError(f"{place} has no metadata.csv or metadata.jsonl with a column file_name; give the table")
        require_all_parts(place, files)
        lists = [_Listed(read_table(each.path), ListedImages(each.path.parent), each.part) for each in files]
        return _samples(context, place, lists, given)
    home = context.root / Path(folder).expanduser() if folder.strip() else place.parent
    return _samples(context, home, [_Listed(read_table(place), ListedImages(home))], given)


@dataclass(frozen=True)
class _Listed:
    """A table of *images*, all of one *part* of the split if it is named."""

    table: LabelTable
    images: ListedImages
    part: str = ""


def _samples(context: DataContext, home: Path, lists: Sequence[_Listed], given: Columns) -> Samples:
    """Return what *lists* list, with keys relative to *home*."""
    columns = columns_of(lists[0].table, given, lambda name: bool(lists[0].images.key(name)))
    rows: dict[str, TableRow] = {}
    parts: list[str] = []
    skipped: list[str] = []
    for each in lists:
        each.table.require(columns.named)
        for row in each.table.rows:
            name = row[columns.image]
            if not (found := each.images.key(name)):
                skipped.append(name)
                if not context.skip_bad:
                    raise _missing(row, columns, each)
                continue
            key = each.images.key_from(home, found)
            if key in rows:
                raise row.fault(f"lists {key!r}, which row {rows[key].number} already lists; remove one of them")
            rows[key] = row
            parts.append(each.part or (_part(row, columns.split) if columns.split else ""))
    if not rows:
        raise _missing(lists[0].table.rows[0], columns, lists[0])
    names = [columns.label_of(row) for row in rows.values()]
    _require_single(list(rows.values()), names)
    classes = columns.one_hot or tuple(sorted(set(names), key=_in_number_order))
    index = {name: number for number, name in enumerate(classes)}
    samples = Samples(
        classes=classes,
        keys=tuple(rows),
        paths=tuple(home / key for key in rows),
        labels=tuple(index[name] for name in names),
        splits=tuple(parts) if any(parts) else None,
        skipped=tuple(skipped),
        groups=tuple(row[columns.group] for row in rows.values()) if columns.group else None,
        read_as=(columns.in_words(),),
    )
    return samples if columns.group else with_patients(samples, context.progress)


def _missing(row: TableRow, columns: Columns, listed: _Listed) -> DataError:
    """Return the error for a *row* whose image does not exist: that row's, or the table's if none of them does."""
    name = row[columns.image]
    others = (value for other in listed.table.rows if (value := other.values[columns.image].strip()))
    if any(map(listed.images.key, others)):
        return row.fault(
            f"lists {listed.images.home / name}, which does not exist; fix the path, or skip it (skip-bad)"
        )
    return DataError(
        f"none of the images in the column {columns.image!r} of {row.path.name} is in {listed.images.home}, such as "
        f"{name!r}; choose their folder (dataset.folder), or another column (dataset.image)"
    )


def _require_single(rows: Sequence[TableRow], names: Sequence[str]) -> None:
    """Raise :class:`DataError` for the first label that is several others, such as ``daisy|rose``."""
    known = set(names)
    for row, name in zip(rows, names, strict=True):
        parts = [part for part in _JOINTS.split(name) if part]
        if len(parts) > 1 and all(part in known for part in parts):
            raise row.fault(
                f"has the label {name!r}, which is several others; a classifier needs one for each image: keep one, "
                "remove the row, or give the class a name of its own"
            )


def _part(row: TableRow, column: str) -> str:
    part = part_of(row[column])
    if not part:
        raise row.fault(f"has the unknown part {row[column]!r}; use train, val or test")
    return part


def _in_number_order(name: str) -> tuple[int, str]:
    return (int(name), name) if name.isdecimal() else (0, name)

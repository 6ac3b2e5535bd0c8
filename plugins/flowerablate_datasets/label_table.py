"""The data set ``table``: a CSV, TSV or Parquet file that lists images with their labels."""

from __future__ import annotations

import os
from pathlib import Path

from flowerablate import DataContext, DataError, Samples
from flowerablate.data.patients import with_patients

from .layouts import part_of
from .table_rows import TableRow, read_rows


def build(context: DataContext, *, path: str, image: str, label: str, group: str, split: str, folder: str) -> Samples:
    """Return the images that the table at *path* lists, in its order.

    *image* and *label* are names of columns, as are *group* and *split*, if given: that of groups which a split must
    not separate, such as patients, and that of the official part (train, val or test). Without a column, the patients
    of DICOM files are groups. Paths of images begin at *folder*, by default that of the table. Raises
    :class:`DataError` with the row for a missing value, an image that does not exist (left out with
    ``context.skip_bad``) or is listed twice, and an unknown part.
    """
    if not path.strip():
        raise DataError("the table data set needs a file; name it as the data, or as path under [dataset]")
    table = context.root / Path(path).expanduser()
    home = context.root / Path(folder).expanduser() if folder.strip() else table.parent
    rows = read_rows(table, [name for name in (image, label, group, split) if name])
    seen: dict[str, TableRow] = {}
    skipped = []
    for row in rows:
        key = _key(home, row[image])
        if key in seen:
            raise row.fault(f"lists {key!r}, which row {seen[key].number} already lists; remove one of them")
        if (home / row[image]).is_file():
            seen[key] = row
        elif context.skip_bad:
            skipped.append(key)
        else:
            raise row.fault(f"lists {home / row[image]}, which does not exist; fix the path, or skip it (skip-bad)")
    names = [row[label] for row in seen.values()]
    classes = tuple(sorted(set(names), key=_in_number_order))
    index = {name: number for number, name in enumerate(classes)}
    samples = Samples(
        classes=classes,
        keys=tuple(seen),
        paths=tuple(home / row[image] for row in seen.values()),
        labels=tuple(index[name] for name in names),
        splits=tuple(_part(row, split) for row in seen.values()) if split else None,
        skipped=tuple(skipped),
        groups=tuple(row[group] for row in seen.values()) if group else None,
    )
    return samples if group else with_patients(samples, context.progress)


def _key(home: Path, name: str) -> str:
    """Return the normalised path of an image relative to *home*."""
    return Path(os.path.relpath(home / name, home)).as_posix()


def _part(row: TableRow, column: str) -> str:
    part = part_of(row[column])
    if not part:
        raise row.fault(f"has the unknown part {row[column]!r}; use train, val or test")
    return part


def _in_number_order(name: str) -> tuple[int, str]:
    return (int(name), name) if name.isdecimal() else (0, name)

"""Which columns of a table hold the images, their classes, groups and parts, where that is not said."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flowerablate import DataError
from flowerablate.data.tree import has_image_suffix

from .layout_names import part_of
from .table_rows import LabelTable, TableRow

NONE = "-"
"""What a user writes for no such column."""

_IMAGE = (
    "path", "imagepath", "imgpath", "filepath", "filename", "file", "imagefile", "imagefilename", "image", "images",
    "imagename", "img", "imageid", "imageindex", "isicid", "idcode", "sopinstanceuid", "id", "name", "key",
)  # fmt: skip
_LABEL = (
    "label", "labels", "class", "classname", "classid", "category", "categoryname", "target", "diagnosis", "dx",
    "finding", "pathology", "species", "breed", "grade", "y",
)  # fmt: skip
_GROUP = (
    "patient", "patientid", "patientidentifier", "pid", "subject", "subjectid", "person", "personid", "caseid",
    "lesionid", "animalid",
)  # fmt: skip
_SPLIT = ("split", "partition", "subset", "part", "set", "datasplit", "datasettype")
_TRIED = 20
"""Rows of which it is tried whether they name images."""

_YES, _NO = {"1", "1.0", "true", "yes"}, {"0", "0.0", "false", "no", ""}


@dataclass(frozen=True)
class Columns:
    """The columns of the *image*, of its *label*, *group* and *split* (empty: none).

    *one_hot*: instead of a label, the columns of the classes, of which one is 1 in each row.
    """

    image: str
    label: str
    group: str
    split: str
    one_hot: tuple[str, ...] = ()

    @property
    def named(self) -> tuple[str, ...]:
        """All columns that are read."""
        return tuple(filter(None, (self.image, self.label, self.group, self.split, *self.one_hot)))

    def label_of(self, row: TableRow) -> str:
        """Return the class of the image in *row*; no class or several raise :class:`DataError`."""
        if not self.one_hot:
            return row[self.label]
        named = [name for name in self.one_hot if _is_yes(row.values[name])]
        if len(named) == 1:
            return named[0]
        what = f"is of {len(named)} classes, {', '.join(named[:3])}" if named else "is of no class"
        raise row.fault(f"{what}; a classifier needs one in each row: name a single column of classes (dataset.label)")

    def in_words(self) -> str:
        """Return which columns were read, such as ``image 'file', label 'dx'``."""
        named = {"image": self.image, "label": self.label, "group": self.group, "split": self.split}
        words = [f"{what} {name!r}" for what, name in named.items() if name]
        return f"columns: {', '.join(words)}" + (" and one for each class" if self.one_hot else "")


def columns_of(table: LabelTable, given: Columns, is_image: Callable[[str], bool]) -> Columns:
    """Return the columns of *table*: those that are *given*, and for empty ones those that it must be.

    *is_image*: whether a value names an image. Raises :class:`DataError` for a column that the table lacks, and where
    it could be several.
    """
    named = [given.image, given.label, given.group, given.split, *given.one_hot]
    table.require(name for name in named if name not in ("", NONE))
    if not given.image and any(map(has_image_suffix, table.columns)):
        raise DataError(f"{table.path} has no header; add a first line such as path,label")
    image = given.image or _image(table, named, is_image)
    free = [name for name in table.columns if name not in (image, *named)]
    group = given.group or _known(free, _GROUP)
    split = given.split or _split(table, free)
    free = [name for name in free if name not in (group, split)]
    label, one_hot = (given.label, given.one_hot) if given.label or given.one_hot else _label(table, free)
    return Columns(image, label, "" if group == NONE else group, "" if split == NONE else split, one_hot)


def _image(table: LabelTable, taken: Sequence[str], is_image: Callable[[str], bool]) -> str:
    free = [name for name in table.columns if name not in taken]
    likely = sorted((name for name in free if _plain(name) in _IMAGE), key=lambda name: _IMAGE.index(_plain(name)))
    rows = table.rows[:: max(1, len(table.rows) // _TRIED)][:_TRIED]
    for name in (*likely, *free):
        values = [value for row in rows if (value := row.values[name].strip())]
        if values and any(map(is_image, values)):
            return name
    if likely:
        return likely[0]
    raise DataError(
        f"{table.path}: no column names images; choose one (dataset.image), and their folder (dataset.folder): "
        f"{_listed(table.columns)}"
    )


def _label(table: LabelTable, free: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return the column of the label, or those of the classes if they are one-hot."""
    if known := _known(free, _LABEL):
        return known, ()
    if len(free) == 1:
        return free[0], ()
    marks = tuple(name for name in free if all(_is_mark(row.values[name]) for row in table.rows))
    if len(marks) > 1 and all(sum(_is_yes(row.values[name]) for name in marks) == 1 for row in table.rows):
        return "", marks
    raise DataError(
        f"{table.path}: which column is the class of an image is not clear; choose one (dataset.label), or the columns "
        f"of which one is 1 in each row (dataset.one_hot): {_listed(free)}"
    )


def _split(table: LabelTable, free: Sequence[str]) -> str:
    name = _known(free, _SPLIT)
    return name if name and all(part_of(row.values[name]) for row in table.rows) else ""


def _known(columns: Sequence[str], names: Sequence[str]) -> str:
    """Return the first of *names* that a column has, as the table writes it."""
    written = {_plain(name): name for name in reversed(columns)}
    return next((written[name] for name in names if name in written), "")


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.lower())


def _is_yes(value: str) -> bool:
    return value.strip().lower() in _YES


def _is_mark(value: str) -> bool:
    return value.strip().lower() in _YES | _NO


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:8])) + (" ..." if len(names) > 8 else "")

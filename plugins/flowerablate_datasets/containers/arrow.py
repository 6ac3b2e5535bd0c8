"""The data set ``arrow``: images as bytes in Parquet files, or a folder that the library ``datasets`` saved."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flowerablate import DataContext, DataError, Samples
from flowerablate.data.archives import MAX_FILES
from flowerablate.errors import count_of, message_of
from flowerablate.files import content_of

from ..folders.folder_names import part_of
from ..tables.metadata_files import metadata_files
from .arrow_columns import ArrowColumns, arrow_columns, image_columns
from .arrow_files import PARQUET, SUFFIXES, has_pyarrow, rows_of, schema_of
from .encoded_images import image_suffix
from .shards import Shard, in_part_order, shard_part, shards_in
from .unpacked import ImageOrigin, ImageWriter, place_of, unpacked_once

_SAVED, _SAVED_PARTS = "state.json", "dataset_dict.json"
_LABELS_AT_ONCE = 4096
_DIGITS = 18
"""Of a label that is a number; Python refuses to read thousands of them."""

_IMAGES_AT_ONCE = 1
"""Rows: an image that is stored once for all rows would otherwise be in memory many times."""


def reads_arrow(path: Path) -> bool:
    """Whether *path* is a Parquet or Arrow file with images, or a folder of such files."""
    if path.is_dir():
        try:
            if _is_saved(path):
                return True
            shards = [] if metadata_files(path) else shards_in(path, PARQUET)
        except (DataError, OSError):  # a folder that is closed
            return False
        return bool(shards) and (not has_pyarrow() or _has_images(shards[0].path))
    return path.is_file() and path.suffix.lower() in SUFFIXES and has_pyarrow() and _has_images(path)


def build(
    context: DataContext, *, path: str, image: str, label: str, group: str, split: str, class_names: Sequence[str]
) -> Samples:
    """Return the images in the files at *path*: a Parquet or Arrow file, a folder of them, or one that was saved.

    *image*, *label*, *group* and *split* are columns; where they are empty, they are found out, and ``-`` is none.
    *class_names*: of the labels 0, 1 and so on; empty: those that the file notes, or the values. The part of a file
    is in its name, such as ``train-00000-of-00002.parquet``, unless *split* is given. A part of which no image has a
    label is left out. Raises :class:`DataError` for files that cannot be read, and rows without an
    image (left out with ``context.skip_bad``) or label.
    """
    place = place_of(context, path, "arrow")
    shards = in_part_order(_shards(place), place)
    given = ArrowColumns(image, label, group, split, tuple(class_names))
    schema = schema_of(shards[0].path)
    columns = arrow_columns(schema, given, shards[0].path)
    if not split and any(shard.part for shard in shards):
        columns = ArrowColumns(columns.image, columns.label, columns.group, "", columns.classes)
    if len(set(columns.classes)) < len(columns.classes):
        raise DataError(f"{place}: two classes have the same name; name them otherwise (dataset.class_names)")

    def unpack(writer: ImageWriter) -> None:
        _Unpacking(writer, shards, columns).run()

    settings = {"columns": vars(columns), "parts": [shard.part for shard in shards]}
    return unpacked_once(context, [shard.path for shard in shards], settings, unpack)


@dataclass
class _Unpacking:
    """Writes the images of *shards*, after the labels of all have been looked at."""

    writer: ImageWriter
    shards: Sequence[Shard]
    columns: ArrowColumns
    _counts: dict[str, int] = field(default_factory=dict)

    def run(self) -> None:
        self.writer.classes = self.columns.classes
        self.writer.read_as.append(self.columns.in_words())
        origins = [self._origins(shard) for shard in self.shards]
        labelled = {origin.part for each in origins for origin in each if origin.label}
        unlabelled = [origin for each in origins for origin in each if origin.part not in labelled]
        self.writer.total = sum(map(len, origins)) - len(unlabelled)
        if unlabelled and labelled:
            parts = ", ".join(sorted({origin.part for origin in unlabelled}))
            self.writer.left_out.append(f"{count_of(len(unlabelled), 'image')} without labels (the part {parts})")
        for shard, each in zip(self.shards, origins, strict=True):
            self._require_labels(shard, each, labelled)
            if any(origin.part in labelled for origin in each):
                self._write(shard, each, labelled)

    def _origins(self, shard: Shard) -> list[ImageOrigin]:
        columns = self.columns
        names = [columns.label, *filter(None, (columns.group, columns.split))]
        _require(shard, [columns.image, *names])
        found = []
        for number, (label, *more) in enumerate(rows_of(shard.path, names, _LABELS_AT_ONCE), start=1):
            where = f"{shard.path}, row {number}"
            group = _plain(more.pop(0), where) if columns.group else ""
            if columns.group and not group:
                raise DataError(
                    f"{where} has no {columns.group!r}; fill it in, or choose no groups (dataset.group = -)"
                )
            part = shard.part
            if columns.split:
                part = part_of(value := _plain(more.pop(0), where))
                if not part:
                    raise DataError(
                        f"{where} has the unknown part {value!r}; use train, val or test, or none (dataset.split = -)"
                    )
            found.append(ImageOrigin(self._label(label, where), part, group))
            if len(found) > MAX_FILES:
                raise DataError(f"{shard.path} has more than {MAX_FILES:,} rows; divide it")
        return found

    def _label(self, value: object, where: str) -> str:
        """Return the name of the class *value*; empty if there is none, which ``datasets`` writes as -1."""
        text, names = _plain(value, where), self.columns.classes
        if not names or (isinstance(value, str) and not value.strip().isdecimal()):
            return text
        if text in ("", "-1"):
            return ""
        if not text.isdecimal() or len(text) > _DIGITS or int(text) >= len(names):
            raise DataError(
                f"{where} has the label {text}, but {len(names)} classes are named, 0 to {len(names) - 1}; name all of "
                "them (dataset.class_names)"
            )
        return names[int(text)]

    def _require_labels(self, shard: Shard, origins: Sequence[ImageOrigin], labelled: set[str]) -> None:
        for number, origin in enumerate(origins, start=1):
            if not origin.label and (origin.part in labelled or not labelled):
                raise DataError(
                    f"{shard.path}, row {number} has no {self.columns.label!r}; fill it in, or remove the row"
                )

    def _write(self, shard: Shard, origins: Sequence[ImageOrigin], labelled: set[str]) -> None:
        rows = rows_of(shard.path, [self.columns.image], _IMAGES_AT_ONCE)
        number = 0
        for number, (origin, (image,)) in enumerate(zip(origins, rows, strict=False), start=1):
            if origin.part not in labelled:
                continue
            content, name = (image.get("bytes"), image.get("path")) if isinstance(image, dict) else (image, None)
            place = self._counts.setdefault(origin.part, 0)
            self._counts[origin.part] += 1
            if not content:
                such = f", only the path {name!r}: save the data set with its images in it" if name else ""
                fault = f"{shard.path}, row {number} has no image in {self.columns.image!r}{such}"
                self.writer.leave_out(f"{shard.path.name}, row {number}", fault)
                continue
            stem = f"{origin.part}/{place:06}" if origin.part else f"{place:06}"
            suffix = image_suffix(content, name if isinstance(name, str) else "")
            self.writer.write_file(f"{stem}{suffix}", content, origin)
        if number < len(origins):
            raise DataError(
                f"{shard.path} is damaged: it has {len(origins):,} labels, and {number:,} images; get it again"
            )


def _require(shard: Shard, names: Sequence[str]) -> None:
    known = schema_of(shard.path).names
    if lacking := [name for name in names if known.count(name) != 1]:
        raise DataError(f"{shard.path} has no column {lacking[0]!r}, which other files have; remove or mend it")


def _plain(value: object, where: str) -> str:
    """Return *value* as text: a whole number as such, and nothing for what is missing."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and not value.is_integer():
        raise DataError(f"{where} has the fraction {value}, no class; choose another column (dataset.label)")
    return str(int(value)) if isinstance(value, (int, float)) else str(value).strip()


def _shards(place: Path) -> list[Shard]:
    if place.is_file():
        if place.suffix.lower() not in SUFFIXES:
            raise DataError(f"{place} is no Parquet or Arrow file by its name ({', '.join(SUFFIXES)}); rename it")
        return [Shard(place)]
    if not place.is_dir():
        raise DataError(f"no file or folder {place}; check the path (a relative path begins at the study's folder)")
    if (place / _SAVED_PARTS).is_file():
        names = _noted(place / _SAVED_PARTS, "splits")
        found = [Shard(each.path, shard_part(name)) for name in names for each in _saved(_inside(place, name))]
    else:
        found = _saved(place) if _is_saved(place) else shards_in(place, PARQUET)
    if not found:
        raise DataError(f"{place} holds no Parquet files and no data set that was saved; give another folder")
    return found


def _is_saved(folder: Path) -> bool:
    return (folder / _SAVED_PARTS).is_file() or all((folder / name).is_file() for name in (_SAVED, "dataset_info.json"))


def _saved(folder: Path) -> list[Shard]:
    """Return the files of a data set in *folder*, as ``save_to_disk`` of ``datasets`` notes them."""
    if _noted(folder / _SAVED, "_indices_data_files", needed=False):
        raise DataError(f"{folder} is a selection of rows that is not applied; save it again (flatten_indices)")
    return [Shard(_inside(folder, each)) for each in _noted(folder / _SAVED, "_data_files")]


def _noted(path: Path, key: str, *, needed: bool = True) -> list[str]:
    """Return the names that the JSON file at *path* lists under *key*."""
    try:
        noted: Any = json.loads(content_of(path))
        listed = noted[key] if needed else noted.get(key) or []
        names = [each["filename"] if isinstance(each, dict) else each for each in listed]
        if all(isinstance(name, str) for name in names):
            return names
    except (OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"cannot read {path}: {message_of(error)}; save the data set again") from error
    raise DataError(f"{path}: {key} is no list of names; save the data set again")


def _inside(folder: Path, name: str) -> Path:
    """Return what *folder* directly holds under *name*; a name that leads elsewhere is refused."""
    if name in ("", ".", "..") or any(mark in name for mark in "/\\:\0"):
        raise DataError(f"{folder} names {name!r}, which points outside of it; do not trust it")
    if not (folder / name).exists():
        raise DataError(f"{folder} names {name!r}, which is not there; copy or save the data set again")
    return folder / name


def _has_images(path: Path) -> bool:
    try:
        return bool(image_columns(schema_of(path), path))
    except DataError:
        return False

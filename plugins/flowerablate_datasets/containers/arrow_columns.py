"""Which columns of a Parquet or Arrow file hold the images, their classes, groups and parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flowerablate import DataError

from ..folders.folder_names import part_of
from ..tables.table_columns import GROUP, LABEL, NONE, SPLIT, known_column
from .arrow_files import class_names_of, rows_of
from .encoded_images import UNKNOWN, image_suffix

_IMAGE = ("image", "img", "images", "jpg", "png", "picture", "pixelvalues", "imagebytes", "bytes", "content")
_PEEKED = 4
_ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class ArrowColumns:
    """The columns of the *image*, its *label*, *group* and *split* (empty: none).

    *classes*: the names of the labels 0, 1 and so on; empty: the values are the names.
    """

    image: str
    label: str
    group: str = ""
    split: str = ""
    classes: tuple[str, ...] = ()

    def in_words(self) -> str:
        """Return which columns are read."""
        named = {"image": self.image, "label": self.label, "group": self.group, "split": self.split}
        return f"columns: {', '.join(f'{what} {name!r}' for what, name in named.items() if name)}"


def image_columns(schema: Any, path: Path) -> list[str]:
    """Return the columns of *schema*, that of the file at *path*, that hold image files.

    These are structs with ``bytes``, as ``datasets`` writes them, and bytes that begin as an image does.
    """
    found = []
    for field in schema:
        if _is_bytes(field.type):
            values = [value for _, (value,) in zip(range(_PEEKED), rows_of(path, [field.name], 1), strict=False)]
            if not any(value and image_suffix(value) != UNKNOWN for value in values):
                continue
        elif not _has_bytes(field.type):
            continue
        found.append(field.name)
    return found


def arrow_columns(schema: Any, given: ArrowColumns, path: Path) -> ArrowColumns:
    """Return the columns of the file at *path*: those that are *given*, and for empty ones those that they must be.

    Raises :class:`DataError` for a column that is missing or of a wrong type, and where it could be several.
    """
    names = list(schema.names)
    named = [name for name in (given.image, given.label, given.group, given.split) if name not in ("", NONE)]
    for name in named:
        if names.count(name) != 1:
            raise DataError(f"{path} has {names.count(name)} columns {name!r}, not one; it has: {_listed(names)}")
    image = given.image or _image(image_columns(schema, path), path, names)
    if not (_is_bytes(kind := schema.field(image).type) or _has_bytes(kind)):
        raise DataError(f"{path}: the column {image!r} holds {kind}, no image files; choose another (dataset.image)")
    plain = [field.name for field in schema if _is_plain(field.type)]
    if wrong := [name for name in (given.label, given.group, given.split) if name in named and name not in plain]:
        kind = schema.field(wrong[0]).type
        raise DataError(f"{path}: the column {wrong[0]!r} holds {kind}, not one value for each image; choose another")
    free = [name for name in plain if name != image and name not in named and names.count(name) == 1]
    group = given.group or known_column(free, GROUP)
    split = given.split or _split(free, path)
    class_names = class_names_of(schema)
    label = given.label or _label([name for name in free if name not in (group, split)], class_names, path)
    classes = given.classes or tuple(class_names.get(label, ()))
    return ArrowColumns(image, label, "" if group == NONE else group, "" if split == NONE else split, classes)


def _image(found: Sequence[str], path: Path, names: Sequence[str]) -> str:
    if len(found) == 1:
        return found[0]
    if not found:
        raise DataError(
            f"{path}: no column holds image files, as bytes; if it lists paths of images, use the data set table; "
            f"its columns: {_listed(names)}"
        )
    if known := known_column(found, _IMAGE):
        return known
    raise DataError(f"{path}: several columns hold images; choose one (dataset.image): {_listed(found)}")


def _label(free: Sequence[str], class_names: dict[str, list[str]], path: Path) -> str:
    noted = [name for name in free if name in class_names]
    if len(noted) == 1:
        return noted[0]
    if known := known_column(noted or free, LABEL):
        return known
    raise DataError(
        f"{path}: which column is the class of an image is not clear; choose one (dataset.label): "
        f"{_listed(noted or free)}"
    )


def _split(free: Sequence[str], path: Path) -> str:
    """Return the column that names a part in every row of the file at *path*; other columns may have such names too."""
    name = known_column(free, SPLIT)
    if not name:
        return ""
    values = (value for (value,) in rows_of(path, [name], _ROWS_AT_ONCE))
    return name if all(isinstance(value, str) and part_of(value) for value in values) else ""


def _is_bytes(kind: Any) -> bool:
    from pyarrow import types

    return bool(types.is_binary(kind) or types.is_large_binary(kind))


def _has_bytes(kind: Any) -> bool:
    from pyarrow import types

    return bool(types.is_struct(kind)) and any(child.name == "bytes" and _is_bytes(child.type) for child in kind)


def _is_plain(kind: Any) -> bool:
    from pyarrow import types

    kind = kind.value_type if types.is_dictionary(kind) else kind
    tests = (types.is_integer, types.is_string, types.is_large_string, types.is_boolean, types.is_floating)
    return any(test(kind) for test in tests)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:8])) + (" ..." if len(names) > 8 else "") or "none"

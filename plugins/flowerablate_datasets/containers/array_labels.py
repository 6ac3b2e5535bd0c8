"""Arrays of labels as one text for each image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from flowerablate import DataError
from flowerablate.data.archives import MAX_FILES

_MAX_BYTES = 1 << 28


def texts_of(array: Any, what: str) -> list[str]:
    """Return the values of *array*, [N] or [N, 1], as texts: whole numbers as such, texts as they are."""
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise DataError(f"{what} has the shape {list(array.shape)}; save one value for each image, [N] or [N, 1]")
    if len(array) > MAX_FILES or array.nbytes > _MAX_BYTES:
        raise DataError(
            f"{what} has {len(array):,} values of {array.dtype.itemsize} bytes; more are not read, divide it"
        )
    values = np.asarray(array)
    if values.dtype.kind == "f":
        if not np.isfinite(values).all() or (values != np.rint(values)).any() or np.abs(values).max(initial=0) > 1e15:
            raise DataError(f"{what} holds fractions or NaN, no classes; save whole numbers or names")
        values = values.astype(np.int64)
    if values.dtype.kind == "S":
        return [text.decode("utf-8", "replace").strip() for text in values.tolist()]
    if values.dtype.kind not in "biuU":
        raise DataError(f"{what} holds {values.dtype}, no classes; save whole numbers or names")
    if values.dtype.kind == "b":
        values = values.astype(np.uint8)
    try:
        texts = [str(value).strip() for value in values.tolist()]
        "".join(texts).encode()
        return texts
    except (UnicodeError, ValueError):
        raise DataError(f"{what} holds texts that are not Unicode; save it again") from None


def labels_of(array: Any, names: Sequence[str], what: str) -> list[str]:
    """Return the class of each image: from [N] or [N, 1], or from one-hot [N, K], of which one is 1 in each row.

    *names*: those of the classes, by number; empty: the numbers are their names. Raises :class:`DataError` for a label
    without a name, an empty one, and rows of several classes or none.
    """
    if array.ndim == 2 and array.shape[1] > 1:
        array = _numbers(array, what)
    texts = texts_of(array, what)
    for place, text in enumerate(texts):
        if not text:
            raise DataError(f"{what}: image {place} has no label; give it one, or leave the image out")
    if not names or array.dtype.kind in "US":
        return texts
    for place, text in enumerate(texts):
        if not 0 <= int(text) < len(names):
            raise DataError(
                f"{what}: image {place} has the label {text}, but {len(names)} classes are named, 0 to "
                f"{len(names) - 1}; name all of them (dataset.class_names)"
            )
    return [names[int(text)] for text in texts]


def _numbers(array: Any, what: str) -> Any:
    """Return the class numbers, int64 [N], of one-hot rows."""
    if array.dtype.kind not in "buif" or array.nbytes > 16 * _MAX_BYTES:
        raise DataError(
            f"{what} has the shape {list(array.shape)} of {array.dtype}; save one class for each image, [N]"
        )
    numbers = np.empty(len(array), np.int64)
    for start in range(0, len(array), 1024):
        rows = np.asarray(array[start : start + 1024])
        faults = ((rows != 0) & (rows != 1)).any(axis=1) | (rows.sum(axis=1, dtype=np.int64) != 1)
        if faults.any():
            place = start + int(np.flatnonzero(faults)[0])
            classes = int((rows[place - start] != 0).sum())
            raise DataError(
                f"{what} has the shape {list(array.shape)} and is not one-hot: image {place} has {classes} classes. A "
                "classifier needs one for each image; save one column of them as the labels"
            )
        numbers[start : start + len(rows)] = rows.argmax(axis=1)
    return numbers

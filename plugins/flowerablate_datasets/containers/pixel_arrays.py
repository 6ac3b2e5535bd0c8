"""Arrays of images: which axis is what, and values as the grey levels of a PNG, without loss."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowerablate import DataError
from flowerablate.data.decode import MAX_PIXELS

_CHANNELS = (1, 3, 4)
_AT_ONCE = 8 << 20
_STEP = 1e-3
"""How far a float may be from a grey level: as much as float16 needs."""


def images_of(array: Any, channels: str, what: str) -> Iterator[NDArray[Any]]:
    """Yield the images of *array*: uint8 or uint16 [H, W], or uint8 [H, W, 3 or 4].

    *array*: [N, H, W], [N, H, W, C] or [N, C, H, W] with C of 1, 3 or 4. *channels*: ``first`` or ``last`` where the
    shape does not tell, else ``auto``. Values: uint8, uint16 (grey), bool, other integers of 0 to 255, or floats that
    are grey levels divided by 255. Raises :class:`DataError` that names *what* for everything else.
    """
    shape, first = array.shape, _channels_first(array.shape, channels, what)
    pixels = int(np.prod(shape[1:], dtype=object))
    if not pixels or pixels > 4 * MAX_PIXELS:
        raise DataError(f"{what} has images of {pixels:,} values, {list(shape[1:])}; check how it was saved")
    colour = array.ndim == 4 and shape[1 if first else 3] > 1
    if array.dtype.kind not in "buif":
        raise DataError(f"{what} holds {array.dtype}, no grey levels; save uint8")
    if array.dtype == np.uint16 and colour:
        raise DataError(f"{what} holds colour of 16 bits, which a PNG of this program cannot keep; save it as uint8")
    count = max(1, _AT_ONCE // (pixels * array.dtype.itemsize))
    for start in range(0, shape[0], count):
        levels = _levels(np.asarray(array[start : start + count]), what)
        if first:
            levels = np.moveaxis(levels, 1, 3)
        if array.ndim == 4 and not colour:
            levels = levels[..., 0]
        yield from np.ascontiguousarray(levels)


def _channels_first(shape: tuple[int, ...], channels: str, what: str) -> bool:
    shown = list(shape)
    if len(shape) == 3:
        return False
    if len(shape) == 4:
        possible = [name for name, side in (("first", shape[1]), ("last", shape[3])) if side in _CHANNELS]
        if channels != "auto":
            if channels not in possible:
                raise DataError(
                    f"{what} has the shape {shown}, in which the {channels} axis of an image has no 1, 3 or 4 "
                    "channels; change dataset.channels"
                )
            return channels == "first"
        if len(possible) == 1:
            return possible[0] == "first"
        if possible:
            raise DataError(
                f'{what} has the shape {shown}, which can be read in two ways; set dataset.channels = "first" for '
                '[N, C, H, W], or "last" for [N, H, W, C]'
            )
    if len(shape) >= 4:
        raise DataError(f"{what} holds volumes, {shown}, not images; save slices of them, [N, H, W]")
    raise DataError(f"{what} has the shape {shown}, no images; reshape it to [N, H, W] or [N, H, W, C]")


def _levels(values: NDArray[Any], what: str) -> NDArray[Any]:
    """Return *values* as uint8, or uint16 if they are."""
    kind = values.dtype.kind
    if kind == "b":
        return values.astype(np.uint8) * np.uint8(255)
    if kind == "u" and values.dtype.itemsize <= 2:
        return values.astype(values.dtype.newbyteorder("="))
    if kind in "ui":
        if values.size and not (values.min() >= 0 and values.max() <= 255):
            raise DataError(
                f"{what} holds {values.dtype} of {values.min():,} to {values.max():,}; save grey levels as uint8 (0 to "
                "255) or uint16"
            )
        return values.astype(np.uint8)
    levels = np.rint(values.astype(np.float64) * 255) if np.isfinite(values).all() else np.array([-1.0])
    if levels.min(initial=0) < 0 or levels.max(initial=0) > 255:
        raise DataError(
            f"{what} holds {values.dtype} outside 0 to 1, so black and white are not known; save grey levels as uint8"
        )
    tolerance = 255 * _STEP if values.dtype.itemsize == 2 else _STEP
    if np.abs(values.astype(np.float64) * 255 - levels).max(initial=0) > tolerance:
        raise DataError(
            f"{what} holds {values.dtype} between the 256 grey levels, which rounding would lose; save uint8 or, for "
            "grey images, (x * 65535).round().astype('uint16')"
        )
    return levels.astype(np.uint8)

"""Erosion and dilation, one pixel of the element after the other, of 8 or 16 bits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .threshold import luminance

Pixels = NDArray[Any]

PADS = {"edge": "edge", "reflect": "symmetric", "reflect101": "reflect"}


def element(shape: str, size: int) -> NDArray[np.bool_]:
    """The structuring element, [size, size]."""
    center = size // 2
    offset = np.arange(size) - center
    down, right = offset[:, None], offset[None, :]
    if shape == "rectangle":
        return np.ones((size, size), bool)
    if shape == "cross":
        return (down == 0) | (right == 0)
    if shape == "disk":
        return down**2 + right**2 <= center**2
    # OpenCV's ellipse: half-width of each row, rounded with halves to even
    half = np.rint(center * np.sqrt((center**2 - down**2) / max(center**2, 1)))
    return np.abs(right) <= half


def spread(
    image: Pixels, flags: NDArray[np.bool_], anchor: int, *, largest: bool, border: str, border_value: int
) -> Pixels:
    """Largest or smallest value under the element, whose anchor is so far from its left and upper edge.

    A neutral border never wins.
    """
    height, width, _ = image.shape
    size = len(flags)
    if size == 1:
        return image  # it does not reach the border
    margin = ((anchor, size - 1 - anchor), (anchor, size - 1 - anchor), (0, 0))
    neutral = 0 if largest else np.iinfo(image.dtype).max
    if border in PADS:
        padded = np.pad(image, margin, mode=PADS[border])  # type: ignore[call-overload]
    else:
        padded = np.pad(image, margin, constant_values=neutral if border == "neutral" else border_value)
    pick = np.maximum if largest else np.minimum
    result = np.full_like(image, neutral)
    for y, x in np.argwhere(flags):
        result = pick(result, padded[y : y + height, x : x + width])
    return result


def morphology(
    image: Pixels,
    op: str,
    size: int,
    shape: str,
    iterations: int = 1,
    on: str = "channels",
    border: str = "neutral",
    border_value: int = 0,
    anchor: str = "centered",
) -> Pixels:
    """The op of the same name; with the centered anchor, the second of two passes has the element mirrored."""
    if on == "luminance" and image.shape[2] > 1:
        before = luminance(image)
        after = morphology(before, op, size, shape, iterations, "channels", border, border_value, anchor)
        changed = image.astype(int)
        changed[..., :3] += after.astype(int) - before
        return changed.clip(0, np.iinfo(image.dtype).max).astype(image.dtype)
    flags = element(shape, size)

    def several(image: Pixels, *, largest: bool, mirrored: bool = False) -> Pixels:
        middle = size - 1 - size // 2 if mirrored else size // 2
        if flags.all() and border not in ("neutral", "edge"):
            return _large_rectangle(image, size, middle, iterations, largest, border, border_value)
        set_ = flags[::-1, ::-1] if mirrored else flags
        for _ in range(iterations):
            image = spread(image, set_, middle, largest=largest, border=border, border_value=border_value)
        return image

    def both(first: bool) -> Pixels:
        return several(several(image, largest=first), largest=not first, mirrored=anchor == "centered")

    if op in ("erode", "dilate"):
        return several(image, largest=op == "dilate")
    if op in ("open", "close"):
        return both(op == "close")
    if op == "gradient":
        return _difference(several(image, largest=True), several(image, largest=False))
    return _difference(image, both(False)) if op == "tophat" else _difference(both(True), image)


def _large_rectangle(
    image: Pixels, size: int, anchor: int, iterations: int, largest: bool, border: str, border_value: int
) -> Pixels:
    """Slide once by a rectangle as large as all iterations together reach, as OpenCV does."""
    if size == 1:
        return image
    before, after = anchor * iterations, (size - 1 - anchor) * iterations
    margin = ((before, after), (before, after), (0, 0))
    if border in PADS:
        padded = np.pad(image, margin, mode=PADS[border])  # type: ignore[call-overload]
    else:
        padded = np.pad(image, margin, constant_values=border_value)
    pick = np.max if largest else np.min
    reach = (before + after + 1,) * 2
    return pick(np.lib.stride_tricks.sliding_window_view(padded, reach, axis=(0, 1)), axis=(-2, -1))


def _difference(one: Pixels, other: Pixels) -> Pixels:
    return np.maximum(one, other) - other

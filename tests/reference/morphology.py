"""Erosion and dilation, one pixel of the element after the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


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


def dilate(image: Pixels, flags: NDArray[np.bool_]) -> Pixels:
    """Largest value under the element, whose anchor is its middle (the later one if even); outside is neutral."""
    return _slide(image, flags, np.maximum, 0)


def erode(image: Pixels, flags: NDArray[np.bool_]) -> Pixels:
    """Smallest value under the element; the element is not mirrored against that of dilate, as in OpenCV."""
    return _slide(image, flags, np.minimum, 255)


def _slide(image: Pixels, flags: NDArray[np.bool_], pick: np.ufunc, neutral: int) -> Pixels:
    height, width, _ = image.shape
    size = len(flags)
    anchor = size // 2
    margin = (anchor, size - 1 - anchor)
    padded = np.pad(image, (margin, margin, (0, 0)), constant_values=neutral)
    result = np.full_like(image, neutral)
    for y, x in np.argwhere(flags):
        result = pick(result, padded[y : y + height, x : x + width])
    return result


def morphology(image: Pixels, op: str, size: int, shape: str) -> Pixels:
    """The op of the same name."""
    flags = element(shape, size)
    if op == "erode":
        return erode(image, flags)
    if op == "dilate":
        return dilate(image, flags)
    if op == "open":
        return dilate(erode(image, flags), flags)
    return erode(dilate(image, flags), flags)

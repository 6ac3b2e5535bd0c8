"""Resampling, cropping, padding and flipping in float64, with whole matrices of weights."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .philox import Draws
from .warps import pixels_at

Pixels = NDArray[Any]


def weight(distance: NDArray[np.float64], interpolation: str) -> NDArray[np.float64]:
    """Of a pixel at some distance: a triangle, or Keys' cubic with a = -0.5."""
    if interpolation == "bilinear":
        return np.maximum(0.0, 1.0 - distance)
    near = 1.5 * distance**3 - 2.5 * distance**2 + 1
    far = -0.5 * (distance**3 - 5 * distance**2 + 8 * distance - 4)
    return np.where(distance < 1, near, np.where(distance < 2, far, 0.0))


def weights(length: int, count: int, antialias: bool, interpolation: str = "bilinear") -> NDArray[np.float64]:
    """What each of *count* pixels is made of, [count, length]; each row sums to 1."""
    scale = length / count
    if interpolation == "nearest":
        return np.eye(length)[np.minimum(((np.arange(count) + 0.5) * scale).astype(int), length - 1)]
    if interpolation == "area":
        begin, pixel = np.arange(count)[:, None] * scale, np.arange(length)[None, :]
        table = np.maximum(0.0, np.minimum(pixel + 1, begin + scale) - np.maximum(pixel, begin))
    else:
        reach = max(scale, 1.0) if antialias else 1.0
        centers = (np.arange(count) + 0.5) * scale
        table = weight(np.abs(np.arange(length)[None, :] + 0.5 - centers[:, None]) / reach, interpolation)
    return table / table.sum(axis=1, keepdims=True)


def exactly_resampled(
    image: Pixels, height: int, width: int, antialias: bool, interpolation: str = "bilinear"
) -> NDArray[np.float64]:
    """Both passes without rounding."""
    columns = weights(image.shape[1], width, antialias, interpolation)
    rows = weights(image.shape[0], height, antialias, interpolation)
    return np.einsum("yh,xw,hwc->yxc", rows, columns, image.astype(np.float64), optimize=True)


def resample(image: Pixels, height: int, width: int, antialias: bool, interpolation: str = "bilinear") -> Pixels:
    """Horizontal pass, rounding (8-bit images only, as Pillow does it), vertical pass, rounding."""
    most = np.iinfo(image.dtype).max
    between = np.einsum("xw,hwc->hxc", weights(image.shape[1], width, antialias, interpolation), image.astype(float))
    if image.dtype == np.uint8:
        between = np.clip(np.floor(between + 0.5), 0, most)
    result = np.einsum("yh,hxc->yxc", weights(image.shape[0], height, antialias, interpolation), between)
    return np.clip(np.floor(result + 0.5), 0, most).astype(image.dtype)


def resampled_between(
    image: Pixels, height: int, width: int, antialias: bool, interpolation: str, doubt: float, rows_first: bool = True
) -> tuple[Pixels, Pixels]:
    """Lowest and highest value that `resample` may give where a sum may be *doubt* off before it is rounded (8 bits).

    With ``rows_first=False`` the vertical pass comes first.
    """
    passes = [(image.shape[1], width, "xw,hwc->hxc"), (image.shape[0], height, "yh,hxc->yxc")]
    low = high = image.astype(np.float64)
    for length, count, axes in passes if rows_first else passes[::-1]:
        table = weights(length, count, antialias, interpolation)
        raising, lowering = np.maximum(table, 0), np.minimum(table, 0)
        least = np.einsum(axes, raising, low, optimize=True) + np.einsum(axes, lowering, high, optimize=True)
        most = np.einsum(axes, raising, high, optimize=True) + np.einsum(axes, lowering, low, optimize=True)
        low = np.clip(np.floor(least - doubt + 0.5), 0, 255)
        high = np.clip(np.floor(most + doubt + 0.5), 0, 255)
    return low.astype(np.uint8), high.astype(np.uint8)


def resampled_as_pillow(image: Pixels, height: int, width: int, interpolation: str, rows_first: bool = True) -> Pixels:
    """Pillow's two passes: weights are whole multiples of 2^-22, and values are rounded to bytes after each pass."""
    passes = [(image.shape[1], width, "xw,hwc->hxc"), (image.shape[0], height, "yh,hxc->yxc")]
    values = image.astype(np.float64)  # holds the whole numbers below exactly
    for length, count, axes in passes if rows_first else passes[::-1]:
        table = weights(length, count, True, interpolation) * 2**22
        table = np.trunc(table + np.copysign(0.5, table))
        values = np.clip(np.floor((np.einsum(axes, table, values, optimize=True) + 2**21) / 2**22), 0, 255)
    return values.astype(np.uint8)


def resize(image: Pixels, size: int, fit: str, antialias: bool = False, interpolation: str = "bilinear") -> Pixels:
    """The op of the same name."""
    height, width, _ = image.shape
    short = min(height, width)
    if fit == "cover":
        top, left = (height - short) // 2, (width - short) // 2
        return resample(image[top : top + short, left : left + short], size, size, antialias, interpolation)
    if fit == "shorter":
        return resample(image, size * height // short, size * width // short, antialias, interpolation)
    return resample(image, size, size, antialias, interpolation)


def center_crop(image: Pixels, size: int) -> Pixels:
    """The op of the same name: pads with zeros where too small, then crops."""
    missing = [max(0, size - length) for length in image.shape[:2]]
    image = np.pad(image, [(m // 2, (m + 1) // 2) for m in missing] + [(0, 0)])
    top, left = (round((length - size) / 2) for length in image.shape[:2])
    return image[top : top + size, left : left + size]


def crop_box(
    height: int, width: int, scale: tuple[float, float], ratio: tuple[float, float], draws: Draws
) -> tuple[int, int, int, int]:
    """Top, left, height, width that random_resized_crop takes (torchvision's algorithm)."""
    for attempt in range(10):
        u = [draws.uniform(4 * attempt + i) for i in range(4)]
        area = height * width * (scale[0] + (scale[1] - scale[0]) * u[0])
        aspect = math.exp(math.log(ratio[0]) + (math.log(ratio[1]) - math.log(ratio[0])) * u[1])
        w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < w <= width and 0 < h <= height:
            return int((height - h + 1) * u[2]), int((width - w + 1) * u[3]), h, w
    h, w = height, width
    if width / height < ratio[0]:
        h = max(1, round(width / ratio[0]))
    elif width / height > ratio[1]:
        w = max(1, round(height * ratio[1]))
    return (height - h) // 2, (width - w) // 2, h, w


def random_resized_crop(
    image: Pixels,
    size: int,
    scale_low: float,
    scale_high: float,
    ratio_low: float,
    ratio_high: float,
    draws: Draws,
    antialias: bool = False,
    interpolation: str = "bilinear",
    probability: float = 1.0,
) -> Pixels:
    """The op of the same name."""
    if draws.uniform(40) >= probability:
        return resize(image, size, "cover", antialias, interpolation)
    top, left, h, w = crop_box(*image.shape[:2], (scale_low, scale_high), (ratio_low, ratio_high), draws)
    return resample(image[top : top + h, left : left + w], size, size, antialias, interpolation)


def horizontal_flip(image: Pixels, draws: Draws, probability: float = 1.0) -> Pixels:
    """The op of the same name."""
    return image[:, ::-1] if draws.uniform(0) < probability else image


def vertical_flip(image: Pixels, draws: Draws, probability: float = 1.0) -> Pixels:
    """The op of the same name."""
    return image[::-1] if draws.uniform(0) < probability else image


def window(image: Pixels, top: int, left: int, height: int, width: int, border: str, fill: float) -> Pixels:
    """The pixels from (top, left) on, which may lie outside the image."""
    y, x = np.mgrid[top : top + height, left : left + width]
    return pixels_at(image, x, y, border, fill).astype(image.dtype)


def random_crop(
    image: Pixels, size: int, draws: Draws, padding: int = 0, border: str = "constant", fill: float = 0.0
) -> Pixels:
    """The op of the same name."""
    places = []
    for axis, length in enumerate(image.shape[:2]):
        around = padding + max(0, size - length - 2 * padding)
        places.append(int((length + 2 * around - size + 1) * draws.uniform(1 + axis)) - around)
    return window(image, places[0], places[1], size, size, border, fill)


def pad(image: Pixels, pixels: int = 0, to_size: int = 0, border: str = "constant", fill: float = 0.0) -> Pixels:
    """The op of the same name."""
    lengths = [max(length + 2 * pixels, to_size) for length in image.shape[:2]]
    before = [pixels + (new - length - 2 * pixels) // 2 for new, length in zip(lengths, image.shape[:2], strict=True)]
    return window(image, -before[0], -before[1], lengths[0], lengths[1], border, fill)

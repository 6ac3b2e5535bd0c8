"""Resampling, cropping, flipping and rotation in float64, with whole matrices of weights."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .philox import Draws

Pixels = NDArray[np.uint8]
BORDERS = {"constant": "constant", "edge": "edge", "reflect": "symmetric", "reflect101": "reflect", "wrap": "wrap"}


def weights(length: int, count: int, antialias: bool) -> NDArray[np.float64]:
    """Triangle filter that maps *length* pixels to *count*, [count, length]; each row sums to 1."""
    scale = length / count
    reach = max(scale, 1.0) if antialias else 1.0
    centers = (np.arange(count) + 0.5) * scale
    if not antialias:
        centers = np.clip(centers, 0.5, length - 0.5)
    distance = np.abs(np.arange(length)[None, :] + 0.5 - centers[:, None]) / reach
    table = np.maximum(0.0, 1.0 - distance)
    return table / table.sum(axis=1, keepdims=True)


def resample(image: Pixels, height: int, width: int, antialias: bool) -> Pixels:
    """Horizontal pass, rounding, vertical pass, rounding: as Pillow does it."""
    columns = weights(image.shape[1], width, antialias)
    between = np.floor(np.einsum("xw,hwc->hxc", columns, image.astype(np.float64)) + 0.5)
    rows = weights(image.shape[0], height, antialias)
    return np.floor(np.einsum("yh,hxc->yxc", rows, between) + 0.5).astype(np.uint8)


def resize(image: Pixels, size: int, fit: str, antialias: bool) -> Pixels:
    """The op of the same name."""
    height, width, _ = image.shape
    short = min(height, width)
    if fit == "cover":
        top, left = (height - short) // 2, (width - short) // 2
        return resample(image[top : top + short, left : left + short], size, size, antialias)
    if fit == "shorter":
        return resample(image, size * height // short, size * width // short, antialias)
    return resample(image, size, size, antialias)


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
    antialias: bool,
    draws: Draws,
) -> Pixels:
    """The op of the same name."""
    top, left, h, w = crop_box(*image.shape[:2], (scale_low, scale_high), (ratio_low, ratio_high), draws)
    return resample(image[top : top + h, left : left + w], size, size, antialias)


def horizontal_flip(image: Pixels, probability: float, draws: Draws) -> Pixels:
    """The op of the same name."""
    return image[:, ::-1] if draws.uniform(0) < probability else image


def rotate(image: Pixels, degrees: float, border: str, probability: float, draws: Draws) -> Pixels:
    """The op of the same name."""
    if draws.uniform(0) >= probability:
        return image
    return turned(image, degrees * draws.symmetric(1), border)


def turned(image: Pixels, angle: float, border: str) -> Pixels:
    """*image* turned counter-clockwise by *angle* degrees about ((w-1)/2, (h-1)/2), bilinear, rounded."""
    height, width, _ = image.shape
    margin = height + width
    margins = ((margin, margin), (margin, margin), (0, 0))
    padded = np.pad(image, margins, mode=BORDERS[border])  # type: ignore[call-overload]
    c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    y, x = y - (height - 1) / 2, x - (width - 1) / 2
    source_x = c * x - s * y + (width - 1) / 2 + margin
    source_y = s * x + c * y + (height - 1) / 2 + margin
    left, top = np.floor(source_x).astype(int), np.floor(source_y).astype(int)
    fx, fy = (source_x - left)[..., None], (source_y - top)[..., None]
    above = padded[top, left] * (1 - fx) + padded[top, left + 1] * fx
    below = padded[top + 1, left] * (1 - fx) + padded[top + 1, left + 1] * fx
    return np.floor(above * (1 - fy) + below * fy + 0.5).astype(np.uint8)

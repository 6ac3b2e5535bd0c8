"""Rotation, affine, perspective and elastic warps in float64: each pixel is looked up by itself."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .philox import Draws

Pixels = NDArray[Any]
Places = NDArray[np.float64]
BORDERS = ("constant", "edge", "reflect", "reflect101", "wrap")


def inside(border: str, index: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """The pixel that stands at each position of an axis of *count* pixels; -1 for the constant."""
    if border == "edge":
        return np.clip(index, 0, count - 1)
    if border == "wrap":
        return index % count
    if border == "reflect":
        index = index % (2 * count)
        return np.minimum(index, 2 * count - 1 - index)
    if border == "reflect101":
        period = max(1, 2 * count - 2)
        index = index % period
        return np.minimum(index, period - index) if count > 1 else index
    return np.where((index >= 0) & (index < count), index, -1)


def pixels_at(image: Pixels, x: NDArray[np.int64], y: NDArray[np.int64], border: str, fill: float) -> Places:
    """The values at whole positions, with what stands outside."""
    column, row = inside(border, x, image.shape[1]), inside(border, y, image.shape[0])
    values = image[row, column].astype(np.float64)
    values[(column < 0) | (row < 0)] = fill
    return values


def exactly_sampled(image: Pixels, x: Places, y: Places, border: str, fill: float = 0.0) -> Places:
    """Bilinear values at positions x, y of the image, not rounded."""
    left, top = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    fx, fy = (x - left)[..., None], (y - top)[..., None]
    above = pixels_at(image, left, top, border, fill) * (1 - fx) + pixels_at(image, left + 1, top, border, fill) * fx
    below = pixels_at(image, left, top + 1, border, fill) * (1 - fx)
    below = below + pixels_at(image, left + 1, top + 1, border, fill) * fx
    return above * (1 - fy) + below * fy


def sampled(image: Pixels, x: Places, y: Places, border: str, interpolation: str, fill: float) -> Pixels:
    """Values at positions x, y of the image, rounded."""
    if interpolation == "nearest":
        nearest = (np.floor(x + 0.5).astype(np.int64), np.floor(y + 0.5).astype(np.int64))
        return pixels_at(image, *nearest, border, fill).astype(image.dtype)
    return np.floor(exactly_sampled(image, x, y, border, fill) + 0.5).astype(image.dtype)


def grid(image: Pixels) -> tuple[Places, Places]:
    """x and y of every pixel."""
    y, x = np.mgrid[0 : image.shape[0], 0 : image.shape[1]].astype(np.float64)
    return x, y


def turned(image: Pixels, angle: float, border: str, interpolation: str = "bilinear", fill: float = 0.0) -> Pixels:
    """*image* turned counter-clockwise by *angle* degrees about ((w-1)/2, (h-1)/2)."""
    return moved(image, angle, 1.0, (0.0, 0.0), (0.0, 0.0), border, interpolation, fill)


def forward(degrees: float, scale: float, shear: tuple[float, float]) -> NDArray[np.float64]:
    """Where offsets from the centre come to, as torchvision has it but for the sense of the angle."""
    a, sx, sy = -math.radians(degrees), math.radians(shear[0]), math.radians(shear[1])
    rotation = np.array([[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]])
    upright = np.array([[1, 0], [-math.tan(sy), 1]])
    sideways = np.array([[1, -math.tan(sx)], [0, 1]])
    return scale * rotation @ upright @ sideways


def moved(
    image: Pixels,
    degrees: float,
    scale: float,
    shift: tuple[float, float],
    shear: tuple[float, float],
    border: str,
    interpolation: str = "bilinear",
    fill: float = 0.0,
) -> Pixels:
    """*image* under an affine map; *shift* in shares of width and height, *degrees* counter-clockwise."""
    height, width, _ = image.shape
    inverse = np.linalg.inv(forward(degrees, scale, shear))
    x, y = grid(image)
    x, y = x - (width - 1) / 2 - shift[0] * width, y - (height - 1) / 2 - shift[1] * height
    source_x = inverse[0, 0] * x + inverse[0, 1] * y + (width - 1) / 2
    source_y = inverse[1, 0] * x + inverse[1, 1] * y + (height - 1) / 2
    return sampled(image, source_x, source_y, border, interpolation, fill)


def rotate(
    image: Pixels,
    degrees: float,
    border: str,
    draws: Draws,
    probability: float = 1.0,
    interpolation: str = "bilinear",
    fill: float = 0.0,
) -> Pixels:
    """The op of the same name."""
    if draws.uniform(0) >= probability:
        return image
    return turned(image, degrees * draws.symmetric(1), border, interpolation, fill)


AFFINE = {"degrees": 0.0, "scale": 1.0, "shift_x": 0.0, "shift_y": 0.0, "shear_x": 0.0, "shear_y": 0.0}


def affine(
    image: Pixels,
    border: str,
    draws: Draws,
    probability: float = 1.0,
    interpolation: str = "bilinear",
    fill: float = 0.0,
    **ranges: float,
) -> Pixels:
    """The op of the same name."""
    if draws.uniform(0) >= probability:
        return image
    drawn = {}
    for number, (name, neutral) in enumerate(AFFINE.items(), start=1):
        low, high = ranges.get(f"{name}_low", neutral), ranges.get(f"{name}_high", neutral)
        drawn[name] = low + (high - low) * draws.uniform(number)
    shift, shear = (drawn["shift_x"], drawn["shift_y"]), (drawn["shear_x"], drawn["shear_y"])
    return moved(image, drawn["degrees"], drawn["scale"], shift, shear, border, interpolation, fill)


def corners(height: int, width: int, distortion: float, draws: Draws) -> NDArray[np.float64]:
    """Where top left, top right, bottom right and bottom left come to, [4, 2]."""
    most_x, most_y = int(distortion * (width // 2)), int(distortion * (height // 2))
    found = []
    for i, (right, bottom) in enumerate([(False, False), (True, False), (True, True), (False, True)]):
        x = int((most_x + 1) * draws.uniform(1 + 2 * i))
        y = int((most_y + 1) * draws.uniform(2 + 2 * i))
        found.append((width - 1 - x if right else x, height - 1 - y if bottom else y))
    return np.array(found, np.float64)


def projected(
    image: Pixels, to: NDArray[np.float64], border: str, interpolation: str = "bilinear", fill: float = 0.0
) -> Pixels:
    """*image* with its corners moved *to* other places."""
    height, width, _ = image.shape
    if height < 2 or width < 2:
        return image
    ends = np.array([(0, 0), (width - 1, 0), (width - 1, height - 1), (0, height - 1)], np.float64)
    rows, right = [], []
    for (x, y), (u, v) in zip(to, ends, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    a, b, c, d, e, f, g, h = np.linalg.solve(np.array(rows), np.array(right))
    x, y = grid(image)
    with np.errstate(divide="ignore", invalid="ignore"):
        w = g * x + h * y + 1
        most = 2.0**28
        source_x = np.nan_to_num(np.clip((a * x + b * y + c) / w, -most, most), nan=most)
        source_y = np.nan_to_num(np.clip((d * x + e * y + f) / w, -most, most), nan=most)
    return sampled(image, source_x, source_y, border, interpolation, fill)


def perspective(
    image: Pixels,
    distortion: float,
    border: str,
    draws: Draws,
    probability: float = 1.0,
    interpolation: str = "bilinear",
    fill: float = 0.0,
) -> Pixels:
    """The op of the same name."""
    if draws.uniform(0) >= probability:
        return image
    return projected(image, corners(*image.shape[:2], distortion, draws), border, interpolation, fill)


def displacements(height: int, width: int, alpha: float, sigma: float, draws: Draws) -> NDArray[np.float64]:
    """How far each pixel is looked up from its place, in x and y: [height, width, 2]."""
    step = max(1, int(sigma / 2))
    reach = math.ceil(3 * sigma / step)
    rows, columns = (height - 1) // step + 2, (width - 1) // step + 2
    high, wide = rows + 2 * reach, columns + 2 * reach
    noise = np.array([draws.symmetric(2 + i) for i in range(2 * high * wide)]).reshape(high, wide, 2)
    bell = np.exp(-0.5 * ((np.arange(2 * reach + 1) - reach) * step / sigma) ** 2)
    bell = bell / bell.sum() / math.sqrt(step)
    across = sum(bell[t] * noise[:, t : t + columns] for t in range(2 * reach + 1))
    nodes = alpha * sum(bell[t] * across[t : t + rows] for t in range(2 * reach + 1))
    y, x = np.arange(height), np.arange(width)
    down, right = (y % step / step)[:, None, None], (x % step / step)[None, :, None]
    lines = nodes[y // step] * (1 - down) + nodes[y // step + 1] * down
    return lines[:, x // step] * (1 - right) + lines[:, x // step + 1] * right


def elastic(
    image: Pixels,
    alpha: float,
    sigma: float,
    border: str,
    draws: Draws,
    probability: float = 1.0,
    interpolation: str = "bilinear",
    fill: float = 0.0,
) -> Pixels:
    """The op of the same name."""
    if draws.uniform(0) >= probability:
        return image
    field = displacements(*image.shape[:2], alpha, sigma, draws)
    x, y = grid(image)
    return sampled(image, x + field[..., 0], y + field[..., 1], border, interpolation, fill)

"""Thresholds, decided value by value."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[Any]
Flags = NDArray[np.bool_]


def luminance(image: Pixels) -> Pixels:
    """OpenCV's grey, [H, W, 1]: 15-bit fixed point, rounded."""
    if image.shape[2] == 1:
        return image
    red, green, blue = (image[..., i].astype(np.int64) for i in range(3))
    return ((9798 * red + 19235 * green + 3735 * blue + 2**14) >> 15).astype(image.dtype)[..., None]


def choose(image: Pixels, above: Flags, limit: Any, mode: str, output: str) -> Pixels:
    """What the mode makes of *image* where *above*, and elsewhere; *limit* broadcasts."""
    if output == "mask":
        mode = {"binary": "tozero", "binary_inv": "tozero_inv"}[mode]
    largest = np.iinfo(image.dtype).max
    yes, no = {
        "binary": (largest, 0),
        "binary_inv": (0, largest),
        "truncate": (limit, image),
        "tozero": (image, 0),
        "tozero_inv": (0, image),
    }[mode]
    return np.where(np.broadcast_to(above, image.shape), yes, no).astype(image.dtype)


def threshold(
    image: Pixels, value: tuple[float, ...], channel: str = "each", mode: str = "binary", output: str = "binary"
) -> Pixels:
    """The op of the same name."""
    limit = np.minimum(np.floor(value).astype(int), np.iinfo(image.dtype).max)
    decider = image if channel == "each" else image[..., [int(channel)]]
    return choose(image, decider > limit, limit, mode, output)


def otsu_limit(plane: Pixels) -> int:
    """The first value that parts the histogram with the largest variance between the classes."""
    counts = np.bincount(plane.ravel(), minlength=np.iinfo(plane.dtype).max + 1)
    scale = 1.0 / plane.size
    mean = sum(i * float(count) for i, count in enumerate(counts)) * scale
    smallest = float(np.finfo(np.float32).eps)
    lower_mean = lower = best = 0.0
    limit = 0
    for i, count in enumerate(counts):
        weight = float(count) * scale
        lower_mean *= lower
        lower += weight
        upper = 1.0 - lower
        if min(lower, upper) < smallest or max(lower, upper) > 1.0 - smallest:
            continue
        lower_mean = (lower_mean + i * weight) / lower
        upper_mean = (mean - lower * lower_mean) / upper
        between = lower * upper * (lower_mean - upper_mean) * (lower_mean - upper_mean)
        if between > best:
            best, limit = between, i
    return limit


def otsu(image: Pixels, on: str = "luminance", mode: str = "binary", output: str = "binary") -> Pixels:
    """The op of the same name."""
    if on == "luminance":
        plane = luminance(image)
        limit = otsu_limit(plane)
        return choose(image, plane > limit, limit, mode, output)
    limits = np.array([otsu_limit(image[..., c]) for c in range(image.shape[2])])
    return choose(image, image > limits, limits, mode, output)


def gaussian_weights(size: int) -> NDArray[np.float32]:
    """OpenCV's Gaussian of that size, whose sigma follows from it; small ones are rounded to fractions."""
    small = {3: [1, 2, 1], 5: [1, 4, 6, 4, 1], 7: [2, 7, 14, 18, 14, 7, 2], 9: [4, 13, 30, 51, 60, 51, 30, 13, 4]}
    if size in small:
        return (np.array(small[size]) / sum(small[size])).astype(np.float32)
    away = np.arange(size) - (size - 1) / 2
    sigma = 0.3 * ((size - 1) / 2 - 1) + 0.8
    weights = np.exp(-(away**2) / (2 * sigma**2))
    return (weights / weights.sum()).astype(np.float32)


def neighbourhood_mean(plane: Pixels, method: str, size: int) -> NDArray[np.int64]:
    """Rounded mean of the square around each pixel of a plane [H, W]; outside, the border repeats."""
    height, width = plane.shape
    radius = size // 2
    padded = np.pad(plane.astype(np.float32), radius, mode="edge")
    if method == "mean":
        windows = np.lib.stride_tricks.sliding_window_view(padded.astype(np.int64), (size, size))
        sums: NDArray[np.int64] = windows.sum((-2, -1))
        return (2 * sums + size**2) // (2 * size**2)
    weights = gaussian_weights(size)
    one = np.zeros(size, np.float32)
    one[radius] = 1
    rows = _fused([padded[:, i : i + width] for i in range(size)], weights if width > 1 else one)
    pairs = [rows[radius - i : radius - i + height] + rows[radius + i : radius + i + height] for i in range(radius + 1)]
    pairs[0] = rows[radius : radius + height]
    return np.rint(_fused(pairs, (weights if height > 1 else one)[radius:])).clip(0, 255).astype(np.int64)


def _fused(terms: list[NDArray[np.float32]], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Weighted sum in float32, each product and sum rounded once."""
    total = terms[0] * weights[0]
    for term, weight in zip(terms[1:], weights[1:], strict=True):
        total = (term.astype(np.float64) * np.float64(weight) + total).astype(np.float32)
    return total


def adaptive_threshold(
    image: Pixels,
    method: str,
    block_size: int,
    c: float,
    on: str = "luminance",
    mode: str = "binary",
    output: str = "binary",
) -> Pixels:
    """The op of the same name."""
    shift = int(np.ceil(c) if mode == "binary" else np.floor(c))
    planes = luminance(image) if on == "luminance" else image
    means = [neighbourhood_mean(planes[..., i], method, block_size) for i in range(planes.shape[2])]
    return choose(image, np.stack(means, axis=2) - planes < shift, None, mode, output)

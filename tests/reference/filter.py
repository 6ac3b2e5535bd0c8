"""Filters: each output value from the window around it, taken out of a padded image."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .philox import Draws

Pixels = NDArray[np.uint8]
Values = NDArray[np.float64]

SMOOTH = {1: (0, 1, 0), 3: (1, 2, 1), 5: (1, 4, 6, 4, 1), 7: (1, 6, 15, 20, 15, 6, 1)}
DIFFERENCE = {1: (-1, 0, 1), 3: (-1, 0, 1), 5: (-1, -2, 0, 2, 1), 7: (-1, -4, -5, 0, 5, 4, 1)}
FIXED_BELLS = {3: (1, 2, 1), 5: (1, 4, 6, 4, 1), 7: (2, 7, 14, 18, 14, 7, 2), 9: (4, 13, 30, 51, 60, 51, 30, 13, 4)}


def mirrored(i: int, n: int) -> int:
    """Place *i* of a line of *n* mirrored at its first and last element."""
    if n == 1:
        return 0
    i %= 2 * n - 2
    return min(i, 2 * n - 2 - i)


def pad(image: NDArray[np.generic], size: int, border: str) -> NDArray[np.generic]:
    """Add size // 2 pixels before, the rest of a window of *size* behind, on both axes."""
    for axis in (0, 1):
        n = image.shape[axis]
        places = range(-(size // 2), n + size - 1 - size // 2)
        image = image.take([mirrored(i, n) if border == "mirror" else min(max(i, 0), n - 1) for i in places], axis)
    return image


def windows(image: NDArray[np.generic], size: int, border: str) -> NDArray[np.generic]:
    """Return [H, W, C, size, size]: the window of each value."""
    return np.lib.stride_tricks.sliding_window_view(pad(image, size, border), (size, size), axis=(0, 1))


def rounded(values: Values, dtype: np.dtype[np.generic] | type = np.uint8) -> NDArray[np.generic]:
    """Round to nearest, halves to even, and saturate."""
    return np.clip(np.rint(values), 0, np.iinfo(dtype).max).astype(dtype)


def box_blur(image: Pixels, size: int) -> Pixels:
    """The op of the same name; large windows in float32 for bytes, float64 for words, like the core."""
    if image.dtype == np.uint8 and size <= 16:
        return ((windows(image, size, "mirror").sum((-1, -2), dtype=np.int64) + size**2 // 2) // size**2).astype(
            np.uint8
        )
    real = np.float32 if image.dtype == np.uint8 else np.float64
    sums = windows(image, size, "mirror").sum((-1, -2), dtype=np.int64)
    return rounded(sums.astype(real) * real(1 / size**2), image.dtype)


def median_blur(image: Pixels, size: int) -> Pixels:
    """The op of the same name."""
    return np.median(windows(image, size, "repeat"), axis=(-1, -2)).astype(image.dtype)


def bell_size(size: int, sigma: float, dtype: np.dtype[np.generic]) -> int:
    """The size itself, or OpenCV's for *sigma*, at most 63."""
    return size or min(63, round(sigma * (6 if dtype == np.uint8 else 8) + 1)) | 1


def bell(size: int, sigma: float) -> list[float]:
    """Weights of a Gaussian of *size* taps; OpenCV's fixed ones where sigma is 0 and the size at most 9."""
    if sigma == 0 and size in FIXED_BELLS:
        return [weight / sum(FIXED_BELLS[size]) for weight in FIXED_BELLS[size]]
    sigma = sigma or 0.3 * ((size - 1) * 0.5 - 1) + 0.8
    half = [math.exp(-0.5 * i * i / (sigma * sigma)) for i in range(size // 2 + 1)]
    total = half[0]
    for weight in half[1:]:
        total += 2 * weight
    return [half[abs(i)] / total for i in range(-(size // 2), size // 2 + 1)]


def exact_gaussian_blur(image: Pixels, size: int, sigma: float) -> Values:
    """The Gaussian in float64, not rounded; what the op is an approximation of."""
    weights = np.array(bell(bell_size(size, sigma, image.dtype), sigma))
    down = np.tensordot(windows_along(image.astype(np.float64), len(weights), 0), weights, (-1, 0))
    return np.tensordot(windows_along(down, len(weights), 1), weights, (-1, 0))


def windows_along(image: NDArray[np.generic], size: int, axis: int) -> NDArray[np.generic]:
    """Return [H, W, C, size]: the *size* neighbours of each value along one axis, mirrored at the border."""
    n = image.shape[axis]
    padded = image.take([mirrored(i, n) for i in range(-(size // 2), n + size // 2)], axis)
    return np.lib.stride_tricks.sliding_window_view(padded, size, axis=axis)


def gaussian_blur(image: Pixels, size: int, sigma: float) -> Pixels:
    """The op of the same name: the fixed point of csrc/kernels/filter.cpp for bytes, float64 for words."""
    weights = bell(bell_size(size, sigma, image.dtype), sigma)
    if image.dtype != np.uint8:
        return rounded(exact_gaussian_blur(image, size, sigma), image.dtype)
    if len(weights) == 1:
        return image
    radius = len(weights) // 2
    pairs = [round(131072 * weights[radius + i]) for i in range(1, radius + 1)]
    centre = min(65536 - sum(pairs), 65535)
    near = windows_along(image.astype(np.int64), len(weights), 0)
    down = (near[..., radius] * 256 * centre >> 16) + (radius + 1) // 2
    for i, weight in enumerate(pairs, 1):
        down += (near[..., radius - i] + near[..., radius + i]) * 128 * weight >> 16
    near = windows_along(down, len(weights), 1)
    along = (near[..., radius] * centre >> 16) + (radius + 1) // 2 + 128
    for i, weight in enumerate(pairs, 1):
        along += (near[..., radius - i] + near[..., radius + i] + 1 >> 1) * weight >> 16
    return (along >> 8).astype(np.uint8)


def random_gaussian_blur(
    image: Pixels, size: int, sigma_low: float, sigma_high: float, draws: Draws, probability: float = 1.0
) -> Pixels:
    """The op of the same name."""
    if draws.uniform(0) >= probability:
        return image
    return gaussian_blur(image, size, sigma_low + (sigma_high - sigma_low) * draws.uniform(1))


def unsharp(image: Pixels, size: int, sigma: float, amount: float, threshold: int) -> Pixels:
    """The op of the same name, in float32 like the core."""
    difference = image.astype(np.int32) - gaussian_blur(image, size, sigma)
    sharper = image.astype(np.float32) + np.float32(amount) * difference.astype(np.float32)
    return np.where(np.abs(difference) > threshold, rounded(sharper), image)


def sharpness(image: Pixels, low: float, high: float, draws: Draws, probability: float = 1.0) -> Pixels:
    """The op of the same name, in float32 like the core."""
    if draws.uniform(0) >= probability:
        return image
    factor = np.float32(low + (high - low) * draws.uniform(1))
    out = image.copy()
    inside = image[1:-1, 1:-1].astype(np.float32)
    if inside.size:
        around = np.lib.stride_tricks.sliding_window_view(image, (3, 3), axis=(0, 1)).sum((-1, -2), dtype=np.int64)
        smooth = np.rint((around + 4 * image[1:-1, 1:-1].astype(np.int64)).astype(np.float32) * np.float32(1 / 13))
        out[1:-1, 1:-1] = rounded(smooth + factor * (inside - smooth))
    return out


def sobel(image: Pixels, size: int, output: str) -> Pixels:
    """The op of the same name."""
    around = windows(image, max(size, 3), "mirror").astype(np.int64)
    smooth, difference = np.array(SMOOTH[size]), np.array(DIFFERENCE[size])
    x = np.einsum("hwcij,i,j->hwc", around, smooth, difference)
    y = np.einsum("hwcij,i,j->hwc", around, difference, smooth)
    if output == "magnitude":
        return rounded(np.sqrt((x * x + y * y).astype(np.float64)))
    return rounded(np.abs(x if output == "x" else y).astype(np.float64))

"""Noise and erasing, from the random words of each pixel."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .philox import Draws

Pixels = NDArray[np.uint8]

FIRST_BLOCK = 2**19
BLOCKS_OF_HOLE = 2**25


def pixel_words(draws: Draws, first: int, blocks: int) -> NDArray[np.uint32]:
    """Philox blocks number *first* and following: four words each, one after another."""
    counter = np.zeros((4, blocks), np.uint64)
    counter[0], counter[1], counter[2] = draws.sample & 0xFFFFFFFF, draws.sample >> 32, draws.epoch
    counter[3] = np.arange(first, first + blocks)
    key = list(draws.key)
    low = np.uint64(0xFFFFFFFF)
    for _ in range(10):
        one, other = counter[0] * np.uint64(0xD2511F53), counter[2] * np.uint64(0xCD9E8D57)
        half = np.uint64(32)
        counter = np.stack(
            [
                (other >> half) ^ counter[1] ^ np.uint64(key[0]),
                other & low,
                (one >> half) ^ counter[3] ^ np.uint64(key[1]),
                one & low,
            ]
        )
        key = [(key[0] + 0x9E3779B9) % 2**32, (key[1] + 0xBB67AE85) % 2**32]
    return counter.T.astype(np.uint32).ravel()


def words_of(draws: Draws, count: int, dtype: type, first: int = FIRST_BLOCK) -> NDArray[np.generic]:
    """As many numbers of 8, 16 or 32 random bits, the lowest of each word first."""
    size = np.dtype(dtype).itemsize
    return (
        pixel_words(draws, first, -(-count * size // 16)).astype("<u4").view(np.dtype(dtype).newbyteorder("<"))[:count]
    )


def normal_table() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The numbers of csrc/kernels/normal_table.hpp: base and slope, [4, 64]."""
    text = (Path(__file__).resolve().parents[2] / "csrc/kernels/normal_table.hpp").read_text()
    base, slope = (re.split(r"= \{", part)[1] for part in text.split("static constexpr")[1:])
    return tuple(np.array(re.findall(r"\d+", part), np.int64)[:256].reshape(4, 64) for part in (base, slope))


def normal_length(p: NDArray[np.integer]) -> NDArray[np.int64]:
    """|z| in 1/4096 of which a share of (p + 0.5) / 65536 of all numbers lies above, p in 0..32767."""
    base, slope = normal_table()
    p = p.astype(np.int64)
    level = np.select([p >= 4096, p >= 512, p >= 64], [0, 1, 2], 3)
    shift = np.array([9, 6, 3, 0])[level]
    return base[level, p >> shift] - (slope[level, p >> shift] * (p % (1 << shift)) >> shift)


def gaussian_noise(
    image: Pixels, std_low: float, std_high: float, per_channel: bool, draws: Draws, probability: float = 1.0
) -> Pixels:
    """The op of the same name."""
    if draws.uniform(0) >= probability:
        return image
    deviation = 255.0 * (std_low + (std_high - std_low) * draws.uniform(1))
    shift = next((s for s in range(4, 14) if round(deviation * 2 ** (4 + s)) > 32767), 14)
    scale = round(deviation * 2 ** (3 + shift))
    height, width, channels = image.shape
    words = words_of(draws, height * width * (channels if per_channel else 1), np.uint16).reshape(height, width, -1)
    size = ((normal_length(words & 0x7FFF) * scale >> 15) + (1 << (shift - 1))) >> shift
    noise = np.where(words >> 15, -size, size)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def salt_and_pepper(
    image: Pixels, amount: float, salt_share: float, per_channel: bool, draws: Draws, probability: float = 1.0
) -> Pixels:
    """The op of the same name."""
    if draws.uniform(0) >= probability:
        return image
    height, width, channels = image.shape
    words = words_of(draws, height * width * (channels if per_channel else 1), np.uint32).reshape(height, width, -1)
    salt, any_ = round(2**32 * amount * salt_share), round(2**32 * amount)
    white = np.iinfo(image.dtype).max
    return np.where(words < salt, white, np.where(words < any_, 0, image)).astype(image.dtype)


def erase(image: Pixels, holes: list[tuple[int, int, int, int]], fill: str, value: float, draws: Draws) -> Pixels:
    """Fill rectangles (top, left, height, width)."""
    out = image.copy()
    most = np.iinfo(image.dtype).max
    pixels = image.shape[0] * image.shape[1]
    for i, (top, left, height, width) in enumerate(holes):
        part = out[top : top + height, left : left + width]
        if fill == "noise":
            part[:] = words_of(draws, part.size, image.dtype, FIRST_BLOCK + i * BLOCKS_OF_HOLE).reshape(part.shape)
        elif fill == "mean":
            part[:] = (image.sum((0, 1), dtype=np.int64) + pixels // 2) // pixels
        else:
            part[:] = round(value * most)
    return out


def random_erasing(
    image: Pixels,
    scale_low: float,
    scale_high: float,
    ratio_low: float,
    ratio_high: float,
    fill: str,
    value: float,
    draws: Draws,
    probability: float = 1.0,
) -> Pixels:
    """The op of the same name."""
    if draws.uniform(0) >= probability:
        return image
    rows, columns = image.shape[:2]
    low, high = math.log(ratio_low), math.log(ratio_high)
    for number in range(1, 41, 4):
        area = (scale_low + (scale_high - scale_low) * draws.uniform(number)) * rows * columns
        ratio = math.exp(low + (high - low) * draws.uniform(number + 1))
        height, width = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if height < rows and width < columns:
            top = int((rows - height + 1) * draws.uniform(number + 2))
            left = int((columns - width + 1) * draws.uniform(number + 3))
            return erase(image, [(top, left, height, width)], fill, value, draws)
    return image


def cutout(
    image: Pixels, holes: int, size: int, share: float, fill: str, value: float, draws: Draws, probability: float = 1.0
) -> Pixels:
    """The op of the same name."""
    if draws.uniform(0) >= probability:
        return image
    rows, columns = image.shape[:2]
    side = size or round(share * min(rows, columns))
    found = []
    for i in range(holes):
        y = int(rows * draws.uniform(1 + 2 * i)) - side // 2
        x = int(columns * draws.uniform(2 + 2 * i)) - side // 2
        top, left = max(y, 0), max(x, 0)
        found.append((top, left, min(y + side, rows) - top, min(x + side, columns) - left))
    return erase(image, found, fill, value, draws)

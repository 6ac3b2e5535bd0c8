"""Spreading and equalising the range of values, one histogram and one table after the other."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .lab import lab_to_rgb, rgb_to_lab
from .philox import Draws

Pixels = NDArray[Any]  # uint8 or uint16, [H, W, C]


def full(image: Pixels) -> int:
    """The largest value that the type of *image* holds."""
    return int(np.iinfo(image.dtype).max)


def stretched(values: NDArray[Any], low: int, high: int, top: int) -> NDArray[np.int64]:
    """Whole numbers mapped so that *low* becomes 0 and *high* *top*, halves rounded up, clipped."""
    width = high - low
    return np.clip((2 * top * (values.astype(np.int64) - low) + width) // (2 * width), 0, top)


def to_8_bits(image: Pixels, low: int, high: int) -> NDArray[np.uint8]:
    """The op of the same name; an 8-bit value v stands for the 16-bit value 257 v."""
    values = image.astype(np.int64) * (257 if image.dtype == np.uint8 else 1)
    return stretched(values, low, high, 255).astype(np.uint8)


def parts(image: Pixels, per_channel: bool) -> list[Pixels]:
    """Views of *image* that are treated by themselves."""
    return [image[..., c : c + 1] for c in range(image.shape[2])] if per_channel else [image]


def min_max(image: Pixels, per_channel: bool) -> Pixels:
    """The op of the same name."""
    return percentile_stretch(image, 0.0, 100.0, per_channel)


def percentile_stretch(image: Pixels, low: float, high: float, per_channel: bool) -> Pixels:
    """The op of the same name; the percentiles are NumPy's of the method ``inverted_cdf``."""
    done = []
    for part in parts(image, per_channel):
        first, last = (int(np.percentile(part, at, method="inverted_cdf")) for at in (low, high))
        spread = stretched(part, first, last, full(image)).astype(image.dtype) if last > first else part
        done.append(spread)
    return np.concatenate(done, axis=2)


def equalized(values: NDArray[Any], formula: str, top: int) -> NDArray[Any]:
    """*values* of one channel, with the table of OpenCV's or of Pillow's formula."""
    histogram = np.bincount(values.ravel(), minlength=top + 1)
    present = np.flatnonzero(histogram)
    if len(present) == 1:
        return values
    first, last = present[0], present[-1]
    if formula == "opencv":
        scale = np.float32(top) / np.float32(values.size - histogram[first])
        sums = np.cumsum(histogram) - histogram[first]
        table = np.rint(sums.astype(np.float32) * scale)
    else:
        step = (values.size - histogram[last]) // top
        if step == 0:
            return values
        below = np.cumsum(histogram) - histogram
        table = (step // 2 + below) // step
    return np.clip(table, 0, top).astype(values.dtype)[values]


def luminance(image: Pixels) -> NDArray[np.int64]:
    """Y of OpenCV's YCrCb, fixed point with 14 bits behind the point."""
    red, green, blue = (image[..., c].astype(np.int64) for c in range(3))
    return (4899 * red + 9617 * green + 1868 * blue + 8192) >> 14


def relit(image: Pixels, new: NDArray[Any]) -> Pixels:
    """*image* with another Y, by way of OpenCV's YCrCb; a fourth channel is left as it is."""
    top = full(image)
    middle = (top + 1) // 2
    old, new = luminance(image), new.astype(np.int64)
    red_part, blue_part = (
        np.clip(((image[..., c].astype(np.int64) - old) * by + (middle << 14) + 8192) >> 14, 0, top) - middle
        for c, by in ((0, 11682), (2, 9241))
    )
    changed = image.copy()
    changed[..., 0] = np.clip(new + ((red_part * 22987 + 8192) >> 14), 0, top)
    changed[..., 1] = np.clip(new + ((blue_part * -5636 + red_part * -11698 + 8192) >> 14), 0, top)
    changed[..., 2] = np.clip(new + ((blue_part * 29049 + 8192) >> 14), 0, top)
    return changed


def equalize(image: Pixels, formula: str, on: str) -> Pixels:
    """The op of the same name."""
    if on == "luminance" and image.shape[2] > 1:
        return relit(image, equalized(luminance(image), formula, full(image)))
    return np.stack([equalized(image[..., c], formula, full(image)) for c in range(image.shape[2])], axis=2)


def tile_table(tile: NDArray[Any], clip_limit: float, top: int) -> NDArray[np.float32]:
    """The table of one tile: its histogram clipped, what was cut off spread over all bins, summed up."""
    histogram = np.bincount(tile.ravel(), minlength=top + 1)
    if clip_limit > 0:
        limit = max(int(clip_limit * tile.size / (top + 1)), 1)
        excess = int(np.maximum(histogram - limit, 0).sum())
        histogram = np.minimum(histogram, limit) + excess // (top + 1)
        rest = excess % (top + 1)
        if rest:
            step = max((top + 1) // rest, 1)
            histogram[np.arange(rest) * step] += 1
    scale = np.float32(top) / np.float32(tile.size)
    return np.clip(np.rint(np.cumsum(histogram).astype(np.float32) * scale), 0, top).astype(np.float32)


def neighbours(length: int, tile: int, tiles: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """For each pixel along an axis: the tiles before and behind it, and the share of the latter."""
    place = np.arange(length).astype(np.float32) * (np.float32(1) / np.float32(tile)) - np.float32(0.5)
    before = np.floor(place)
    share = place - before
    first = before.astype(np.int64)
    return np.maximum(first, 0), np.minimum(first + 1, tiles - 1), share


def adapted(plane: NDArray[Any], clip_limit: float, rows: int, columns: int) -> NDArray[Any]:
    """CLAHE of one channel, as OpenCV does it."""
    top = int(np.iinfo(plane.dtype).max)
    height, width = plane.shape
    whole = height % rows == 0 and width % columns == 0
    margin = (0, 0) if whole else (rows - height % rows, columns - width % columns)
    wide = np.pad(plane, ((0, margin[0]), (0, margin[1])), mode="reflect") if plane.size else plane
    tall, broad = wide.shape[0] // rows, wide.shape[1] // columns
    tables = np.stack(
        [
            [tile_table(wide[r * tall :][:tall, c * broad :][:, :broad], clip_limit, top) for c in range(columns)]
            for r in range(rows)
        ]
    )
    up, down, low = (part[:, None] for part in neighbours(height, tall, rows))
    left, right, far = (part[None, :] for part in neighbours(width, broad, columns))
    one = np.float32(1)
    above = tables[up, left, plane] * (one - far) + tables[up, right, plane] * far
    below = tables[down, left, plane] * (one - far) + tables[down, right, plane] * far
    return np.rint(above * (one - low) + below * low).astype(plane.dtype)


def clahe(image: Pixels, clip_limit: float, rows: int, columns: int) -> Pixels:
    """The op of the same name: grey images directly, others on L of Lab; a fourth channel is left as it is."""
    if image.shape[2] == 1:
        return adapted(image[..., 0], clip_limit, rows, columns)[..., None]
    lab = rgb_to_lab(image[..., :3])
    lab[..., 0] = adapted(lab[..., 0], clip_limit, rows, columns)
    return np.concatenate([lab_to_rgb(lab), image[..., 3:]], axis=2)


def gamma(image: Pixels, gamma: float, gain: float) -> Pixels:
    """The op of the same name: round(gain * full * (x / full) ** gamma), clipped."""
    top = full(image)
    values = np.floor(gain * top * (image.astype(np.float64) / top) ** gamma + 0.5)
    return np.clip(values, 0, top).astype(image.dtype)


def random_gamma(image: Pixels, low: float, high: float, draws: Draws) -> Pixels:
    """The op of the same name: the logarithm of gamma is uniform (draw 1)."""
    drawn = math.exp(math.log(low) + (math.log(high) - math.log(low)) * draws.uniform(1))
    return gamma(image, drawn, 1.0)


def standardize(image: Pixels, per_channel: bool) -> NDArray[np.float32]:
    """The op of the same name: HWC to CHW, mean 0 and deviation 1, in whole numbers up to the last step."""
    top = float(full(image))
    scaled = image.transpose(2, 0, 1).astype(np.float32) * np.float32(1.0 / top)
    numbers = []
    for part in parts(image, per_channel):
        values = [int(value) for value in part.ravel()]
        count, total = len(values), sum(values)
        spread = count * sum(value * value for value in values) - total * total
        deviation = max(math.sqrt(spread) / count / top, 1.0 / math.sqrt(count))
        numbers.append((total / count / top, deviation))
    mean, std = (np.array(column, np.float32)[:, None, None] for column in zip(*numbers, strict=True))
    return (scaled - mean) / std

"""Operations on the colours of single pixels, in float32 like the core. A fourth channel is no colour."""

from __future__ import annotations

from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from .philox import Draws

Pixels = NDArray[np.uint8]
CHANGES = ("brightness", "contrast", "saturation", "hue")


def rounded(values: NDArray[np.float32]) -> Pixels:
    """To bytes: saturated, halves to even."""
    assert values.dtype == np.float32
    return np.rint(np.clip(values, 0, 255)).astype(np.uint8)


def on_colors(image: Pixels, colors: Pixels) -> Pixels:
    """*image* with other colours, and with its own fourth channel if it has one."""
    return np.concatenate([colors, image[:, :, 3:]], axis=2)


def between(low: float, high: float, draws: Draws, number: int = 1) -> float:
    return low + (high - low) * draws.uniform(number)


def luminance(image: Pixels) -> NDArray[np.int64]:
    """OpenCV's, [H, W]."""
    red, green, blue = image[:, :, :3].astype(np.int64).transpose(2, 0, 1)
    return (9798 * red + 19235 * green + 3735 * blue + 16384) >> 15


def brightness_contrast(
    image: Pixels, brightness: float, contrast: float, draws: Draws, probability: float = 1.0
) -> Pixels:
    if draws.uniform(0) >= probability:
        return image
    alpha = np.float32(1.0 + contrast * draws.symmetric(1))
    beta = np.float32(255.0 * brightness * draws.symmetric(2))
    return rounded(alpha * image.astype(np.float32) + beta)


def grey(image: Pixels) -> Pixels:
    if image.shape[2] == 1:
        return image
    return on_colors(image, luminance(image)[:, :, None].repeat(3, axis=2).astype(np.uint8))


def single_channel(image: Pixels, channel: int) -> Pixels:
    colors = image[:, :, :3]
    return on_colors(image, colors[:, :, [channel] * colors.shape[2]])


def channel_shuffle(image: Pixels, draws: Draws) -> Pixels:
    if image.shape[2] == 1:
        return image
    order = list(permutations(range(3)))[int(6 * draws.uniform(1))]
    return on_colors(image, image[:, :, order])


def invert(image: Pixels) -> Pixels:
    return on_colors(image, 255 - image[:, :, :3])


def posterize(image: Pixels, bits_low: int, bits_high: int, draws: Draws) -> Pixels:
    bits = bits_low + int((bits_high - bits_low + 1) * draws.uniform(1))
    return on_colors(image, image[:, :, :3] >> (8 - bits) << (8 - bits))


def solarize(image: Pixels, threshold_low: float, threshold_high: float, draws: Draws) -> Pixels:
    colors = image[:, :, :3]
    return on_colors(
        image, np.where(colors < between(threshold_low, threshold_high, draws), colors, 255 - colors).astype(np.uint8)
    )


def with_brightness(image: Pixels, factor: float) -> Pixels:
    return on_colors(image, rounded(np.float32(factor) * image[:, :, :3].astype(np.float32)))


def with_contrast(image: Pixels, factor: float) -> Pixels:
    """Blend with the mean of the luminance, which is not rounded."""
    sums = image.astype(np.int64).sum(axis=(0, 1))
    weights = [32768] if image.shape[2] == 1 else [9798, 19235, 3735]
    total = sum(weight * int(value) for weight, value in zip(weights, sums, strict=False))
    mean = total / (32768.0 * image.shape[0] * image.shape[1])
    shift = np.float32((1.0 - factor) * mean)
    return on_colors(image, rounded(np.float32(factor) * image[:, :, :3].astype(np.float32) + shift))


def with_saturation(image: Pixels, factor: float) -> Pixels:
    """Blend with the luminance of each pixel."""
    if image.shape[2] == 1:
        return image
    rest = np.float32(1) - np.float32(factor)
    shift = luminance(image).astype(np.float32)[:, :, None] * rest
    return on_colors(image, rounded(image[:, :, :3].astype(np.float32) * np.float32(factor) + shift))


def hue_of(image: Pixels) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Value and chroma in 0..255, and the hue in turns of 1/6."""
    red, green, blue = image[:, :, :3].astype(np.float32).transpose(2, 0, 1)
    value = np.maximum(np.maximum(red, green), blue)
    chroma = value - np.minimum(np.minimum(red, green), blue)
    difference = np.where(value == red, green - blue, np.where(value == green, blue - red, red - green))
    start = np.where(value == red, 0, np.where(value == green, 2, 4)).astype(np.float32)
    return value, chroma, difference / np.maximum(chroma, np.float32(1)) + start


def color_of(
    value: NDArray[np.float32], chroma: NDArray[np.float32], hue: NDArray[np.float32], shift: np.float32
) -> Pixels:
    six = np.float32(6)
    at = hue + shift
    at = np.where(at < 0, at + six, at)
    at = np.where(at >= six, at - six, at)
    colors = []
    for start in (5, 3, 1):
        place = at + np.float32(start)
        place = np.where(place >= six, place - six, place)
        wave = np.clip(np.minimum(place, np.float32(4) - place), np.float32(0), np.float32(1))
        colors.append(rounded(value - chroma * wave))
    return np.stack(colors, axis=2)


def with_hue(image: Pixels, shift: float) -> Pixels:
    """Turn the hue by a part of a turn."""
    if image.shape[2] == 1:
        return image
    return on_colors(image, color_of(*hue_of(image), np.float32(6.0 * shift)))


def brightness(image: Pixels, low: float, high: float, draws: Draws) -> Pixels:
    return with_brightness(image, between(low, high, draws))


def contrast(image: Pixels, low: float, high: float, draws: Draws) -> Pixels:
    return with_contrast(image, between(low, high, draws))


def saturation(image: Pixels, low: float, high: float, draws: Draws) -> Pixels:
    return with_saturation(image, between(low, high, draws))


def hue(image: Pixels, low: float, high: float, draws: Draws) -> Pixels:
    return with_hue(image, between(low, high, draws))


def jitter_steps(parameters: dict[str, float], draws: Draws) -> list[tuple[str, float]]:
    """Which changes color_jitter makes, in which order, and how far."""
    steps = []
    for i in list(permutations(range(4)))[int(24 * draws.uniform(5))]:
        most = parameters[CHANGES[i]]
        low, high = (-most, most) if CHANGES[i] == "hue" else (max(0.0, 1.0 - most), 1.0 + most)
        if most > 0:
            steps.append((CHANGES[i], between(low, high, draws, i + 1)))
    return steps


def color_jitter(image: Pixels, draws: Draws, **parameters: float) -> Pixels:
    change = {
        "brightness": with_brightness,
        "contrast": with_contrast,
        "saturation": with_saturation,
        "hue": with_hue,
    }
    for name, amount in jitter_steps(parameters, draws):
        image = change[name](image, amount)
    return image


def hsv_jitter(image: Pixels, hue: float, saturation: float, value: float, draws: Draws) -> Pixels:
    turn = np.float32(hue * draws.symmetric(1) / 30.0)
    more_saturation, more_value = np.float32(saturation * draws.symmetric(2)), np.float32(value * draws.symmetric(3))
    if image.shape[2] == 1:
        return rounded(image.astype(np.float32) + more_value)
    bright, chroma, at = hue_of(image)
    found = chroma * np.float32(255) / np.maximum(bright, np.float32(1))
    saturated = np.clip(found + more_saturation, np.float32(0), np.float32(255))
    bright = np.clip(bright + more_value, np.float32(0), np.float32(255))
    return on_colors(image, color_of(bright, bright * saturated * np.float32(1.0 / 255.0), at, turn))


def to_float(image: Pixels) -> NDArray[np.float32]:
    """HWC bytes to CHW float32 in 0..1."""
    return np.ascontiguousarray(image.transpose(2, 0, 1)).astype(np.float32) * np.float32(1.0 / 255.0)


def normalize(image: Pixels, mean: tuple[float, ...], std: tuple[float, ...]) -> NDArray[np.float32]:
    """The op of the same name: HWC bytes to normalised CHW float32."""
    columns = np.array(mean, np.float32)[:, None, None], np.array(std, np.float32)[:, None, None]
    return (to_float(image) - columns[0]) / columns[1]

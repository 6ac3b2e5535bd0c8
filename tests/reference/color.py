"""Operations on single values, in float32 like the core."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .philox import Draws

Pixels = NDArray[np.uint8]


def brightness_contrast(image: Pixels, brightness: float, contrast: float, probability: float, draws: Draws) -> Pixels:
    """The op of the same name: round(alpha * x + beta), halves to even, saturated."""
    if draws.uniform(0) >= probability:
        return image
    alpha = np.float32(1.0 + contrast * draws.symmetric(1))
    beta = np.float32(255.0 * brightness * draws.symmetric(2))
    return np.rint(np.clip(alpha * image.astype(np.float32) + beta, 0, 255)).astype(np.uint8)


def to_float(image: Pixels) -> NDArray[np.float32]:
    """HWC bytes to CHW float32 in 0..1."""
    return np.ascontiguousarray(image.transpose(2, 0, 1)).astype(np.float32) * np.float32(1.0 / 255.0)


def normalize(image: Pixels, mean: tuple[float, ...], std: tuple[float, ...]) -> NDArray[np.float32]:
    """The op of the same name: HWC bytes to normalised CHW float32."""
    columns = np.array(mean, np.float32)[:, None, None], np.array(std, np.float32)[:, None, None]
    return (to_float(image) - columns[0]) / columns[1]

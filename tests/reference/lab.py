"""sRGB to CIE Lab and back in 8 bits, with the fixed-point tables of OpenCV (``COLOR_RGB2LAB``, ``COLOR_LAB2RGB``)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

WHITE = np.array([0.950456, 1.0, 1.088754])  # D65
TO_XYZ = np.array([[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]])
TO_RGB = np.array([[3.240479, -1.53715, -0.498535], [-0.969256, 1.875991, 0.041556], [0.055648, -0.204043, 1.057311]])
ONE = 1 << 14  # fixed point of the way back


def whole(values: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
    """*values* rounded, halves to even."""
    return np.rint(values).astype(np.int64)


def linear() -> NDArray[np.int64]:
    """Light of each 8-bit value, in 1/2040."""
    x = np.arange(256) / 255
    return whole(2040 * np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4))


def roots() -> NDArray[np.int64]:
    """The function f of CIE Lab of 0..3071 / 2040, in 1/32768."""
    x = np.arange(3072) / 2040
    f = np.where(x < 216 / 24389, x * (841 / 108) + 16 / 116, np.cbrt(x)).astype(np.float32)
    return whole(f * np.float32(32768))


def gammas() -> NDArray[np.int64]:
    """The 8-bit value of light 0..4095 / 4096."""
    x = np.arange(4096) / 4096
    return whole(255 * np.where(x <= 0.0031308, 12.92 * x, 1.055 * x ** (1 / 2.4) - 0.055))


def rgb_to_lab(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """*image* [..., 3] as L, a, b in 0..255."""
    table = roots()
    xyz = (linear()[image] @ whole(4096 * TO_XYZ / WHITE[:, None]).T + 2048) >> 12
    fx, fy, fz = (table[xyz[..., i]] for i in range(3))
    lightness = (296 * fy - 1336935 + (1 << 14)) >> 15
    a = (500 * (fx - fy) + (128 << 15) + (1 << 14)) >> 15
    b = (200 * (fy - fz) + (128 << 15) + (1 << 14)) >> 15
    return np.clip(np.stack([lightness, a, b], axis=-1), 0, 255).astype(np.uint8)


def cubed(f: NDArray[np.int64]) -> NDArray[np.int64]:
    """The inverse of the function f, both in 1/16384."""
    line = np.trunc(f * 108 / 841).astype(np.int64) - 290
    return np.where(f <= 3390, line, ((f * f // ONE) * f) // ONE)


def lab_to_rgb(lab: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The way back from :func:`rgb_to_lab`."""
    lightness, a, b = (lab[..., i].astype(np.int64) for i in range(3))
    level = np.arange(256)
    dark = level <= 20
    f = np.where(dark, ONE * (16 / 116 + level * 5 / 1479), ONE * (level * 100 / 255 + 16) / 116)
    y = np.where(dark, ONE * level * 180 / 414613, f**3 / ONE**2)
    fy = whole(f)[lightness]
    x = cubed(fy + ((5 * a * 53687 + 128) >> 13) - 4194)
    z = cubed(fy - (((b * 41943 + 16) >> 9) - 10484))
    light = np.stack([x, whole(y)[lightness], z], axis=-1) @ whole(4096 * TO_RGB * WHITE).T
    return gammas()[np.clip((light + (1 << 13)) >> 14, 0, 4095)].astype(np.uint8)

"""Policies: which ops they draw, with which parameters. The spaces are written out, so that they can be read."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .philox import Draws

Call = tuple[str, dict[str, Any]]
"""A native op and its parameters."""

GROUPS = {
    "geometry": ("shear_x", "shear_y", "translate_x", "translate_y", "rotate"),
    "color": ("brightness", "color", "contrast", "posterize", "solarize"),
    "sharpness": ("sharpness",),
    "histogram": ("auto_contrast", "equalize"),
}
NAMES = (
    "identity",
    *GROUPS["geometry"],
    "brightness",
    "color",
    "contrast",
    "sharpness",
    "posterize",
    "solarize",
    *GROUPS["histogram"],
)
SIGNED = (*GROUPS["geometry"], "brightness", "color", "contrast", "sharpness")
SPACES = {
    "rand_augment": {"shear": 0.3, "translate": 150 / 331, "rotate": 30.0, "factor": 0.9, "bits": 4},
    "trivial_augment": {"shear": 0.99, "translate": 32 / 224, "rotate": 135.0, "factor": 0.99, "bits": 6},
}


def left(geometry: bool, color: bool, sharpness: bool, histogram: bool) -> list[str]:
    """The names that can be drawn."""
    wanted = {"geometry": geometry, "color": color, "sharpness": sharpness, "histogram": histogram}
    without = [name for group, names in GROUPS.items() if not wanted[group] for name in names]
    return [name for name in NAMES if name not in without]


def value(policy: str, name: str, bin: int, negative: bool) -> float | int | None:
    """What the parameter of the native op is: degrees, a share, a factor, bits or a threshold."""
    top, share = SPACES[policy], bin / 30
    sign = -1.0 if negative and name in SIGNED else 1.0
    if name.startswith("shear"):
        return math.atan(sign * top["shear"] * share) * (180 / math.pi)
    if name.startswith("translate"):
        return sign * top["translate"] * share
    if name == "rotate":
        return sign * top["rotate"] * share
    if name == "posterize":
        return round(8 - top["bits"] * share)
    if name == "solarize":
        return 255 - 255 * share
    return 1 + sign * top["factor"] * share if name in SIGNED else None


def call(name: str, amount: float | int | None) -> Call | None:
    """The native op that an entry stands for; None for the identity."""
    if name == "identity":
        return None
    if name in GROUPS["geometry"]:
        start = {"translate_x": "shift_x", "translate_y": "shift_y", "rotate": "degrees"}.get(name, name)
        fixed = {"interpolation": "bilinear", "border": "constant"}
        return "affine", {f"{start}_low": amount, f"{start}_high": amount, **fixed}
    if name == "posterize":
        return "posterize", {"bits_low": amount, "bits_high": amount}
    if name == "solarize":
        return "solarize", {"threshold_low": amount, "threshold_high": amount}
    if name == "auto_contrast":
        return "min_max", {"per_channel": True}
    if name == "equalize":
        return "equalize", {"formula": "pillow", "on": "channels"}
    return "saturation" if name == "color" else name, {"low": amount, "high": amount}


def rand_augment(draws: Draws, ops: int, magnitude: int, **parts: bool) -> list[tuple[str, float | int | None]]:
    """The entries that are drawn, with their values."""
    names = left(**parts)
    found = []
    for i in range(ops):
        name = names[int(np.floor(draws.uniform(2 * i + 1) * len(names)))]
        found.append((name, value("rand_augment", name, magnitude, draws.uniform(2 * i + 2) >= 0.5)))
    return found


def trivial_augment(draws: Draws, **parts: bool) -> list[tuple[str, float | int | None]]:
    """The one entry that is drawn, with its value."""
    names = left(**parts)
    name = names[int(np.floor(draws.uniform(1) * len(names)))]
    bin = int(np.floor(draws.uniform(2) * 31))
    return [(name, value("trivial_augment", name, bin, draws.uniform(3) >= 0.5))]

"""Every op of the core with parameters that matter, for proofs that hold for all of them."""

from __future__ import annotations

from typing import Any

from flowerablate import _native

Op = tuple[str, dict[str, Any], int]

CROP = {"size": 40, "scale_low": 0.3, "scale_high": 1.0, "ratio_low": 0.75, "ratio_high": 1.33, "antialias": True}
FULL = [
    ("random_resized_crop", CROP, 1),
    ("horizontal_flip", {"probability": 0.5}, 2),
    ("morphology", {"op": "open", "size": 3, "shape": "ellipse"}, 3),
    ("rotate", {"degrees": 20, "border": "reflect101", "probability": 0.8}, 4),
    ("morphology", {"op": "close", "size": 4, "shape": "rectangle"}, 5),
    ("brightness_contrast", {"brightness": 0.2, "contrast": 0.2, "probability": 0.9}, 6),
    ("normalize", {"mean": (0.5, 0.4, 0.3), "std": (0.2, 0.3, 0.4)}, 0),
]
COLOR: list[tuple[str, dict[str, Any]]] = [
    ("grey", {}),
    ("single_channel", {"channel": 0}),
    ("channel_shuffle", {}),
    ("invert", {}),
    ("brightness", {"low": 0.2, "high": 2.5}),
    ("contrast", {"low": 0.0, "high": 3.0}),
    ("saturation", {"low": 0.0, "high": 3.0}),
    ("hue", {"low": -0.5, "high": 0.5}),
    ("posterize", {"bits_low": 1, "bits_high": 8}),
    ("solarize", {"threshold_low": 0.0, "threshold_high": 256.0}),
    ("color_jitter", {"brightness": 0.4, "contrast": 0.4, "saturation": 1.5, "hue": 0.1}),
    ("hsv_jitter", {"hue": 20.0, "saturation": 30.0, "value": 20.0}),
]
PARTS = {"geometry": True, "color": True, "sharpness": True, "histogram": True}
POLICIES = [("rand_augment", {"ops": 3, "magnitude": 20, **PARTS}), ("trivial_augment", PARTS)]

PER_CHANNEL = [(0.0, True), (0.1, False)]
ERASED = {"scale_low": 0.05, "scale_high": 0.4, "ratio_low": 0.3, "ratio_high": 3.3}


def geometry_ops() -> list[Op]:
    borders = ("constant", "edge", "reflect", "reflect101", "wrap")
    wild = {"degrees_low": -90, "degrees_high": 90, "scale_low": 0.3, "scale_high": 2, "shear_x_high": 30}
    return [
        *[("affine", {**wild, "border": b, "interpolation": i}, 4) for b in borders for i in ("bilinear", "nearest")],
        *[("rotate", {"degrees": 30, "border": b}, 4) for b in borders],
        *[("perspective", {"distortion": 0.5, "border": b, "fill": 9}, 5) for b in borders],
        *[("elastic", {"alpha": 40, "sigma": s, "border": "reflect"}, 6) for s in (1.5, 9)],
        *[("resize", {"size": s, "fit": "cover", "interpolation": "bicubic", "antialias": True}, 0) for s in (20, 90)],
        *[
            ("resize", {"size": s, "fit": "stretch", "interpolation": i}, 0)
            for s in (9, 70)
            for i in ("area", "nearest")
        ],
        ("random_resized_crop", CROP, 4),
        ("random_crop", {"size": 31, "padding": 4, "border": "reflect"}, 4),
        ("pad", {"pixels": 5, "border": "wrap"}, 0),
        ("horizontal_flip", {}, 0),
        ("vertical_flip", {}, 0),
    ]


def every_op(channels: int) -> list[Op]:
    """All ops of the core, most with several parameters, for 8-bit images of so many channels."""
    mean, std = (0.5, 0.4, 0.3, 0.2)[:channels], (0.2, 0.3, 0.4, 0.1)[:channels]
    ops = [*FULL[:-1], ("normalize", {"mean": mean, "std": std}, 0)]
    ops += [
        ("morphology", {"op": op, "size": size, "shape": shape}, 0)
        for op in ("erode", "close")
        for size in (2, 3, 9, 15, 31, 63)
        for shape in ("rectangle", "cross", "ellipse")
    ]
    ops += [
        ("morphology", {"op": op, "size": 5, "shape": shape, "iterations": 2, "on": on, "border": border}, 0)
        for op, on, border in [("gradient", "luminance", "edge"), ("tophat", "channels", "reflect")]
        for shape in ("rectangle", "disk")
    ]
    ops += [
        ("threshold", {"value": (90.0, 125.0, 30.0, 200.0)[:channels], "mode": mode}, 0)
        for mode in ("binary", "truncate", "tozero_inv")
    ]
    ops += [("threshold", {"value": (90.0,), "channel": str(channels - 1), "output": "mask"}, 0)]
    ops += [("otsu", {"on": on, "mode": "tozero"}, 0) for on in ("luminance", "channels")]
    ops += [
        ("adaptive_threshold", {"method": method, "block_size": size, "c": 2.0, "on": on}, 0)
        for method in ("mean", "gaussian")
        for size in (3, 15)
        for on in ("luminance", "channels")
    ]
    ops += [("rotate", {"degrees": 180, "border": b, "probability": 1.0}, 4) for b in ("constant", "edge", "wrap")]
    ops += [
        ("resize", {"size": size, "fit": fit, "antialias": antialias}, 0)
        for size in (7, 64, 200)
        for fit in ("cover", "stretch", "shorter")
        for antialias in (True, False)
    ]
    ops += [("center_crop", {"size": 50}, 0)]
    ops += [(name, params, 5) for name, params in (*COLOR, *POLICIES)]
    ops += [
        ("to_8_bits", {"low": 9000, "high": 50000}, 0),
        ("min_max", {"per_channel": False}, 0),
        ("percentile_stretch", {"low": 5, "high": 75, "per_channel": True}, 0),
        *(("equalize", {"formula": f, "on": o}, 0) for f in ("opencv", "pillow") for o in ("channels", "luminance")),
        *(("clahe", {"clip_limit": c, "rows": 8, "columns": 7}, 0) for c in (0, 2)),
        ("gamma", {"gamma": 0.6, "gain": 1.1}, 0),
        ("random_gamma", {"low": 0.3, "high": 3}, 5),
        *(("standardize", {"per_channel": one_by_one}, 0) for one_by_one in (False, True)),
    ]
    ops += [(name, {"size": size}, 0) for name in ("box_blur", "median_blur") for size in (3, 5, 9, 31)]
    ops += [("gaussian_blur", {"size": size, "sigma": sigma}, 0) for size in (3, 5, 7, 9, 63) for sigma in (0.0, 2.5)]
    ops += [("random_gaussian_blur", {"size": 0, "sigma_low": 0.1, "sigma_high": 4.0}, 1)]
    ops += [("unsharp", {"size": 5, "sigma": 0.0, "amount": 1.3, "threshold": 4}, 0)]
    ops += [("sharpness", {"low": 0.0, "high": 3.0}, 1)]
    ops += [("sobel", {"size": size, "output": out}, 0) for size in (1, 3, 5, 7) for out in ("magnitude", "x", "y")]
    ops += [("gaussian_noise", {"std_low": low, "std_high": 0.4, "per_channel": each}, 1) for low, each in PER_CHANNEL]
    ops += [("salt_and_pepper", {"amount": 0.2, "salt_share": 0.6, "per_channel": each}, 1) for _, each in PER_CHANNEL]
    ops += [("random_erasing", {**ERASED, "fill": fill, "value": 0.3}, 1) for fill in ("noise", "mean", "constant")]
    ops += [("cutout", {"holes": 3, "size": 0, "share": 0.4, "fill": "noise", "value": 0.0}, 1)]
    ops += geometry_ops()
    return ops


def takes(op: Op, channels: int, dtype: str) -> bool:
    """Whether the core runs *op* on images of that type."""
    try:
        _native.Chain([op], channels, dtype=dtype)
    except ValueError:
        return False
    return True


def writes_floats(op: Op) -> bool:
    """Whether *op* is one of the last pass."""
    return op[0] in ("normalize", "standardize")

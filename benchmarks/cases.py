"""The table of single operations: what we run, what a peer runs, whether the two are the same thing, and the target.

A case that is new needs one line here, and a function of that name in those modules of ``peers/`` that have it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SCALE, RATIO = (0.25, 1.0), (0.75, 4 / 3)


@dataclass(frozen=True)
class Case:
    """One operation at 224x224x3 uint8.

    *op*, *params*: of our core. *peer*, *asked*: name and parameters of the same operation in ``peers/``.
    *same*: the peers that compute the same thing, with the maximum difference of a value that rounding explains; it is
    checked before the clock. Peers that are not named do it by another formula or at random and are only timed.
    *target*: the ratio to the fastest peer that we mean to reach, on one thread and on both cores.
    """

    name: str
    op: str
    params: Mapping[str, Any]
    peer: str
    asked: Mapping[str, Any] = field(default_factory=dict)
    same: Mapping[str, float] = field(default_factory=dict)
    target: tuple[float, float] | None = None
    source: tuple[int, int] = (224, 224)
    floats: bool = False


def _morphology(op: str, shape: str, size: int, one: float | None = None, both: float | None = None) -> Case:
    exact = {"opencv": 0.0, "albumentations": 0.0}
    if shape == "rectangle" and size % 2:
        exact |= {"skimage": 0.0, "pillow": 0.0, "kornia": 0.0}
    target = (one, both or one) if one else None
    params = {"op": op, "size": size, "shape": shape}
    return Case(f"{op} {shape} {size}", "morphology", params, "morphology", params, exact, target)  # type: ignore[arg-type]


def _blur(size: int, sigma: float) -> Case:
    params = {"size": size, "sigma": sigma}
    same = {"opencv": 1.0, "torchvision_v2": 1.0, "albumentations": 1.0, "skimage": 1.0, "dali": 1.0}
    return Case(f"Gaussian blur {size}", "gaussian_blur", params, "gaussian_blur", params, same, (2.0, 2.0))


_SAME_RESIZE = {
    ("area", False): {"opencv": 1.0, "albumentations": 1.0},
    ("bicubic", False): {},  # the peers' cubic has a = -0.75 here; ours and Pillow's has -0.5
    # All of us round to bytes between the passes. Sums that are half-way (neighbours mirror each other; one in 400 of
    # photographs) fall by the last bit of the weights, and the second pass makes up to 1.27 of that level: 10 of 1.8
    # million values are 2 from Pillow's, none is 3; neither is nearer to the exact value (native/test_resampling).
    ("bicubic", True): {"torchvision_v2": 2.0, "pillow": 2.0},
}


def _resize(interpolation: str, antialias: bool) -> Case:
    asked = {"size": 224, "interpolation": interpolation, "antialias": antialias}
    name = f"resize 240x320 -> 224 {interpolation}{' antialiased' if antialias else ''}"
    if interpolation == "bilinear":
        params: dict[str, Any] = {"size": 224, "fit": "stretch", "antialias": antialias}
        same = {"torchvision_v2": 1.0, "pillow": 1.0} if antialias else {"opencv": 1.0, "torchvision_v2": 2.0}
    else:
        params = {"size": 224, "fit": "stretch", "interpolation": interpolation}
        params |= {} if interpolation == "area" else {"antialias": antialias}
        same = _SAME_RESIZE[interpolation, antialias]
    return Case(name, "resize", params, "resize", asked, same, source=(240, 320))


_CROP = {
    "size": 224, "scale_low": SCALE[0], "scale_high": SCALE[1], "ratio_low": RATIO[0], "ratio_high": RATIO[1],
}  # fmt: skip
_HSV = {"hue": 9.0, "saturation": 30.0, "value": 20.0}
_LIGHT = {"brightness": 0.2, "contrast": 0.2}
_AFFINE = {"degrees": 10.0, "translate": 0.1, "scale": (0.9, 1.1), "shear": 5.0}
_AFFINE_CORE = {
    "degrees_low": -10.0, "degrees_high": 10.0, "scale_low": 0.9, "scale_high": 1.1, "shift_x_low": -0.1,
    "shift_x_high": 0.1, "shift_y_low": -0.1, "shift_y_high": 0.1, "shear_x_low": -5.0, "shear_x_high": 5.0,
    "border": "reflect",
}  # fmt: skip
_ALWAYS = {"probability": 1.0}

CASES: tuple[Case, ...] = (
    _morphology("dilate", "rectangle", 3, 2.0, 3.0),
    _morphology("dilate", "rectangle", 15, 1.5, 2.5),
    _morphology("dilate", "rectangle", 31, 2.5, 4.0),
    _morphology("open", "rectangle", 3, 1.8),
    _morphology("open", "rectangle", 15, 1.8),
    _morphology("open", "rectangle", 31, 2.3),
    _morphology("dilate", "ellipse", 3, 1.2),
    _morphology("dilate", "ellipse", 9, 2.0),
    _morphology("dilate", "ellipse", 15, 3.0),
    _morphology("dilate", "ellipse", 31, 6.0),
    Case(
        "rotate bilinear reflect", "rotate", {"degrees": 15.0, "border": "reflect", **_ALWAYS},
        "rotate", {"degrees": 15.0}, target=(4.0, 4.0),
    ),
    Case(
        "random resized crop 240x320 -> 224", "random_resized_crop", {**_CROP, "antialias": False},
        "random_resized_crop", {"size": 224, "scale": SCALE, "ratio": RATIO}, target=(3.0, 3.0), source=(240, 320),
    ),
    Case("HSV jitter", "hsv_jitter", {**_HSV, **_ALWAYS}, "hsv_jitter", _HSV, target=(3.0, 3.0)),
    Case(
        "brightness/contrast", "brightness_contrast", {**_LIGHT, **_ALWAYS}, "brightness_contrast", _LIGHT,
        target=(1.5, 1.5),
    ),
    _blur(5, 1.1),
    _blur(9, 1.7),
    Case(
        "CLAHE", "clahe", {"clip_limit": 2.0, "rows": 8, "columns": 8}, "clahe", {"clip_limit": 2.0, "tiles": 8},
        {"opencv": 2.0, "albumentations": 2.0}, (2.0, 2.0),
    ),
    Case(
        "equalise", "equalize", {"formula": "opencv", "on": "channels"}, "equalize", {},
        {"opencv": 0.0, "albumentations": 0.0}, (2.0, 2.0),
    ),
    Case(
        "horizontal flip", "horizontal_flip", _ALWAYS, "horizontal_flip",
        same=dict.fromkeys(("opencv", "albumentations", "torchvision_v2", "pillow", "dali", "kornia"), 0.0),
        target=(1.5, 1.5),
    ),
    Case(
        "normalise to float32 CHW", "normalize", {"mean": MEAN, "std": STD}, "normalize", {"mean": MEAN, "std": STD},
        {"torchvision_v2": 0.0, "opencv": 2e-6, "albumentations": 2e-6, "dali": 2e-6, "kornia": 2e-6}, (4.0, 4.0),
        floats=True,
    ),
    _morphology("erode", "rectangle", 5),
    _morphology("close", "rectangle", 5),
    _morphology("open", "ellipse", 9),
    Case("box blur 5", "box_blur", {"size": 5}, "box_blur", {"size": 5}, {"opencv": 1.0, "albumentations": 1.0}),
    Case("median 3", "median_blur", {"size": 3}, "median_blur", {"size": 3}, {"opencv": 0.0, "albumentations": 0.0}),
    Case("median 5", "median_blur", {"size": 5}, "median_blur", {"size": 5}, {"opencv": 0.0, "albumentations": 0.0}),
    _resize("bilinear", False),
    _resize("bilinear", True),
    _resize("area", False),
    _resize("bicubic", False),
    _resize("bicubic", True),
    Case(
        "vertical flip", "vertical_flip", _ALWAYS, "vertical_flip",
        same=dict.fromkeys(("opencv", "albumentations", "torchvision_v2", "pillow", "dali"), 0.0),
    ),
    Case("affine bilinear", "affine", {**_AFFINE_CORE, **_ALWAYS}, "affine", _AFFINE),
    Case(
        "perspective", "perspective", {"distortion": 0.2, "border": "constant", **_ALWAYS},
        "perspective", {"distortion": 0.2},
    ),
    Case(
        "posterize 4 bits", "posterize", {"bits_low": 4, "bits_high": 4}, "posterize", {"bits": 4},
        dict.fromkeys(("opencv", "torchvision_v2", "pillow"), 0.0),
    ),
    Case(
        "solarize 128", "solarize", {"threshold_low": 128, "threshold_high": 128}, "solarize", {"threshold": 128},
        dict.fromkeys(("opencv", "torchvision_v2", "pillow"), 0.0),
    ),
    Case("invert", "invert", {}, "invert", same=dict.fromkeys(("opencv", "torchvision_v2", "pillow"), 0.0)),
    Case("grey", "grey", {}, "grey", same={"opencv": 1.0, "pillow": 1.0}),
    Case(
        "threshold 128", "threshold", {"value": (128, 128, 128)}, "threshold", {"value": 128},
        {"opencv": 0.0, "pillow": 0.0},
    ),
    Case("Otsu", "otsu", {"on": "channels"}, "otsu", same={"opencv": 0.0}),
    Case(
        "adaptive threshold mean 11", "adaptive_threshold",
        {"method": "mean", "block_size": 11, "c": 2.0, "on": "channels"},
        "adaptive_threshold", {"method": "mean", "size": 11, "offset": 2.0}, {"opencv": 0.0},
    ),
    Case(
        "adaptive threshold Gaussian 11", "adaptive_threshold",
        {"method": "gaussian", "block_size": 11, "c": 2.0, "on": "channels"},
        "adaptive_threshold", {"method": "gaussian", "size": 11, "offset": 2.0},
    ),
    Case("Sobel 3", "sobel", {"size": 3, "output": "magnitude"}, "sobel", {"size": 3}),
    Case(
        "unsharp mask", "unsharp", {"size": 5, "sigma": 1.0, "amount": 0.5, "threshold": 0}, "unsharp",
        {"size": 5, "sigma": 1.0, "amount": 0.5},
    ),
    Case(
        "Gaussian noise", "gaussian_noise", {"std_low": 10 / 255, "std_high": 10 / 255, "per_channel": True},
        "gaussian_noise", {"std": 10.0},
    ),
    Case(
        "salt and pepper", "salt_and_pepper", {"amount": 0.02, "salt_share": 0.5, "per_channel": False},
        "salt_pepper", {"amount": 0.02},
    ),
    Case(
        "cutout 64", "cutout", {"holes": 1, "size": 64, "share": 0.0, "fill": "constant", "value": 0.0},
        "cutout", {"size": 64},
    ),
    Case(
        "elastic", "elastic", {"alpha": 30.0, "sigma": 4.0, "border": "constant", **_ALWAYS},
        "elastic", {"alpha": 30.0, "sigma": 4.0},
    ),
)  # fmt: skip
"""Those with a target come first; the others have peers, and no target was set."""

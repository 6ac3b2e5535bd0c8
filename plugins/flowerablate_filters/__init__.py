"""Blurring, sharpening and edges, run by the native core on each channel separately.

Borders are mirrored at the centre of the edge pixels (OpenCV's default); the median repeats the edge pixels. All steps
are of the kind ``filter``, so that a study can disable them together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import flowerablate as fa

if TYPE_CHECKING:
    from flowerablate.contracts import Register

KIND = "filter"

_PROBABILITY = fa.Param.probability(random=False)
_BELL = (
    fa.Param("size", 5, "side of the window in pixels, odd; 0: derived from sigma", low=0, high=63),
    fa.Param(
        "sigma", 1.0, "standard deviation of the Gaussian in pixels; 0: derived from the size", low=0.0, high=100.0
    ),
)


@fa.hookimpl
def flowerablate_register(register: Register) -> None:
    """Register the filters."""
    register(
        fa.StepSpec(
            name="box_blur",
            summary="Mean of a square window.",
            kind=KIND,
            params=(fa.Param("size", 3, "side of the window in pixels", low=1, high=63), _PROBABILITY),
            build=build_box_blur,
        )
    )
    register(
        fa.StepSpec(
            name="gaussian_blur",
            summary="Mean weighted by a Gaussian.",
            kind=KIND,
            params=(*_BELL, _PROBABILITY),
            build=build_gaussian_blur,
        )
    )
    register(
        fa.StepSpec(
            name="random_gaussian_blur",
            summary="Mean weighted by a Gaussian, its standard deviation drawn for each image.",
            kind=KIND,
            random=True,
            params=(
                fa.Param(
                    "size",
                    0,
                    "side of the window in pixels, odd; 0: derived from the drawn sigma",
                    low=0,
                    high=63,
                ),
                fa.Param("sigma", (0.1, 2.0), "minimum and maximum standard deviation in pixels", low=0.01, high=100.0),
                fa.Param.probability(),
            ),
            build=build_random_gaussian_blur,
        )
    )
    register(
        fa.StepSpec(
            name="median_blur",
            summary="Median of a square window; removes specks and keeps edges.",
            kind=KIND,
            params=(fa.Param("size", 3, "side of the window in pixels, odd", low=1, high=63), _PROBABILITY),
            build=build_median_blur,
        )
    )
    register(
        fa.StepSpec(
            name="unsharp",
            summary="Sharpen: add the difference between the image and its Gaussian blur.",
            kind=KIND,
            params=(
                *_BELL,
                fa.Param("amount", 0.5, "factor of the difference that is added", low=0.0, high=10.0, off=0.0),
                fa.Param("threshold", 0, "differences up to this many of 255 levels are not changed", low=0, high=255),
                _PROBABILITY,
            ),
            build=build_unsharp,
        )
    )
    register(
        fa.StepSpec(
            name="sharpness",
            summary="Change sharpness at random: below 1 smooths, above 1 sharpens (torchvision's adjust_sharpness).",
            kind=KIND,
            random=True,
            params=(
                fa.Param("factor", (0.5, 1.5), "minimum and maximum factor", low=0.0, high=10.0),
                fa.Param.probability(),
            ),
            build=build_sharpness,
        )
    )
    register(
        fa.StepSpec(
            name="sobel",
            summary="Edges: absolute Sobel gradient of each channel, saturated at 255.",
            kind=KIND,
            params=(
                fa.Param("size", 3, "side of the window: 1 (no smoothing), 3, 5 or 7", low=1, high=7),
                fa.Param(
                    "output",
                    "magnitude",
                    "magnitude of the gradient (root of the sum of squares), or its x or y component",
                    choices=("magnitude", "x", "y"),
                ),
                _PROBABILITY,
            ),
            build=build_sobel,
        )
    )


def build_box_blur(context: fa.StepContext, *, size: int, probability: float) -> fa.NativeOp:
    """Return the native op; equal to OpenCV's blur, which does not round to the nearest for sizes 2, 4, 8 and 16."""
    return fa.NativeOp("box_blur", {"size": size, "probability": probability})


def build_gaussian_blur(context: fa.StepContext, *, size: int, sigma: float, probability: float) -> fa.NativeOp:
    """Return the native op, within 1 of the rounded exact result; raises :class:`StudyError` without a window."""
    _check_bell("gaussian_blur", size, sigma)
    return fa.NativeOp("gaussian_blur", {"size": size, "sigma": sigma, "probability": probability})


def build_random_gaussian_blur(
    context: fa.StepContext, *, size: int, sigma: tuple[float, ...], probability: float
) -> fa.NativeOp:
    """Return the native op; raises :class:`StudyError` for bounds that are not a pair and for even sizes."""
    low, high = fa.low_and_high("step 'random_gaussian_blur': sigma", sigma)
    _check_bell("random_gaussian_blur", size, high)
    return fa.NativeOp(
        "random_gaussian_blur", {"size": size, "sigma_low": low, "sigma_high": high, "probability": probability}
    )


def build_median_blur(context: fa.StepContext, *, size: int, probability: float) -> fa.NativeOp:
    """Return the native op, equal to OpenCV's medianBlur; raises :class:`StudyError` for even sizes."""
    _check_odd("median_blur", size)
    return fa.NativeOp("median_blur", {"size": size, "probability": probability})


def build_unsharp(
    context: fa.StepContext, *, size: int, sigma: float, amount: float, threshold: int, probability: float
) -> fa.NativeOp:
    """Return the native op: ``x + amount (x - blurred)``, rounded; raises :class:`StudyError` without a window."""
    _check_bell("unsharp", size, sigma)
    return fa.NativeOp(
        "unsharp",
        {"size": size, "sigma": sigma, "amount": amount, "threshold": threshold, "probability": probability},
    )


def build_sharpness(context: fa.StepContext, *, factor: tuple[float, ...], probability: float) -> fa.NativeOp:
    """Return the native op; raises :class:`StudyError` for bounds that are not a pair."""
    low, high = fa.low_and_high("step 'sharpness': factor", factor)
    return fa.NativeOp("sharpness", {"low": low, "high": high, "probability": probability})


def build_sobel(context: fa.StepContext, *, size: int, output: str, probability: float) -> fa.NativeOp:
    """Return the native op; raises :class:`StudyError` for even sizes."""
    _check_odd("sobel", size)
    return fa.NativeOp("sobel", {"size": size, "output": output, "probability": probability})


def _check_odd(step: str, size: int) -> None:
    if size % 2 == 0:
        raise fa.StudyError(f"step {step!r}: the size must be odd, not {size}; use {size + 1}")


def _check_bell(step: str, size: int, sigma: float) -> None:
    if size:
        _check_odd(step, size)
    elif sigma == 0:
        raise fa.StudyError(f"step {step!r}: size and sigma are both 0; set one of them")

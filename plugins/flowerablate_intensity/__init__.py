"""Steps that normalise intensity: windows, stretches, equalisation and gamma, and the last steps, which return floats.

A chain without ``normalize``, ``standardize`` or ``standardize_dataset`` passes values in [0, 1] to the model: x / 255,
or x / 65535 for 16-bit images.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import flowerablate as fa

if TYPE_CHECKING:
    from flowerablate.contracts import Register, Value

KIND = "intensity"

IMAGENET_MEAN = (0.485, 0.456, 0.406)
"""Channel means of ImageNet's training set, RGB in [0, 1], which torchvision's weights expect."""

IMAGENET_STD = (0.229, 0.224, 0.225)
"""Channel standard deviations of ImageNet's training set, RGB in [0, 1]."""

_PROBABILITY = fa.Param.probability(random=False)
_PER_CHANNEL = fa.Param("per_channel", True, "compute statistics for each channel; false: over all channels")


@fa.hookimpl
def flowerablate_register(register: Register) -> None:
    """Register the steps on pixels and the steps that end a chain."""
    for spec in (*_pixel_steps(), *_last_steps()):
        register(spec)


def _pixel_steps() -> tuple[fa.StepSpec, ...]:
    return (
        fa.StepSpec(
            name="to_8_bits",
            summary="Convert 16-bit images to 8 bits by a window; 8-bit values are multiplied by 257 first.",
            kind=KIND,
            params=(
                fa.Param("low", 0, "16-bit value that becomes 0; values below do too", low=0, high=65534),
                fa.Param("high", 65535, "16-bit value that becomes 255; values above do too", low=1, high=65535),
            ),
            build=build_to_8_bits,
        ),
        fa.StepSpec(
            name="min_max",
            summary="Stretch values so that the minimum becomes black and the maximum white; flat images stay.",
            kind=KIND,
            params=(_PER_CHANNEL, _PROBABILITY),
            build=partial(build_native, "min_max"),
        ),
        fa.StepSpec(
            name="percentile_stretch",
            summary="Stretch values between two percentiles of the image to the full range and clip the others.",
            kind=KIND,
            params=(
                fa.Param("low", 5.0, "percentile that becomes 0", low=0.0, high=50.0),
                fa.Param("high", 95.0, "percentile that becomes the maximum value", low=50.0, high=100.0),
                _PER_CHANNEL,
                _PROBABILITY,
            ),
            build=build_percentile_stretch,
        ),
        fa.StepSpec(
            name="equalize",
            summary="Histogram equalisation: makes all grey levels about equally frequent.",
            kind=KIND,
            params=(
                fa.Param(
                    "formula",
                    "opencv",
                    "OpenCV's formula, or that of Pillow and torchvision (8 bits only)",
                    choices=("opencv", "pillow"),
                ),
                fa.Param(
                    "on",
                    "channels",
                    "each channel, or the luminance (Y of YCrCb), which preserves hues",
                    choices=("channels", "luminance"),
                ),
                _PROBABILITY,
            ),
            build=partial(build_native, "equalize"),
        ),
        fa.StepSpec(
            name="clahe",
            summary="Equalisation in tiles with limited contrast, on the lightness (L of Lab) of colour images.",
            kind=KIND,
            params=(
                fa.Param(
                    "clip_limit",
                    2.0,
                    "maximum count of a grey level, relative to the mean count; 0: no limit",
                    low=0.0,
                    high=256.0,
                ),
                fa.Param("tiles", (8, 8), "rows and columns of tiles; one number for both", low=1, high=64),
                _PROBABILITY,
            ),
            build=build_clahe,
        ),
        fa.StepSpec(
            name="gamma",
            summary="Raise values in [0, 1] to a power: below 1 brightens, above 1 darkens.",
            kind=KIND,
            params=(
                fa.Param("gamma", 0.8, "the power", low=0.05, high=20.0, log=True),
                fa.Param("gain", 1.0, "factor of the result, which is then clipped", low=0.01, high=10.0, log=True),
                _PROBABILITY,
            ),
            build=partial(build_native, "gamma"),
        ),
        fa.StepSpec(
            name="random_gamma",
            summary="Raise values to a random power; its logarithm is uniform between log(low) and log(high).",
            kind=KIND,
            random=True,
            params=(
                fa.Param("low", 0.7, "minimum power", low=0.05, high=1.0, log=True),
                fa.Param("high", 1.4, "maximum power", low=1.0, high=20.0, log=True),
                fa.Param.probability(),
            ),
            build=partial(build_native, "random_gamma"),
        ),
    )


def _last_steps() -> tuple[fa.StepSpec, ...]:
    return (
        fa.StepSpec(
            name="normalize",
            summary="Scale values to [0, 1], subtract mean, divide by std; must be the last step.",
            kind=KIND,
            params=(
                fa.Param("mean", IMAGENET_MEAN, "mean of each channel, or one number for all", low=0.0, high=1.0),
                fa.Param(
                    "std",
                    IMAGENET_STD,
                    "standard deviation of each channel, or one number for all",
                    low=0.001,
                    high=10.0,
                ),
            ),
            build=build_normalize,
        ),
        fa.StepSpec(
            name="standardize",
            summary="Give each image mean 0 and standard deviation 1; must be the last step.",
            kind=KIND,
            params=(
                fa.Param(
                    "per_channel", False, "use the mean and standard deviation of each channel; false: of all channels"
                ),
            ),
            build=partial(build_native, "standardize"),
        ),
        fa.StepSpec(
            name="standardize_dataset",
            summary="Subtract the mean of the training images of each replicate, divide by their standard deviation.",
            kind=KIND,
            params=(_PER_CHANNEL,),
            build=build_standardize_dataset,
        ),
    )


def build_native(op: str, context: fa.StepContext, **params: Value) -> fa.NativeOp:
    """Return the native *op* with all parameters of the step."""
    return fa.NativeOp(op, params)


def build_to_8_bits(context: fa.StepContext, *, low: int, high: int) -> fa.NativeOp:
    """Return the native op; raises :class:`StudyError` for an empty window."""
    if low >= high:
        raise fa.StudyError(f"step 'to_8_bits': low must be less than high, not {low} and {high}")
    return fa.NativeOp("to_8_bits", {"low": low, "high": high})


def build_percentile_stretch(
    context: fa.StepContext, *, low: float, high: float, per_channel: bool, probability: float
) -> fa.NativeOp:
    """Return the native op; raises :class:`StudyError` for two equal percentiles."""
    if low >= high:
        raise fa.StudyError(f"step 'percentile_stretch': low must be less than high, not {low:g} and {high:g}")
    return fa.NativeOp(
        "percentile_stretch", {"low": low, "high": high, "per_channel": per_channel, "probability": probability}
    )


def build_clahe(
    context: fa.StepContext, *, clip_limit: float, tiles: tuple[int, ...], probability: float
) -> fa.NativeOp:
    """Return the native op; raises :class:`StudyError` if *tiles* are not one or two numbers."""
    if len(tiles) not in (1, 2):
        raise fa.StudyError(
            f"step 'clahe': tiles must be rows and columns, or one number for both, not {len(tiles)} numbers"
        )
    return fa.NativeOp(
        "clahe", {"clip_limit": clip_limit, "rows": tiles[0], "columns": tiles[-1], "probability": probability}
    )


def build_normalize(context: fa.StepContext, *, mean: tuple[float, ...], std: tuple[float, ...]) -> fa.NativeOp:
    """Return the native op; raises :class:`StudyError` if the number of values does not match the channels."""
    return fa.NativeOp(
        "normalize", {"mean": _per_channel("mean", mean, context), "std": _per_channel("std", std, context)}
    )


def build_standardize_dataset(context: fa.StepContext, *, per_channel: bool) -> fa.NativeOp:
    """Return the native op ``normalize`` with statistics that each replicate computes from its training images."""
    return fa.NativeOp("normalize", {"statistics": "training", "per_channel": per_channel})


def _per_channel(name: str, values: tuple[float, ...], context: fa.StepContext) -> tuple[float, ...]:
    if len(values) == 1:
        return values * context.channels
    if len(values) != context.channels:
        raise fa.StudyError(
            f"step 'normalize': {name} has {len(values)} numbers, but the images have {context.channels} channels; "
            "give one number per channel, or one for all"
        )
    return values

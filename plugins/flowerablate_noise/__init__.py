"""Steps that add noise (kind ``noise``) or erase regions (kind ``erasing``), drawn for each image and epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import flowerablate as fa

if TYPE_CHECKING:
    from flowerablate.contracts import Register

NOISE = "noise"
ERASING = "erasing"

_PROBABILITY = fa.Param.probability()
_FILL = (
    fa.Param(
        "fill",
        "noise",
        "new value of erased pixels: random bytes, the mean of each channel of the image, or value",
        choices=("noise", "mean", "constant"),
    ),
    fa.Param(
        "value",
        0.0,
        "new value of erased pixels if fill is constant, as a fraction of the full range",
        low=0.0,
        high=1.0,
    ),
)


@fa.hookimpl
def flowerablate_register(register: Register) -> None:
    """Register the steps that add noise and those that erase."""
    register(
        fa.StepSpec(
            name="gaussian_noise",
            summary="Add normally distributed noise, its standard deviation drawn for each image.",
            kind=NOISE,
            random=True,
            params=(
                fa.Param(
                    "std",
                    (0.02, 0.1),
                    "minimum and maximum standard deviation, as fractions of the full range",
                    low=0.0,
                    high=1.0,
                ),
                fa.Param(
                    "per_channel", True, "draw noise for each channel; false: the same for all channels of a pixel"
                ),
                _PROBABILITY,
            ),
            build=build_gaussian_noise,
        )
    )
    register(
        fa.StepSpec(
            name="salt_and_pepper",
            summary="Turn single pixels white or black.",
            kind=NOISE,
            random=True,
            params=(
                fa.Param("amount", 0.02, "fraction of the pixels that are replaced", low=0.0, high=1.0, off=0.0),
                fa.Param("salt_share", 0.5, "fraction of these that become white", low=0.0, high=1.0),
                fa.Param("per_channel", False, "replace values of single channels; false: whole pixels"),
                _PROBABILITY,
            ),
            build=build_salt_and_pepper,
        )
    )
    register(
        fa.StepSpec(
            name="random_erasing",
            summary="Erase a rectangle of random position, area and shape, like torchvision's RandomErasing.",
            kind=ERASING,
            random=True,
            params=(
                fa.Param(
                    "scale", (0.02, 0.33), "minimum and maximum fraction of the image that is erased", low=0.0, high=1.0
                ),
                fa.Param("ratio", (0.3, 3.3), "minimum and maximum height / width", low=0.001, high=1000.0),
                *_FILL,
                fa.Param.probability(0.5),
            ),
            build=build_random_erasing,
        )
    )
    register(
        fa.StepSpec(
            name="cutout",
            summary="Erase squares whose centres lie anywhere in the image.",
            kind=ERASING,
            random=True,
            params=(
                fa.Param("holes", 1, "number of squares", low=1, high=64),
                fa.Param("size", 0, "side of a square in pixels; 0: set by share", low=0, high=8192),
                fa.Param(
                    "share", 0.25, "side as a fraction of the image's shorter side, if size is 0", low=0.0, high=1.0
                ),
                *_FILL,
                _PROBABILITY,
            ),
            build=build_cutout,
        )
    )


def build_gaussian_noise(
    context: fa.StepContext, *, std: tuple[float, ...], per_channel: bool, probability: float
) -> fa.NativeOp:
    """Return the native op; raises :class:`StudyError` for bounds that are not a pair."""
    low, high = fa.low_and_high("step 'gaussian_noise': std", std)
    return fa.NativeOp(
        "gaussian_noise", {"std_low": low, "std_high": high, "per_channel": per_channel, "probability": probability}
    )


def build_salt_and_pepper(
    context: fa.StepContext, *, amount: float, salt_share: float, per_channel: bool, probability: float
) -> fa.NativeOp:
    """Return the native op."""
    return fa.NativeOp(
        "salt_and_pepper",
        {"amount": amount, "salt_share": salt_share, "per_channel": per_channel, "probability": probability},
    )


def build_random_erasing(
    context: fa.StepContext,
    *,
    scale: tuple[float, ...],
    ratio: tuple[float, ...],
    fill: str,
    value: float,
    probability: float,
) -> fa.NativeOp:
    """Return the native op; raises :class:`StudyError` for bounds that are not a pair or a value that is not used."""
    _check_fill("random_erasing", fill, value)
    scale_low, scale_high = fa.low_and_high("step 'random_erasing': scale", scale)
    ratio_low, ratio_high = fa.low_and_high("step 'random_erasing': ratio", ratio)
    return fa.NativeOp(
        "random_erasing",
        {
            "scale_low": scale_low,
            "scale_high": scale_high,
            "ratio_low": ratio_low,
            "ratio_high": ratio_high,
            "fill": fill,
            "value": value,
            "probability": probability,
        },
    )


def build_cutout(
    context: fa.StepContext, *, holes: int, size: int, share: float, fill: str, value: float, probability: float
) -> fa.NativeOp:
    """Return the native op; raises :class:`StudyError` for a value that is not used."""
    _check_fill("cutout", fill, value)
    return fa.NativeOp(
        "cutout",
        {"holes": holes, "size": size, "share": share, "fill": fill, "value": value, "probability": probability},
    )


def _check_fill(step: str, fill: str, value: float) -> None:
    if fill != "constant" and value != 0:
        raise fa.StudyError(
            f"step {step!r}: value is for fill 'constant', not {fill!r}; change the fill or remove value"
        )

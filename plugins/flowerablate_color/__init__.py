"""Steps that change colours, run by the native core.

Images are RGB. A fourth channel is not a colour; only ``brightness_contrast`` changes it. The one channel of a grey
image serves as luminance, red, green and blue; ``channel_shuffle``, ``saturation`` and ``hue`` refuse such images.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import flowerablate as fa

if TYPE_CHECKING:
    from flowerablate.contracts import Register

KIND = "color"

CHANNELS = ("red", "green", "blue")


PROBABILITY = fa.Param.probability()
SOMETIMES = fa.Param.probability(random=False)

_FACTORS = {
    "brightness": "Multiply all values by a random factor: 0 is black, 1 no change.",
    "contrast": "Blend with the mean luminance by a random factor: 0 is flat, 1 no change.",
    "saturation": "Blend with the grey image by a random factor: 0 is grey, 1 no change.",
}


@fa.hookimpl
def flowerablate_register(register: Register) -> None:
    """Register the steps that change colours."""
    register(
        fa.StepSpec(
            name="brightness_contrast",
            summary="Change brightness and contrast at random, one draw of each per image.",
            kind=KIND,
            random=True,
            params=(
                fa.Param(
                    "brightness", 0.2, "maximum shift, as a fraction of the full range", low=0.0, high=1.0, off=0.0
                ),
                fa.Param("contrast", 0.2, "maximum change of the contrast factor 1", low=0.0, high=1.0, off=0.0),
                PROBABILITY,
            ),
            build=build_brightness_contrast,
        )
    )
    _register_fixed(register)
    _register_random(register)


def _register_fixed(register: Register) -> None:
    for name, summary in (
        ("grey", "Luminance in all channels, computed as OpenCV does."),
        ("invert", "Negative: 255 minus each value."),
    ):
        register(
            fa.StepSpec(
                name=name, summary=summary, kind=KIND, params=(SOMETIMES,), build=partial(build_named, name=name)
            )
        )
    register(
        fa.StepSpec(
            name="single_channel",
            summary="One colour in all channels, such as red for red flowers on green.",
            kind=KIND,
            params=(fa.Param("channel", "red", "the colour that is kept", choices=CHANNELS), SOMETIMES),
            build=build_single_channel,
        )
    )


def _register_random(register: Register) -> None:
    def random_step(
        name: str, summary: str, *params: fa.Param, build: Callable[..., fa.NativeOp] = build_named
    ) -> None:
        several = (*params, PROBABILITY)
        register(
            fa.StepSpec(
                name=name, summary=summary, kind=KIND, random=True, params=several, build=partial(build, name=name)
            )
        )

    for name, summary in _FACTORS.items():
        factor = fa.Param("factor", (0.8, 1.2), "minimum and maximum factor", low=0.0, high=10.0)
        random_step(name, summary, factor, build=build_range)
    random_step(
        "hue",
        "Rotate the hue by a random fraction of a turn, in HSV.",
        fa.Param("shift", (-0.05, 0.05), "minimum and maximum shift, in turns", low=-0.5, high=0.5),
        build=build_range,
    )
    random_step(
        "posterize",
        "Keep a random number of the upper bits of each value.",
        fa.Param("bits", (4, 8), "minimum and maximum number of bits; 8 is no change", low=1, high=8),
        build=build_range,
    )
    random_step(
        "solarize",
        "Negative of the values at or above a random threshold.",
        fa.Param("threshold", (128.0, 256.0), "minimum and maximum threshold; 256 is no change", low=0.0, high=256.0),
        build=build_range,
    )
    random_step("channel_shuffle", "Permute the colours at random; all six orders are equally likely.")
    random_step(
        "color_jitter",
        "Change brightness, contrast, saturation and hue in random order, like torchvision's ColorJitter.",
        fa.Param("brightness", 0.2, "maximum change of the factor 1", low=0.0, high=9.0, off=0.0),
        fa.Param("contrast", 0.2, "maximum change of the factor 1", low=0.0, high=9.0, off=0.0),
        fa.Param("saturation", 0.2, "maximum change of the factor 1", low=0.0, high=9.0, off=0.0),
        fa.Param("hue", 0.05, "maximum shift of the hue, in turns", low=0.0, high=0.5, off=0.0),
    )
    random_step(
        "hsv_jitter",
        "Shift hue, saturation and value at random, like albumentations' HueSaturationValue.",
        fa.Param("hue", 20.0, "maximum shift; 180 is a full turn", low=0.0, high=90.0, off=0.0),
        fa.Param("saturation", 30.0, "maximum shift; 255 is full saturation", low=0.0, high=255.0, off=0.0),
        fa.Param("value", 20.0, "maximum shift; 255 is white", low=0.0, high=255.0, off=0.0),
    )


_RANGES = {"factor": "", "shift": "", "bits": "bits_", "threshold": "threshold_"}
"""Parameters that are pairs, and the common prefix of the two parameters of the native op."""


_COLORFUL = ("channel_shuffle", "saturation", "hue")


def _need_colors(name: str, context: fa.StepContext) -> None:
    if name in _COLORFUL and context.channels == 1:
        raise fa.StudyError(f"step {name!r}: the images have one channel, so it cannot change anything; remove it")


def build_named(context: fa.StepContext, *, name: str, **params: float) -> fa.NativeOp:
    """Return the native op of that name with the same parameters; raises :class:`StudyError` if it needs colours."""
    _need_colors(name, context)
    return fa.NativeOp(name, params)


def build_range(context: fa.StepContext, *, name: str, probability: float, **ranges: tuple[float, ...]) -> fa.NativeOp:
    """Return the native op of that name; raises :class:`StudyError` if its range is not an ordered pair."""
    _need_colors(name, context)
    ((param, values),) = ranges.items()
    low, high = fa.low_and_high(f"step {name!r}: {param}", values)
    if param == "bits":
        low, high = int(low), int(high)
    prefix = _RANGES[param]
    return fa.NativeOp(name, {f"{prefix}low": low, f"{prefix}high": high, "probability": probability})


def build_single_channel(context: fa.StepContext, *, channel: str, probability: float) -> fa.NativeOp:
    """Return the native op; the one channel of a grey image serves as red, green and blue."""
    index = CHANNELS.index(channel) if context.channels > 1 else 0
    return fa.NativeOp("single_channel", {"channel": index, "probability": probability})


def build_brightness_contrast(
    context: fa.StepContext, *, brightness: float, contrast: float, probability: float
) -> fa.NativeOp:
    """Return the native op: ``round(alpha x + beta)``, alpha in 1 +- contrast, beta in +-255 brightness, saturated."""
    return fa.NativeOp(
        "brightness_contrast", {"brightness": brightness, "contrast": contrast, "probability": probability}
    )

"""Thresholds, run by the native core with OpenCV's semantics: fixed values, Otsu's, and those of a neighbourhood.

Each makes a binary image, or keeps the image where that would be white (``output = "mask"``), and keeps the number
of channels. All are of the kind ``threshold``.
"""

from __future__ import annotations

from typing import Any

from flowerablate import NativeOp, Param, StepContext, StepSpec, StudyError, hookimpl
from flowerablate.contracts import Register

KIND = "threshold"

_MODES = ("binary", "binary_inv", "truncate", "tozero", "tozero_inv")

_MODE = Param(
    "mode",
    "binary",
    "OpenCV's: white above the threshold and black elsewhere (binary), the reverse, or values cut off or set to zero",
    choices=_MODES,
)
_OUTPUT = Param(
    "output",
    "binary",
    "mask keeps the image where modes binary or binary_inv would be white, and is black elsewhere",
    choices=("binary", "mask"),
)
_ON = Param(
    "on",
    "luminance",
    "whether the luminance decides for all channels, or each channel for itself",
    choices=("luminance", "channels"),
)
_PROBABILITY = Param.probability(random=False)


@hookimpl
def flowerablate_register(register: Register) -> None:
    """Register ``threshold``, ``otsu`` and ``adaptive_threshold``."""
    register(
        StepSpec(
            name="threshold",
            summary="Fixed threshold, of each channel or of one that decides for all.",
            kind=KIND,
            params=(
                Param(
                    "value",
                    (125.0,),
                    "what is above it counts: one number for all channels, or one for each",
                    low=0.0,
                    high=65535.0,
                ),
                Param("channel", "each", "each, or the number of the channel that decides for all: '0' is red"),
                _MODE,
                _OUTPUT,
                _PROBABILITY,
            ),
            build=build_threshold,
        )
    )
    register(
        StepSpec(
            name="otsu",
            summary="Otsu's threshold: parts the values of an image into two classes as far apart as can be.",
            kind=KIND,
            params=(_ON, _MODE, _OUTPUT, _PROBABILITY),
            build=build_otsu,
        )
    )
    register(
        StepSpec(
            name="adaptive_threshold",
            summary="Threshold at the mean of each pixel's neighbourhood, for images with uneven light.",
            kind=KIND,
            params=(
                Param(
                    "method", "mean", "weights of the neighbourhood: equal or Gaussian", choices=("mean", "gaussian")
                ),
                Param("block_size", 11, "side of the neighbourhood in pixels, odd", low=3, high=127),
                Param("c", 2.0, "what is above the mean less this counts", low=-255.0, high=255.0),
                _ON,
                Param("mode", "binary", "white above the threshold, or below", choices=_MODES[:2]),
                _OUTPUT,
                _PROBABILITY,
            ),
            build=build_adaptive_threshold,
        )
    )


def build_threshold(
    context: StepContext, *, value: tuple[float, ...], channel: str, mode: str, output: str, probability: float
) -> NativeOp:
    """Return the native op; raises :class:`StudyError` where numbers or channel do not fit the channels."""
    channels = context.channels
    if channel != "each" and channel not in [str(number) for number in range(channels)]:
        raise StudyError(
            f"step 'threshold': channel must be 'each' or a number from '0' to '{channels - 1}', not {channel!r}"
        )
    wanted = channels if channel == "each" else 1
    if len(value) not in (1, wanted):
        whose = f"the images have {channels} channels" if channel == "each" else f"only channel {channel} decides"
        raise StudyError(
            f"step 'threshold': value has {len(value)} numbers, but {whose}; give {wanted}, or one for all"
        )
    _check_output("threshold", mode, output)
    values = value * wanted if len(value) == 1 else value
    return NativeOp(
        "threshold", {"value": values, "channel": channel, "mode": mode, "output": output, "probability": probability}
    )


def build_otsu(context: StepContext, *, mode: str, output: str, **others: Any) -> NativeOp:
    """Return the native op; raises :class:`StudyError` for a mask of a mode that makes none."""
    _check_output("otsu", mode, output)
    return NativeOp("otsu", {"mode": mode, "output": output, **others})


def build_adaptive_threshold(context: StepContext, *, block_size: int, **others: Any) -> NativeOp:
    """Return the native op; raises :class:`StudyError` for an even ``block_size``, which has no centre pixel."""
    if block_size % 2 == 0:
        raise StudyError(f"step 'adaptive_threshold': block_size must be odd, not {block_size}; use {block_size + 1}")
    return NativeOp("adaptive_threshold", {"block_size": block_size, **others})


def _check_output(step: str, mode: str, output: str) -> None:
    if output == "mask" and not mode.startswith("binary"):
        raise StudyError(
            f"step {step!r}: output 'mask' goes with modes binary and binary_inv, not {mode!r}; use 'binary'"
        )

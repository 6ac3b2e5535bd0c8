"""Fixed, Otsu's and adaptive thresholds, run by the native core with OpenCV's semantics.

Each returns a binary image, or keeps the image where the binary image is white (``output = "mask"``). The number of
channels stays the same. All steps are of the kind ``threshold``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import flowerablate as fa

if TYPE_CHECKING:
    from flowerablate.contracts import Register

KIND = "threshold"

_MODES = ("binary", "binary_inv", "truncate", "tozero", "tozero_inv")

_MODE = fa.Param(
    "mode",
    "binary",
    "OpenCV's modes: white above the threshold (binary) or below it, or values truncated or set to zero",
    choices=_MODES,
)
_OUTPUT = fa.Param(
    "output",
    "binary",
    "mask keeps the image where mode binary or binary_inv is white, and is black elsewhere",
    choices=("binary", "mask"),
)
_ON = fa.Param(
    "on",
    "luminance",
    "the luminance decides for all channels, or each channel for itself",
    choices=("luminance", "channels"),
)
_PROBABILITY = fa.Param.probability(random=False)


@fa.hookimpl
def flowerablate_register(register: Register) -> None:
    """Register ``threshold``, ``otsu`` and ``adaptive_threshold``."""
    register(
        fa.StepSpec(
            name="threshold",
            summary="Fixed threshold for each channel, or on one channel that decides for all.",
            kind=KIND,
            params=(
                fa.Param(
                    "value",
                    (125.0,),
                    "the threshold: one number for all channels, or one for each",
                    low=0.0,
                    high=65535.0,
                ),
                fa.Param("channel", "each", "each, or the index of the channel that decides for all: '0' is red"),
                _MODE,
                _OUTPUT,
                _PROBABILITY,
            ),
            build=build_threshold,
        )
    )
    register(
        fa.StepSpec(
            name="otsu",
            summary="Otsu's threshold: separates the values of an image into two classes as well as possible.",
            kind=KIND,
            params=(_ON, _MODE, _OUTPUT, _PROBABILITY),
            build=build_otsu,
        )
    )
    register(
        fa.StepSpec(
            name="adaptive_threshold",
            summary="Threshold at the mean of each pixel's neighbourhood, for unevenly lit images.",
            kind=KIND,
            params=(
                fa.Param(
                    "method", "mean", "weights of the neighbourhood: equal or Gaussian", choices=("mean", "gaussian")
                ),
                fa.Param("block_size", 11, "side of the neighbourhood in pixels, odd", low=3, high=127),
                fa.Param("c", 2.0, "subtracted from the mean to give the threshold", low=-255.0, high=255.0),
                _ON,
                fa.Param("mode", "binary", "white above the threshold, or below", choices=_MODES[:2]),
                _OUTPUT,
                _PROBABILITY,
            ),
            build=build_adaptive_threshold,
        )
    )


def build_threshold(
    context: fa.StepContext, *, value: tuple[float, ...], channel: str, mode: str, output: str, probability: float
) -> fa.NativeOp:
    """Return the native op; raises :class:`StudyError` if value or channel does not match the images."""
    channels = context.channels
    if channel != "each" and channel not in [str(number) for number in range(channels)]:
        raise fa.StudyError(
            f"step 'threshold': channel must be 'each' or a number from '0' to '{channels - 1}', not {channel!r}"
        )
    wanted = channels if channel == "each" else 1
    if len(value) not in (1, wanted):
        whose = f"the images have {channels} channels" if channel == "each" else f"only channel {channel} decides"
        raise fa.StudyError(
            f"step 'threshold': value has {len(value)} numbers, but {whose}; give {wanted}, or one for all"
        )
    _check_output("threshold", mode, output)
    values = value * wanted if len(value) == 1 else value
    return fa.NativeOp(
        "threshold", {"value": values, "channel": channel, "mode": mode, "output": output, "probability": probability}
    )


def build_otsu(context: fa.StepContext, *, mode: str, output: str, **others: Any) -> fa.NativeOp:
    """Return the native op; raises :class:`StudyError` for a mask in a mode that has none."""
    _check_output("otsu", mode, output)
    return fa.NativeOp("otsu", {"mode": mode, "output": output, **others})


def build_adaptive_threshold(context: fa.StepContext, *, block_size: int, **others: Any) -> fa.NativeOp:
    """Return the native op; raises :class:`StudyError` for an even ``block_size``, which has no centre pixel."""
    if block_size % 2 == 0:
        raise fa.StudyError(
            f"step 'adaptive_threshold': block_size must be odd, not {block_size}; use {block_size + 1}"
        )
    return fa.NativeOp("adaptive_threshold", {"block_size": block_size, **others})


def _check_output(step: str, mode: str, output: str) -> None:
    if output == "mask" and not mode.startswith("binary"):
        raise fa.StudyError(
            f"step {step!r}: output 'mask' requires mode 'binary' or 'binary_inv', not {mode!r}; use 'binary'"
        )

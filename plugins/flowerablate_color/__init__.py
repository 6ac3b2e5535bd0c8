"""Steps that change values, not places: brightness and contrast, and normalisation, run by the native core."""

from __future__ import annotations

from flowerablate import NativeOp, Param, StepContext, StepSpec, StudyError, hookimpl
from flowerablate.contracts import Register

KIND = "color"

IMAGENET_MEAN = (0.485, 0.456, 0.406)
"""Channel means of ImageNet's training set, RGB in [0, 1]; what torchvision's weights expect."""

IMAGENET_STD = (0.229, 0.224, 0.225)
"""Channel standard deviations of ImageNet's training set, RGB in [0, 1]."""


@hookimpl
def flowerablate_register_step(register: Register) -> None:
    """Register ``brightness_contrast`` and ``normalize``."""
    register(
        StepSpec(
            name="brightness_contrast",
            summary="Change brightness and contrast at random, one draw of each per picture.",
            kind=KIND,
            random=True,
            params=(
                Param("brightness", 0.2, "largest shift, as a share of the full range", low=0.0, high=1.0, off=0.0),
                Param("contrast", 0.2, "largest change of the contrast factor 1", low=0.0, high=1.0, off=0.0),
                Param("probability", 1.0, "share of the pictures that are changed", low=0.0, high=1.0),
            ),
            build=build_brightness_contrast,
        )
    )
    register(
        StepSpec(
            name="normalize",
            summary="Bring values to [0, 1], subtract mean, divide by std; must be the last step.",
            kind=KIND,
            params=(
                Param("mean", IMAGENET_MEAN, "one number per channel, or one for all", low=0.0, high=1.0),
                Param("std", IMAGENET_STD, "one number per channel, or one for all", low=0.001, high=10.0),
            ),
            build=build_normalize,
        )
    )


def build_brightness_contrast(
    context: StepContext, *, brightness: float, contrast: float, probability: float
) -> NativeOp:
    """Return the native op: ``round(alpha x + beta)``, alpha in 1 +- contrast, beta in +-255 brightness, saturated."""
    return NativeOp("brightness_contrast", {"brightness": brightness, "contrast": contrast, "probability": probability})


def build_normalize(context: StepContext, *, mean: tuple[float, ...], std: tuple[float, ...]) -> NativeOp:
    """Return the native op; raises :class:`StudyError` where the number of values does not fit the channels."""
    return NativeOp(
        "normalize", {"mean": _per_channel("mean", mean, context), "std": _per_channel("std", std, context)}
    )


def _per_channel(name: str, values: tuple[float, ...], context: StepContext) -> tuple[float, ...]:
    if len(values) == 1:
        return values * context.channels
    if len(values) != context.channels:
        raise StudyError(
            f"step 'normalize': {name} has {len(values)} numbers, but the pictures have {context.channels} channels; "
            "give one number per channel, or one for all"
        )
    return values

"""Steps that change colours: brightness and contrast, run by the native core."""

from __future__ import annotations

from flowerablate import NativeOp, Param, StepContext, StepSpec, hookimpl
from flowerablate.contracts import Register

KIND = "color"


@hookimpl
def flowerablate_register_step(register: Register) -> None:
    """Register ``brightness_contrast``."""
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


def build_brightness_contrast(
    context: StepContext, *, brightness: float, contrast: float, probability: float
) -> NativeOp:
    """Return the native op: ``round(alpha x + beta)``, alpha in 1 +- contrast, beta in +-255 brightness, saturated."""
    return NativeOp("brightness_contrast", {"brightness": brightness, "contrast": contrast, "probability": probability})

"""Augmentation policies: steps that draw other operations at random, run by the native core.

Both draw from the same list with equal probability. The magnitudes 0, 1, ..., 30 are spaced evenly between two bounds:

| entry | parameter | ``rand_augment`` | ``trivial_augment`` |
|---|---|---|---|
| identity | none | | |
| shear_x, shear_y | tangent, of either sign, about the centre | 0 to 0.3 | 0 to 0.99 |
| translate_x, translate_y | fraction of the width or height, of either sign | 0 to 150/331 | 0 to 32/224 |
| rotate | degrees, of either sign | 0 to 30 | 0 to 135 |
| brightness, color, contrast, sharpness | factor 1 + m, m of either sign | m = 0 to 0.9 | m = 0 to 0.99 |
| posterize | bits that are kept | 8 to 4 | 8 to 2 |
| solarize | threshold | 255 to 0 | 255 to 0 |
| auto_contrast | none: each channel stretched to 0..255 | | |
| equalize | none: histogram of each channel, Pillow's formula | | |

These are torchvision's spaces with two exceptions: images are sheared about their centre (torchvision: the upper
left corner), and TrivialAugment's translation is a fraction of the image size (torchvision: always 32 pixels).
Pixels outside the image are black; positions between pixels are interpolated linearly.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import flowerablate as fa

if TYPE_CHECKING:
    from flowerablate.contracts import Register

KIND = "policy"

_PARTS = (
    fa.Param("geometry", True, "include shears, translations and rotations", off=False),
    fa.Param("color", True, "include brightness, color, contrast, posterize and solarize", off=False),
    fa.Param("sharpness", True, "include sharpness", off=False),
    fa.Param("histogram", True, "include auto_contrast and equalize", off=False),
    fa.Param.probability(),
)


@fa.hookimpl
def flowerablate_register(register: Register) -> None:
    """Register ``rand_augment`` and ``trivial_augment``."""
    register(
        fa.StepSpec(
            name="rand_augment",
            summary="RandAugment (Cubuk et al. 2020): several operations in sequence, all of one magnitude.",
            kind=KIND,
            random=True,
            params=(
                fa.Param("ops", 2, "number of operations in sequence", low=1, high=8),
                fa.Param("magnitude", 9, "strength of the operations; 0 is the weakest", low=0, high=30),
                *_PARTS,
            ),
            build=partial(build_policy, name="rand_augment"),
        )
    )
    register(
        fa.StepSpec(
            name="trivial_augment",
            summary="TrivialAugment (Müller and Hutter 2021), wide space: one operation of a random magnitude.",
            kind=KIND,
            random=True,
            params=_PARTS,
            build=partial(build_policy, name="trivial_augment"),
        )
    )


def build_policy(context: fa.StepContext, *, name: str, **params: float) -> fa.NativeOp:
    """Return the native op of that name with the same parameters."""
    return fa.NativeOp(name, params)

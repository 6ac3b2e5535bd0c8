"""Steps that mix the images of a batch, and their labels in the same proportion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import flowerablate as fa

if TYPE_CHECKING:
    from flowerablate.contracts import Register

KIND = "batch"

_ALPHA = fa.Param(
    "alpha", 1.0, "both parameters of the Beta distribution of the mixing fraction", low=0.01, high=100.0, log=True
)
_PROBABILITY = fa.Param("probability", 1.0, "fraction of the images that are mixed", low=0.0, high=1.0)


@fa.hookimpl
def flowerablate_register(register: Register) -> None:
    """Register ``mixup`` and ``cutmix``."""
    register(
        fa.StepSpec(
            name="mixup",
            summary="Blend each image and its label with the next in the batch (Zhang et al. 2018).",
            kind=KIND,
            random=True,
            params=(_ALPHA, _PROBABILITY),
            build=build_mixup,
        )
    )
    register(
        fa.StepSpec(
            name="cutmix",
            summary="Paste a box of the batch's next image and mix the labels by area (Yun et al. 2019).",
            kind=KIND,
            random=True,
            params=(_ALPHA, _PROBABILITY),
            build=build_cutmix,
        )
    )


def build_mixup(context: fa.StepContext, *, alpha: float, probability: float) -> fa.BatchOp:
    """Return the batch op of :class:`~flowerablate_mixing.mixing.Mixup`."""
    from .mixing import Mixup

    return fa.BatchOp(Mixup(alpha, probability))


def build_cutmix(context: fa.StepContext, *, alpha: float, probability: float) -> fa.BatchOp:
    """Return the batch op of :class:`~flowerablate_mixing.mixing.CutMix`."""
    from .mixing import CutMix

    return fa.BatchOp(CutMix(alpha, probability))

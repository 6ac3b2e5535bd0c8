"""Orders of the training images: which come in an epoch, how often, and when.

This module holds the hook and the parameters only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import flowerablate as fa

if TYPE_CHECKING:
    from flowerablate.contracts import Register


@fa.hookimpl
def flowerablate_register(register: Register) -> None:
    """Register shuffled, balanced and weighted."""
    register(fa.SamplerSpec("shuffled", "Every image once in an epoch, in random order.", build_shuffled))
    size = fa.Param(
        "size",
        "mean",
        "images of each class in an epoch: as many as classes have on average, in the smallest or in the largest",
        choices=("mean", "smallest", "largest"),
    )
    register(fa.SamplerSpec("balanced", "Every class equally often in an epoch.", build_balanced, (size,)))
    params = (
        fa.Param("power", 1.0, "1 draws all classes equally often, 0 all images", 0.0, 2.0, off=0.0),
        fa.Param(
            "weights",
            (1.0,),
            "further weight of the images of each class, in the order of the data set; one number: of all",
            0.0,
            1e6,
            off=(1.0,),
        ),
    )
    summary = "Images drawn with replacement, those of rare classes more often."
    register(fa.SamplerSpec("weighted", summary, build_weighted, params))


def build_shuffled(context: fa.SamplerContext) -> Any:
    """Return the keyed order of each epoch."""
    from flowerablate.keyed import permutation

    return lambda epoch: permutation(len(context.labels), context.seed, "order", epoch)


def build_balanced(context: fa.SamplerContext, *, size: str) -> Any:
    """Return :class:`~flowerablate_samplers.orders.Balanced` for the labels of *context*."""
    from .orders import Balanced

    return Balanced(context.labels, context.seed, size=size)


def build_weighted(context: fa.SamplerContext, *, power: float, weights: tuple[float, ...]) -> Any:
    """Return :class:`~flowerablate_samplers.orders.Weighted` for the labels of *context*."""
    from .orders import Weighted

    return Weighted(context.labels, context.classes, context.seed, power=power, weights=weights)

"""Samplers: which training images an epoch contains, how often and in which order.

This module holds only the hook and the parameters.
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
        "images of each class in an epoch: the mean, the smallest or the largest class size",
        choices=("mean", "smallest", "largest"),
    )
    register(fa.SamplerSpec("balanced", "Every class equally often in an epoch.", build_balanced, (size,)))
    params = (
        fa.Param("power", 1.0, "1 draws all classes with equal probability, 0 all images", 0.0, 2.0, off=0.0),
        fa.Param(
            "weights",
            (1.0,),
            "additional weight of the images of each class, in the data set's order; one number for all classes",
            0.0,
            1e6,
            off=(1.0,),
        ),
    )
    summary = "Images drawn with replacement, images of rare classes more often."
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

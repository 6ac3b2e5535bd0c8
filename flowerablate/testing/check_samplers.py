"""Checks of samplers."""

from __future__ import annotations

import random
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..contracts import SamplerContext, SamplerSpec, Value
from .check_settings import build, each_setting, named

_CLASSES = 4
_COUNTS = {
    "classes of one size": (6, 6, 6, 6),
    "classes of many sizes": (17, 5, 1, 9),
    "a class without images": (7, 0, 4, 5),
    "one image": (1, 0, 0, 0),
}


def check_sampler(spec: SamplerSpec, *, params: Mapping[str, Value] | None = None) -> None:
    """Get the order of several epochs from *spec*: with its defaults, each feature off and each choice.

    Checks, for classes of different sizes and one without images, that the orders are valid indices of images, not
    empty and equally long in every epoch; that the same seed and epoch give the same order, whatever was requested
    before and whatever the state of other random generators; and that labels are not changed.
    """
    for when, chosen in each_setting(spec, params):
        for which, counts in _COUNTS.items():
            _check_sampler(spec, chosen, f"{named(spec)}{when}, {which}", when, np.repeat(np.arange(_CLASSES), counts))


def _check_sampler(
    spec: SamplerSpec, params: Mapping[str, Value], what: str, when: str, labels: NDArray[np.int64]
) -> None:
    labels = np.random.default_rng(51).permutation(labels)
    labels.setflags(write=False)  # changing them raises NumPy's error
    context = SamplerContext(labels, _CLASSES, 7)
    order = build(spec, context, params, when)
    assert callable(order), f"{what}: build must return a function of the epoch, not {type(order).__name__}"
    orders = {epoch: order(epoch) for epoch in (1, 2, 3)}
    for epoch, places in orders.items():
        where = f"{what}, epoch {epoch}"
        assert isinstance(places, np.ndarray) and places.dtype == np.int64 and places.ndim == 1, (  # noqa: PT018
            f"{where}: it must return a NumPy array int64 [M]"
        )
        assert len(places), f"{where}: it returns no image"
        assert 0 <= places.min() <= places.max() < len(labels), (
            f"{where}: it must return indices of the {len(labels)} images, 0 to {len(labels) - 1}"
        )
        assert len(places) == len(orders[1]), f"{where}: {len(places)} images, and {len(orders[1])} in epoch 1"
    random.seed(len(labels))
    np.random.seed(len(labels))
    again = build(spec, context, params, when)
    assert callable(again)
    for epoch in (3, 1):
        assert np.array_equal(again(epoch), orders[epoch]), (
            f"{what}: epoch {epoch} has two orders for the same seed; take random numbers from flowerablate.keyed, "
            "by (seed, epoch)"
        )

"""Losses, each the mean of the losses of single images.

This module holds only the hook and the parameters; torch is imported when a loss is built.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import flowerablate as fa

if TYPE_CHECKING:
    from flowerablate.contracts import Register

_SMOOTHING = fa.Param("label_smoothing", 0.0, "fraction of a label distributed over all classes", 0.0, 0.99, off=0.0)
_WEIGHTS = fa.Param(
    "weights",
    (1.0,),
    "additional weight of the images of each class, in the data set's order; one number for all classes",
    0.0,
    1e6,
    off=(1.0,),
)


def _power(default: float) -> fa.Param:
    return fa.Param("power", default, "1 gives equal weight to all classes, 0 to all images", 0.0, 2.0, off=0.0)


@fa.hookimpl
def flowerablate_register(register: Register) -> None:
    """Register cross-entropy, plain and weighted by class, focal loss, expected cost and binary cross-entropy."""
    summary = "Mean cross-entropy of the softmax."
    register(fa.LossSpec("cross-entropy", summary, build_cross_entropy, (_SMOOTHING,), soft_targets=True))
    params: tuple[fa.Param, ...] = (_SMOOTHING, _power(1.0), _WEIGHTS)
    summary = "Cross-entropy that weights images of rare classes more."
    build: Any = build_weighted_cross_entropy
    register(fa.LossSpec("weighted-cross-entropy", summary, build, params, soft_targets=True))
    params = (
        fa.Param("gamma", 2.0, "how strongly images that are already right are down-weighted", 0.0, 10.0, off=0.0),
        _power(0.0),
        _WEIGHTS,
    )
    summary = "Cross-entropy times (1 - p) ** gamma (Lin et al. 2017)."
    register(fa.LossSpec("focal", summary, build_focal, params, soft_targets=True))
    params = (
        fa.Param(
            "costs",
            (1.0,),
            "cost of each answer, one row per true class, one column per predicted class; one number for all errors",
            0.0,
            1e6,
        ),
        fa.Param("cross_entropy", 1.0, "factor of the cross-entropy that is added", 0.0, 100.0, off=0.0),
    )
    summary = "Expected cost of the answer, from a cost matrix, plus cross-entropy."
    register(fa.LossSpec("cost-matrix", summary, build_cost_matrix, params, soft_targets=True))
    params = (
        _SMOOTHING,
        fa.Param(
            "pos_weight", 1.0, "weight of the true class relative to each other class", 0.01, 100.0, log=True, off=1.0
        ),
    )
    summary = "Binary cross-entropy of each class against the rest."
    register(fa.LossSpec("bce", summary, build_bce, params, soft_targets=True))


def build_cross_entropy(context: fa.LossContext, *, label_smoothing: float) -> Any:
    """Return ``torch.nn.CrossEntropyLoss``."""
    from torch import nn

    return nn.CrossEntropyLoss(label_smoothing=label_smoothing)


def build_weighted_cross_entropy(context: fa.LossContext, **params: Any) -> Any:
    """Return :class:`~flowerablate_losses.losses.WeightedCrossEntropy` for the class counts of *context*."""
    from .losses import WeightedCrossEntropy

    return WeightedCrossEntropy(context.class_counts, **params)


def build_focal(context: fa.LossContext, **params: Any) -> Any:
    """Return :class:`~flowerablate_losses.losses.Focal` for the class counts of *context*."""
    from .losses import Focal

    return Focal(context.class_counts, **params)


def build_cost_matrix(context: fa.LossContext, **params: Any) -> Any:
    """Return :class:`~flowerablate_losses.losses.CostMatrix` for the number of classes of *context*."""
    from .losses import CostMatrix

    return CostMatrix(len(context.class_counts), **params)


def build_bce(context: fa.LossContext, **params: Any) -> Any:
    """Return :class:`~flowerablate_losses.losses.OneVersusRest`."""
    from .losses import OneVersusRest

    return OneVersusRest(**params)

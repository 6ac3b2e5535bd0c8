"""Optimizers, learning-rate schedules and losses, all of them torch's own or a few lines on top.

This module holds the hooks and the parameters only; torch is imported when something is built.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import flowerablate as fa

if TYPE_CHECKING:
    from flowerablate.contracts import Register


def _rate(default: float) -> fa.Param:
    return fa.Param("lr", default, "Learning rate: the peak that the schedule scales.", 1e-6, 10.0, log=True)


def _decay(default: float) -> fa.Param:
    return fa.Param("weight_decay", default, "Pull of all weights towards zero.", 0.0, 1.0, log=True, off=0.0)


_MOMENTUM = fa.Param("momentum", 0.9, "Share of the last step's direction that is kept.", 0.0, 0.999)
_BETAS = (
    fa.Param("beta1", 0.9, "Decay of the running mean of gradients.", 0.0, 0.9999),
    fa.Param("beta2", 0.999, "Decay of the running mean of squared gradients.", 0.0, 0.99999),
    fa.Param("eps", 1e-8, "Added to the denominator, against division by zero.", 1e-16, 1.0, log=True),
)


@fa.hookimpl
def flowerablate_register_optimizer(register: Register) -> None:
    """Register sgd, nesterov, adam, adamw and rmsprop."""
    plain = (_rate(0.05), _MOMENTUM, _decay(5e-4))
    register(fa.OptimizerSpec("sgd", "Stochastic gradient descent with heavy-ball momentum.", build_sgd, plain))
    # torch refuses Nesterov's look-ahead without any momentum.
    ahead = fa.Param("momentum", 0.9, "Share of the last step's direction that is kept.", 0.01, 0.999)
    summary = "Stochastic gradient descent with Nesterov's momentum."
    register(fa.OptimizerSpec("nesterov", summary, build_nesterov, (_rate(0.05), ahead, _decay(5e-4))))
    summary = "Adam (Kingma & Ba 2015); weight decay enters through the gradient."
    register(fa.OptimizerSpec("adam", summary, build_adam, (_rate(2e-3), *_BETAS, _decay(0.0))))
    summary = "Adam with decoupled weight decay (Loshchilov & Hutter 2019)."
    register(fa.OptimizerSpec("adamw", summary, build_adamw, (_rate(2e-3), *_BETAS, _decay(1e-2))))
    params = (
        _rate(1e-3),
        fa.Param("alpha", 0.99, "Decay of the running mean of squared gradients.", 0.0, 0.99999),
        fa.Param("momentum", 0.0, "Share of the last step's direction that is kept.", 0.0, 0.999),
        _BETAS[2],
        _decay(0.0),
    )
    register(fa.OptimizerSpec("rmsprop", "RMSprop (Tieleman & Hinton 2012).", build_rmsprop, params))


def build_sgd(parameters: list[Any], **params: Any) -> Any:
    """Return ``torch.optim.SGD``."""
    from torch import optim

    return optim.SGD(parameters, **params)


def build_nesterov(parameters: list[Any], **params: Any) -> Any:
    """Return ``torch.optim.SGD`` with Nesterov's momentum."""
    from torch import optim

    return optim.SGD(parameters, nesterov=True, **params)


def build_adam(parameters: list[Any], *, beta1: float, beta2: float, **params: Any) -> Any:
    """Return ``torch.optim.Adam``."""
    from torch import optim

    return optim.Adam(parameters, betas=(beta1, beta2), **params)


def build_adamw(parameters: list[Any], *, beta1: float, beta2: float, **params: Any) -> Any:
    """Return ``torch.optim.AdamW``."""
    from torch import optim

    return optim.AdamW(parameters, betas=(beta1, beta2), **params)


def build_rmsprop(parameters: list[Any], **params: Any) -> Any:
    """Return ``torch.optim.RMSprop``."""
    from torch import optim

    return optim.RMSprop(parameters, **params)


@fa.hookimpl
def flowerablate_register_scheduler(register: Register) -> None:
    """Register constant, step, cosine and one-cycle."""
    from functools import partial

    register(fa.SchedulerSpec("constant", "The same learning rate throughout.", partial(_schedule, "constant")))
    params: tuple[fa.Param, ...] = (
        fa.Param("epoch_size", 3, "Epochs between two drops.", 1, 10_000),
        fa.Param("gamma", 0.1, "Factor of each drop.", 0.0, 1.0),
    )
    summary = "Multiply the learning rate by gamma every few epochs."
    register(fa.SchedulerSpec("step", summary, partial(_schedule, "step"), params))
    params = (
        fa.Param("warmup", 0.0, "Share of training in which the rate climbs linearly to its peak.", 0.0, 0.9, off=0.0),
        fa.Param("final", 0.0, "Rate at the end, as a share of the peak.", 0.0, 1.0),
    )
    summary = "Fall along half a cosine (Loshchilov & Hutter 2017), after an optional warm-up."
    register(fa.SchedulerSpec("cosine", summary, partial(_schedule, "cosine"), params))
    params = (
        fa.Param("pct_start", 0.3, "Share of training in which the rate climbs.", 0.0, 1.0),
        fa.Param("div_factor", 25.0, "Peak divided by the first rate.", 1.0, 1e6, log=True),
        fa.Param("final_div_factor", 1e4, "First rate divided by the last.", 1.0, 1e9, log=True),
        fa.Param("cycle_momentum", False, "Move the momentum against the rate, between 0.85 and 0.95."),
    )
    summary = "Climb to the optimizer's rate and fall far below where it began (Smith & Topin 2018)."
    register(fa.SchedulerSpec("one-cycle", summary, partial(_schedule, "one_cycle"), params))


def _schedule(name: str, context: fa.ScheduleContext, **params: Any) -> Any:
    from . import schedules

    return getattr(schedules, name)(context, **params)


@fa.hookimpl
def flowerablate_register_loss(register: Register) -> None:
    """Register cross-entropy, plain and weighted by class."""
    smoothing = fa.Param("label_smoothing", 0.0, "Share of a label spread over all classes.", 0.0, 0.99, off=0.0)
    summary = "Mean cross-entropy of the softmax."
    register(fa.LossSpec("cross-entropy", summary, build_cross_entropy, (smoothing,), soft_targets=True))
    params = (
        smoothing,
        fa.Param("power", 1.0, "1 gives all classes equal weight, 0 all pictures.", 0.0, 2.0, off=0.0),
    )
    summary = "Cross-entropy in which pictures of rare classes count more."
    build = build_weighted_cross_entropy
    register(fa.LossSpec("weighted-cross-entropy", summary, build, params, soft_targets=True))


def build_cross_entropy(context: fa.LossContext, *, label_smoothing: float) -> Any:
    """Return ``torch.nn.CrossEntropyLoss``."""
    from torch import nn

    return nn.CrossEntropyLoss(label_smoothing=label_smoothing)


def build_weighted_cross_entropy(context: fa.LossContext, *, label_smoothing: float, power: float) -> Any:
    """Return :class:`~flowerablate_optimizers.losses.WeightedCrossEntropy` for the class counts of *context*."""
    from .losses import WeightedCrossEntropy

    return WeightedCrossEntropy(context.class_counts, label_smoothing=label_smoothing, power=power)

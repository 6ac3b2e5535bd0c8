"""Optimizers: those of torch, and two that torch lacks.

This module holds only the hook and the parameters; torch is imported when an optimizer is built.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import flowerablate as fa

if TYPE_CHECKING:
    from flowerablate.contracts import OptimizerContext, Register


def _rate(default: float) -> fa.Param:
    return fa.Param("lr", default, "peak learning rate, which the schedule scales", 1e-6, 10.0, log=True)


def _decay(default: float) -> fa.Param:
    return fa.Param(
        "weight_decay", default, "strength of the decay of all weights towards zero", 0.0, 1.0, log=True, off=0.0
    )


_MOMENTUM = fa.Param("momentum", 0.9, "fraction of the last step's direction that is kept", 0.0, 0.999)
_BETAS = (
    fa.Param("beta1", 0.9, "decay of the running mean of gradients", 0.0, 0.9999),
    fa.Param("beta2", 0.999, "decay of the running mean of squared gradients", 0.0, 0.99999),
    fa.Param("eps", 1e-8, "added to the denominator to avoid division by zero", 1e-16, 1.0, log=True),
)


@fa.hookimpl
def flowerablate_register(register: Register) -> None:
    """Register the optimizers."""
    plain = (_rate(0.05), _MOMENTUM, _decay(5e-4))
    register(fa.OptimizerSpec("sgd", "Stochastic gradient descent with heavy-ball momentum.", build_sgd, plain))
    # torch refuses Nesterov's method without momentum.
    ahead = fa.Param("momentum", 0.9, "fraction of the last step's direction that is kept", 0.01, 0.999)
    summary = "Stochastic gradient descent with Nesterov's momentum."
    register(fa.OptimizerSpec("nesterov", summary, build_nesterov, (_rate(0.05), ahead, _decay(5e-4))))
    summary = "Adam (Kingma & Ba 2015); weight decay enters through the gradient."
    register(fa.OptimizerSpec("adam", summary, build_adam, (_rate(2e-3), *_BETAS, _decay(0.0))))
    summary = "Adam with decoupled weight decay (Loshchilov & Hutter 2019)."
    register(fa.OptimizerSpec("adamw", summary, build_adamw, (_rate(2e-3), *_BETAS, _decay(1e-2))))
    summary = "Adam that divides by the maximum of recent gradients (Kingma & Ba 2015)."
    register(fa.OptimizerSpec("adamax", summary, build_adamax, (_rate(2e-3), *_BETAS, _decay(0.0))))
    summary = "Adam that rectifies the variance of its first adaptive steps (Liu et al. 2020)."
    register(fa.OptimizerSpec("radam", summary, build_radam, (_rate(2e-3), *_BETAS, _decay(0.0))))
    params: tuple[fa.Param, ...] = (
        _rate(2e-3),
        *_BETAS,
        fa.Param("momentum_decay", 4e-3, "how fast the momentum rises to beta1", 1e-6, 1.0, log=True),
        _decay(0.0),
    )
    register(fa.OptimizerSpec("nadam", "Adam with Nesterov's momentum (Dozat 2016).", build_nadam, params))
    params = (
        _rate(1e-2),
        fa.Param("lr_decay", 0.0, "the rate is divided by 1 + lr_decay * step", 0.0, 1.0, off=0.0),
        fa.Param("eps", 1e-10, "added to the denominator to avoid division by zero", 1e-16, 1.0, log=True),
        _decay(0.0),
    )
    summary = "The rate of each weight falls with its accumulated squared gradients (Duchi et al. 2011)."
    register(fa.OptimizerSpec("adagrad", summary, build_adagrad, params))
    params = (
        _rate(1.0),
        fa.Param("rho", 0.9, "decay of the running means of squared gradients and squared steps", 0.0, 0.9999),
        fa.Param("eps", 1e-6, "added to numerator and denominator; determines the first steps", 1e-16, 1.0, log=True),
        _decay(0.0),
    )
    register(fa.OptimizerSpec("adadelta", "Steps in the unit of the weights (Zeiler 2012).", build_adadelta, params))
    params = (
        _rate(1e-3),
        fa.Param("alpha", 0.99, "decay of the running mean of squared gradients", 0.0, 0.99999),
        fa.Param("momentum", 0.0, "fraction of the last step's direction that is kept", 0.0, 0.999),
        _BETAS[2],
        _decay(0.0),
    )
    register(fa.OptimizerSpec("rmsprop", "RMSprop (Tieleman & Hinton 2012).", build_rmsprop, params))
    params = (
        _rate(3e-4),
        _BETAS[0],
        fa.Param("beta2", 0.99, "decay of the stored momentum", 0.0, 0.99999),
        _decay(3e-2),
    )
    summary = "Steps of equal size, by the sign of the momentum (Chen et al. 2023); decoupled weight decay."
    register(fa.OptimizerSpec("lion", summary, build_lion, params))
    params = (
        _rate(0.1),
        _MOMENTUM,
        fa.Param("trust", 0.02, "norm of a layer's step as a fraction of the norm of its weights", 1e-4, 1.0, log=True),
        _decay(5e-4),
    )
    summary = "Momentum with a rate for each layer (You et al. 2017); for large batches."
    register(fa.OptimizerSpec("lars", summary, build_lars, params))


def build_sgd(context: OptimizerContext, **params: Any) -> Any:
    """Return ``torch.optim.SGD``."""
    from torch import optim

    return optim.SGD(context.parameters, **params)


def build_nesterov(context: OptimizerContext, **params: Any) -> Any:
    """Return ``torch.optim.SGD`` with Nesterov's momentum."""
    from torch import optim

    return optim.SGD(context.parameters, nesterov=True, **params)


def build_adam(context: OptimizerContext, *, beta1: float, beta2: float, **params: Any) -> Any:
    """Return ``torch.optim.Adam``."""
    from torch import optim

    return optim.Adam(context.parameters, betas=(beta1, beta2), **params)


def build_adamw(context: OptimizerContext, *, beta1: float, beta2: float, **params: Any) -> Any:
    """Return ``torch.optim.AdamW``."""
    from torch import optim

    return optim.AdamW(context.parameters, betas=(beta1, beta2), **params)


def build_rmsprop(context: OptimizerContext, **params: Any) -> Any:
    """Return ``torch.optim.RMSprop``."""
    from torch import optim

    return optim.RMSprop(context.parameters, **params)


def build_adamax(context: OptimizerContext, *, beta1: float, beta2: float, **params: Any) -> Any:
    """Return ``torch.optim.Adamax``."""
    from torch import optim

    return optim.Adamax(context.parameters, betas=(beta1, beta2), **params)


def build_radam(context: OptimizerContext, *, beta1: float, beta2: float, **params: Any) -> Any:
    """Return ``torch.optim.RAdam``."""
    from torch import optim

    return optim.RAdam(context.parameters, betas=(beta1, beta2), **params)


def build_nadam(context: OptimizerContext, *, beta1: float, beta2: float, **params: Any) -> Any:
    """Return ``torch.optim.NAdam``."""
    from torch import optim

    return optim.NAdam(context.parameters, betas=(beta1, beta2), **params)


def build_adagrad(context: OptimizerContext, **params: Any) -> Any:
    """Return ``torch.optim.Adagrad``."""
    from torch import optim

    return optim.Adagrad(context.parameters, **params)


def build_adadelta(context: OptimizerContext, **params: Any) -> Any:
    """Return ``torch.optim.Adadelta``."""
    from torch import optim

    return optim.Adadelta(context.parameters, **params)


def build_lion(context: OptimizerContext, *, beta1: float, beta2: float, **params: Any) -> Any:
    """Return :class:`~flowerablate_optimizers.lion.Lion`."""
    from .lion import Lion

    return Lion(context.parameters, betas=(beta1, beta2), **params)


def build_lars(context: OptimizerContext, **params: Any) -> Any:
    """Return :class:`~flowerablate_optimizers.lars.Lars`."""
    from .lars import Lars

    return Lars(context.parameters, **params)

"""LARS: layer-wise adaptive rate scaling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

_EPS = 1e-8


class Lars(Optimizer):
    """LARS (You et al. 2017, «Large Batch Training of Convolutional Networks»).

    The decayed gradient ``d = g + weight_decay * w`` of each layer is multiplied by
    ``trust * |w| / (|g| + weight_decay * |w|)``, so that the norm of a step is proportional to that of the
    weights; then momentum and the rate are applied as in ``torch.optim.SGD``. Norms and biases, which have one
    dimension, and weights or gradients that are all zero are not scaled.
    """

    def __init__(
        self, params: Any, lr: float, momentum: float = 0.9, trust: float = 0.02, weight_decay: float = 0.0
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "trust": trust, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Make one step; return the result of *closure*, or None without it."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                way = _scaled(weight, weight.grad, group["trust"], group["weight_decay"])
                if group["momentum"]:
                    state = self.state[weight]
                    kept = state.get("momentum")
                    state["momentum"] = way = way if kept is None else kept.mul_(group["momentum"]).add_(way)
                weight.add_(way, alpha=-group["lr"])
        return loss


def _scaled(weight: Tensor, gradient: Tensor, trust: float, weight_decay: float) -> Tensor:
    decayed = gradient.add(weight, alpha=weight_decay)
    if weight.ndim < 2:
        return decayed
    length, slope = weight.norm(), gradient.norm()
    ratio = trust * length / (slope + weight_decay * length + _EPS)
    # torch.where chooses on the device; reading the number would synchronise a GPU at every layer.
    return decayed * torch.where((length > 0) & (slope > 0), ratio, torch.ones_like(ratio))

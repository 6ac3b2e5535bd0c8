"""An exponential moving average of a model's weights and buffers."""

from __future__ import annotations

import copy

import torch
from torch import nn


def max_kept(updates: int) -> float:
    """Return the largest fraction that an average keeps of itself at update number *updates*, counted from 1."""
    return (1 + updates) / (10 + updates)


class MovingAverage:
    """A moving average of *model*: its own ``model`` averages the floating-point state and copies the rest.

    Update number t keeps ``min(decay, (1 + t) / (10 + t))`` of the average, so that the initial weights do not hold it
    back in a short training (as in TensorFlow's ``ExponentialMovingAverage`` with ``num_updates``). The statistics of
    batch normalisation are averaged like weights.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.model = copy.deepcopy(model).requires_grad_(False)
        self.updates = 0
        self._source = model
        self._decay = decay

    @torch.no_grad()
    def update(self) -> None:
        self.updates += 1
        kept = min(self._decay, max_kept(self.updates))
        averaged, current = [], []
        for mine, theirs in zip(self.model.state_dict().values(), self._source.state_dict().values(), strict=True):
            if mine.is_floating_point():
                averaged.append(mine)
                current.append(theirs)
            else:
                mine.copy_(theirs)
        if averaged:
            torch._foreach_lerp_(averaged, current, 1 - kept)

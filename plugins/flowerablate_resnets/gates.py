"""What scales the maps of a block: squeeze and excitation, and stochastic depth.

They have the names, values and draws of those in :mod:`torchvision.ops`, which takes a second to import: more than all
of torch that a trial needs.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class SqueezeExcitation(nn.Module):
    """Scales each of *maps* by what all of them are on average (Hu et al. 2018, arXiv:1709.01507).

    The averages are squeezed to *squeezed* numbers in between.
    """

    def __init__(self, maps: int, squeezed: int) -> None:
        super().__init__()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(maps, squeezed, 1)
        self.fc2 = nn.Conv2d(squeezed, maps, 1)
        self.activation = nn.ReLU()
        self.scale_activation = nn.Sigmoid()

    def forward(self, features: Tensor) -> Tensor:
        """Return [N, maps, H, W], as *features* are."""
        squeezed = self.activation(self.fc1(self.avgpool(features)))
        scale: Tensor = self.scale_activation(self.fc2(squeezed))
        return scale * features


class StochasticDepth(nn.Module):
    """In training, makes the features of an image zero with probability *drop*, else larger by as much as that takes.

    See Huang et al. 2016 (arXiv:1603.09382).
    """

    def __init__(self, drop: float) -> None:
        super().__init__()
        self.p = drop

    def forward(self, features: Tensor) -> Tensor:
        """Return [N, ...], as *features* are."""
        if not self.training or self.p == 0:
            return features
        kept = 1.0 - self.p
        rows = [features.shape[0]] + [1] * (features.ndim - 1)
        noise = torch.empty(rows, dtype=features.dtype, device=features.device).bernoulli_(kept)
        if kept > 0:
            noise.div_(kept)
        return features * noise

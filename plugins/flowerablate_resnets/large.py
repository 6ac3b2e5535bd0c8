"""Torchvision's residual networks, fitted to the number of classes and channels."""

from __future__ import annotations

from torch import nn
from torchvision import models


def torchvision_resnet(name: str, *, classes: int, channels: int, zero_init: bool) -> nn.Module:
    """Return torchvision's network *name* with random weights: float32 [N, channels, H, W] to logits [N, classes].

    The modules and the names in the state dict are torchvision's own. For pictures that are not RGB the first
    convolution is replaced by one of the same shape that takes *channels* maps.
    """
    network: nn.Module = models.get_model(name, weights=None, num_classes=classes, zero_init_residual=zero_init)
    if channels != 3:
        network.conv1 = _stem(channels)
    return network


def _stem(channels: int) -> nn.Conv2d:
    """Return the 7x7 convolution with which every torchvision ResNet begins, initialised as there."""
    stem = nn.Conv2d(channels, 64, kernel_size=7, stride=2, padding=3, bias=False)
    nn.init.kaiming_normal_(stem.weight, mode="fan_out", nonlinearity="relu")
    return stem

"""Residual networks for small pictures, after He et al. 2015 (arXiv:1512.03385), section 4.2.

A 3x3 convolution (the stem) is followed by three stages of ``blocks`` basic blocks each, with ``width``, ``2 width``
and ``4 width`` maps; the second and third stage halve the picture. Global average pooling and one linear layer end
it. With two convolutions in a block that makes ``6 blocks + 2`` weighted layers.

What can be switched off (skip connections, batch normalisation) leaves the names of all other parameters as they were,
so that initial values that are keyed by name are the same with and without it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

from torch import Tensor, nn
from torch.nn import functional

Shortcut = Literal["pad", "project"]


class SmallResNet(nn.Module):
    """Map float32 [N, channels, H, W] to logits [N, classes]; the parameters are those of the plugin's table."""

    def __init__(
        self,
        blocks: int,
        *,
        classes: int,
        channels: int,
        skip: bool,
        batchnorm: bool,
        width: int,
        stem_stride: int,
        shortcut: Shortcut,
        zero_init: bool,
    ) -> None:
        super().__init__()
        block = partial(BasicBlock, skip=skip, batchnorm=batchnorm, shortcut=shortcut)
        self.stem = _convolution(channels, width, stride=stem_stride, batchnorm=batchnorm)
        self.stem_norm = _norm(width, batchnorm)
        self.stage1 = _stage(blocks, width, width, 1, block)
        self.stage2 = _stage(blocks, width, 2 * width, 2, block)
        self.stage3 = _stage(blocks, 2 * width, 4 * width, 2, block)
        self.head = nn.Linear(4 * width, classes)
        self._initialise(zero_init=zero_init and skip)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits [N, classes] for *images* [N, channels, H, W]."""
        features = functional.relu(self.stem_norm(self.stem(images)), inplace=True)
        for stage in (self.stage1, self.stage2, self.stage3):
            features = stage(features)
        logits: Tensor = self.head(features.mean(dim=(2, 3)))
        return logits

    def _initialise(self, *, zero_init: bool) -> None:
        """Initialise convolutions as in He et al. 2015 (arXiv:1502.01852); the rest keeps torch's defaults.

        With *zero_init* the last layer with weights of each block starts at zero, as in Goyal et al. 2017
        (arXiv:1706.02677): each block is the identity at first. Without a skip nothing would get through.
        """
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        if zero_init:
            for module in self.modules():
                if isinstance(module, BasicBlock):
                    last = module.norm2 if isinstance(module.norm2, nn.BatchNorm2d) else module.conv2
                    nn.init.zeros_(last.weight)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions f: ``relu(f(x) + shortcut(x))``, or ``relu(f(x))`` without *skip*."""

    def __init__(self, maps: int, wider: int, *, stride: int, skip: bool, batchnorm: bool, shortcut: Shortcut) -> None:
        super().__init__()
        self.conv1 = _convolution(maps, wider, stride=stride, batchnorm=batchnorm)
        self.norm1 = _norm(wider, batchnorm)
        self.conv2 = _convolution(wider, wider, stride=1, batchnorm=batchnorm)
        self.norm2 = _norm(wider, batchnorm)
        self.shortcut = _shortcut(maps, wider, stride, batchnorm, shortcut) if skip else None

    def forward(self, features: Tensor) -> Tensor:
        """Return [N, wider, H / stride, W / stride] for *features* [N, maps, H, W]."""
        result = functional.relu(self.norm1(self.conv1(features)), inplace=True)
        result = self.norm2(self.conv2(result))
        if self.shortcut is not None:
            result = result + self.shortcut(features)
        return functional.relu(result, inplace=True)


def _stage(blocks: int, maps: int, wider: int, stride: int, block: Callable[..., BasicBlock]) -> nn.Sequential:
    first = block(maps, wider, stride=stride)
    return nn.Sequential(first, *(block(wider, wider, stride=1) for _ in range(blocks - 1)))


class PaddedShortcut(nn.Module):
    """Take every *stride*-th pixel and append maps of zeros (option A of the paper); it has no parameters."""

    def __init__(self, maps: int, wider: int, stride: int) -> None:
        super().__init__()
        self.new_maps = wider - maps
        self.stride = stride

    def forward(self, features: Tensor) -> Tensor:
        """Return [N, wider, H / stride, W / stride] for *features* [N, maps, H, W]."""
        picked = features[:, :, :: self.stride, :: self.stride]
        return functional.pad(picked, (0, 0, 0, 0, 0, self.new_maps))


def _shortcut(maps: int, wider: int, stride: int, batchnorm: bool, kind: Shortcut) -> nn.Module:
    if maps == wider and stride == 1:
        return nn.Identity()
    if kind == "pad":
        return PaddedShortcut(maps, wider, stride)
    projection = nn.Conv2d(maps, wider, kernel_size=1, stride=stride, bias=not batchnorm)
    return nn.Sequential(projection, _norm(wider, batchnorm))


def _convolution(maps: int, wider: int, *, stride: int, batchnorm: bool) -> nn.Conv2d:
    # Batch normalisation subtracts the mean, so a bias before it would do nothing.
    return nn.Conv2d(maps, wider, kernel_size=3, stride=stride, padding=1, bias=not batchnorm)


def _norm(maps: int, batchnorm: bool) -> nn.Module:
    return nn.BatchNorm2d(maps) if batchnorm else nn.Identity()

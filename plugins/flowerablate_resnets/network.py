"""The network of all variants: stem, stages of residual blocks, global average, linear layer.

Switching off a feature does not rename any other weights, so that initial values keyed by name stay the same.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from torch import nn

from .block import Block
from .features import Features
from .layers import Blur, Names, activation, convolution, norms


class ResNet(nn.Sequential):
    """Map float32 [N, channels, H, W] to logits [N, classes], with *blocks* blocks in each stage.

    After He et al. 2015 (arXiv:1512.03385). Each stage but the first halves the image and doubles the feature maps.
    *features* are the settings; *names* are the names of the modules.
    """

    def __init__(
        self, blocks: tuple[int, ...], features: Features, names: Names, *, classes: int, channels: int
    ) -> None:
        super().__init__(OrderedDict(_layers(blocks, features, names, classes, channels)))
        self._initialise(zero_init=features.zero_init and features.skip)

    def _initialise(self, *, zero_init: bool) -> None:
        """Initialise convolutions as in He et al. 2015 (arXiv:1502.01852); other layers keep torch's defaults.

        With *zero_init* the last layer with weights of each block starts at zero, as in Goyal et al. 2017
        (arXiv:1706.02677): each block is the identity at first. Without a skip no signal would pass.
        """
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        if zero_init:
            for module in self.modules():
                if isinstance(module, Block):
                    nn.init.zeros_(module.get_parameter(f"{module.last_weights}.weight"))


def _layers(
    blocks: tuple[int, ...], features: Features, names: Names, classes: int, channels: int
) -> Iterator[tuple[str, nn.Module]]:
    """Yield the names and layers of a network in order."""
    yield names.stem, _stem(channels, features)
    if features.order == "post":
        yield from norms(names.stem_norm, features.width, features)
        yield "act", activation(features)
    if features.stem_pool:
        yield "maxpool", _pool(features)
    maps, number = features.width, 0
    for stage, count in enumerate(blocks):
        planes = features.width * 2**stage
        layers = []
        for place in range(count):
            number += 1
            stride = 2 if stage and not place else 1
            # Linear decay, Huang et al. 2016 (arXiv:1603.09382): early blocks are rarely skipped.
            drop = features.drop_path * number / sum(blocks)
            layers.append(Block(maps, planes, stride, drop, features, names))
            maps = layers[-1].out
        yield f"{names.stage}{stage + 1}", nn.Sequential(*layers)
    if features.order == "pre":
        yield from norms(names.last_norm, maps, features)
        yield "act", activation(features)
    yield "avgpool", nn.AdaptiveAvgPool2d(1)
    yield "flatten", nn.Flatten(1)
    if features.dropout:
        yield "dropout", nn.Dropout(features.dropout)
    yield names.head, nn.Linear(maps, classes)


def _stem(channels: int, features: Features) -> nn.Module:
    """Return the first convolution, or the three of ResNet-C (He et al. 2018, arXiv:1812.01187)."""
    width, stride = features.width, features.stem_stride
    if features.stem != "deep":
        return convolution(channels, width, int(features.stem[0]), features, stride=stride)
    narrow = width // 2
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for place, before in ((0, channels), (3, narrow)):
        layers[str(place)] = convolution(before, narrow, 3, features, stride=1 if place else stride)
        layers.update(norms(str(place + 1), narrow, features))
        layers[str(place + 2)] = activation(features)
    layers["6"] = convolution(narrow, width, 3, features)
    return nn.Sequential(layers)


def _pool(features: Features) -> nn.Module:
    """Return the pooling after the stem; with blur, a dense maximum that is blurred and subsampled."""
    if not features.blur:
        return nn.MaxPool2d(3, stride=2, padding=1)
    return nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), Blur(features.width, 2))

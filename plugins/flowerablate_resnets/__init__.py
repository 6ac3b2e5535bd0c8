"""Residual networks: one network in which every idea can be switched, and its named variants.

A variant is one entry of :data:`VARIANTS`, or a call in your own plugin::

    from flowerablate_resnets import bottleneck_resnet
    register(bottleneck_resnet("seresnet26", "A light variant.", (2, 2, 2, 2), se=0.0625))

This module holds only the hook and the parameters; torch is imported when a model is built.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import flowerablate as fa

from .variants import bottleneck_resnet, resnet, small_resnet

if TYPE_CHECKING:
    from flowerablate.contracts import Register

SMALL_BLOCKS = {
    "resnet8": 1,
    "resnet14": 2,
    "resnet20": 3,
    "resnet32": 5,
    "resnet44": 7,
    "resnet56": 9,
    "resnet110": 18,
}
"""Blocks per stage of each small network; a network of n blocks per stage has 6n + 2 weighted layers."""


_V1, _V2 = "IMAGENET1K_V1", "IMAGENET1K_V2"
_FIFTY = (3, 4, 6, 3)

VARIANTS = (
    resnet("resnet18", "ImageNet's 18 layers.", (2, 2, 2, 2), pretrained=_V1),
    resnet("resnet34", "ImageNet's 34 layers.", _FIFTY, pretrained=_V1),
    bottleneck_resnet("resnet50", "50 layers, bottlenecks.", _FIFTY, pretrained=_V2),
    bottleneck_resnet("resnet101", "101 layers, bottlenecks.", (3, 4, 23, 3), pretrained=_V2),
    bottleneck_resnet("resnet152", "152 layers, bottlenecks.", (3, 8, 36, 3), pretrained=_V2),
    bottleneck_resnet("wide_resnet50_2", "ResNet-50 with blocks twice as wide.", _FIFTY, pretrained=_V2, widen=2.0),
    bottleneck_resnet(
        "resnext50_32x4d", "ResNeXt-50, 32 groups of 4 maps.", _FIFTY, pretrained=_V2, widen=2.0, cardinality=32
    ),
    bottleneck_resnet("seresnet50", "ResNet-50 with squeeze and excitation.", _FIFTY, se=1 / 16),
    bottleneck_resnet("resnet50d", "ResNet-50-D: deep stem, pooled skips.", _FIFTY, stem="deep", shortcut="pool"),
)
"""The networks for larger images."""


@fa.hookimpl
def flowerablate_register(register: Register) -> None:
    """Register both families."""
    for name, blocks in SMALL_BLOCKS.items():
        summary = f"Small residual network, {6 * blocks + 2} layers, for images of 32 to 96 pixels."
        register(small_resnet(name, summary, (blocks,) * 3))
    for spec in VARIANTS:
        register(spec)

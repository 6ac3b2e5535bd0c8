"""Residual networks: torchvision's, trained from scratch, and a small family for small pictures.

This module holds the hook and the parameters only; torch is imported when a model is built.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import flowerablate as fa

if TYPE_CHECKING:
    from torch import nn

    from flowerablate.contracts import Register

SMALL_DEPTHS = {"resnet8": 1, "resnet14": 2, "resnet20": 3}
"""Blocks per stage of each small network; a network of n blocks per stage has 6n + 2 weighted layers."""

TORCHVISION = {"resnet18": "ImageNet's 18 layers", "resnet34": "ImageNet's 34 layers", "resnet50": "50, bottlenecks"}
"""Networks taken from torchvision as they are."""

SMALL_PARAMS = (
    fa.Param("skip", True, "Add each block's input to its output.", off=False),
    fa.Param("batchnorm", True, "Normalise after each convolution; without it convolutions get a bias.", off=False),
    fa.Param(
        "width", 16, "Feature maps of the first stage; the second has twice, the third four times as many.", 4, 256
    ),
    fa.Param("stem_stride", 2, "Step of the first convolution, pixels; 2 is about four times cheaper than 1.", 1, 4),
    fa.Param("shortcut", "pad", "How a shortcut grows: zero maps, or a 1x1 convolution.", choices=("pad", "project")),
    fa.Param("zero_init", False, "Start each block with a skip as the identity: its last weights begin at zero."),
)

TORCHVISION_PARAMS = (
    fa.Param("zero_init", False, "Start each block as the identity: its last norm's weight begins at zero."),
)


@fa.hookimpl
def flowerablate_register_model(register: Register) -> None:
    """Register both families."""
    for name, blocks in SMALL_DEPTHS.items():
        summary = f"Small residual network, {6 * blocks + 2} layers, for pictures of 32 to 96 pixels."
        register(fa.ModelSpec(name, summary, _small_builder(blocks), SMALL_PARAMS))
    for name, size in TORCHVISION.items():
        summary = f"Torchvision's {name} ({size}) from random weights, for pictures of 64 pixels and more."
        register(fa.ModelSpec(name, summary, _torchvision_builder(name), TORCHVISION_PARAMS))


def _small_builder(blocks: int) -> Any:
    def build(context: fa.ModelContext, **params: Any) -> nn.Module:
        from .small import SmallResNet

        return SmallResNet(blocks, classes=context.classes, channels=context.channels, **params)

    return build


def _torchvision_builder(name: str) -> Any:
    def build(context: fa.ModelContext, **params: Any) -> nn.Module:
        from .large import torchvision_resnet

        return torchvision_resnet(name, classes=context.classes, channels=context.channels, **params)

    return build

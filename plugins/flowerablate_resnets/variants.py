"""Makes specs of variants from a name, the number of blocks in each stage and changed defaults."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import flowerablate as fa

from .features import IMAGENET, SMALL, Features, parameters

if TYPE_CHECKING:
    from torch import nn


def resnet(name: str, summary: str, blocks: tuple[int, ...], *, pretrained: str = "", **changes: Any) -> fa.ModelSpec:
    """Return a network for images of 64 pixels and more, with *blocks* blocks in each stage, called *name*.

    *changes* are defaults of its parameters that differ from :data:`.features.IMAGENET`. Its weights have torchvision's
    names; *pretrained* is the version of torchvision's weights for it, if there are any.
    """
    return _variant(name, summary, blocks, replace(IMAGENET, **changes), pretrained, small=False)


def small_resnet(name: str, summary: str, blocks: tuple[int, ...], **changes: Any) -> fa.ModelSpec:
    """Return a network for images of 32 to 96 pixels, like :func:`resnet`, with changes of :data:`.features.SMALL`."""
    return _variant(name, summary, blocks, replace(SMALL, **changes), "", small=True)


def bottleneck_resnet(name: str, summary: str, blocks: tuple[int, ...], **changes: Any) -> fa.ModelSpec:
    """Return a network like :func:`resnet` with bottlenecks, which halve the image in their 3x3 convolution."""
    return resnet(name, summary, blocks, **{"block": "bottleneck", "stride_in": "second", **changes})


def _variant(
    name: str, summary: str, blocks: tuple[int, ...], features: Features, version: str, *, small: bool
) -> fa.ModelSpec:
    def build(context: fa.ModelContext, *, weights: str, pretrained: bool = False, **params: Any) -> nn.Module:
        from .build import built

        return built(name, blocks, Features(**params), features, version if pretrained else "", weights, context, small)

    begin = fa.Param("weights", "", "file of initial weights, safetensors or torch; empty: random", file=True)
    params = (*parameters(features), begin)
    if version:
        params += (fa.Param("pretrained", False, "start from torchvision's weights for ImageNet", off=False),)
    return fa.ModelSpec(name, summary, build, params)

"""The settings of every network of the family, and their parameters in a study."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Literal

import flowerablate as fa
from flowerablate.contracts import Value

Shortcut = Literal["pad", "project", "project-all", "pool"]
Block = Literal["basic", "bottleneck"]
Stem = Literal["3x3", "7x7", "deep"]


@dataclass(frozen=True)
class Features:
    """The settings of one network; :func:`parameters` describes each."""

    skip: bool
    shortcut: Shortcut
    batchnorm: bool
    norm: Literal["batch", "group"]
    norm_groups: int
    order: Literal["post", "pre"]
    activation: Literal["relu", "leaky-relu", "elu", "gelu", "silu", "mish", "none"]
    block: Block
    stride_in: Literal["first", "second"]
    width: int
    widen: float
    cardinality: int
    se: float
    drop_path: float
    dropout: float
    blur: bool
    zero_init: bool
    stem: Stem
    stem_stride: int
    stem_pool: bool


IMAGENET = Features(
    skip=True,
    shortcut="project",
    batchnorm=True,
    norm="batch",
    norm_groups=32,
    order="post",
    activation="relu",
    block="basic",
    stride_in="first",
    width=64,
    widen=1.0,
    cardinality=1,
    se=0.0,
    drop_path=0.0,
    dropout=0.0,
    blur=False,
    zero_init=False,
    stem="7x7",
    stem_stride=2,
    stem_pool=True,
)
"""The basic network of He et al. 2015 (arXiv:1512.03385) for ImageNet, as torchvision builds it."""

SMALL = replace(IMAGENET, shortcut="pad", norm_groups=8, width=16, stem="3x3", stem_pool=False)
"""Their network for small images (section 4.2), but with a stem that halves the image."""


def parameters(features: Features) -> tuple[fa.Param, ...]:
    """Return the parameters of a network whose defaults are *features*; each has a field of the same name."""
    defaults = {field.name: getattr(features, field.name) for field in fields(features)}

    def param(
        name: str,
        summary: str,
        low: float | None = None,
        high: float | None = None,
        *,
        choices: tuple[str, ...] = (),
        off: Value | None = None,
    ) -> fa.Param:
        return fa.Param(name, defaults[name], summary, low, high, choices=choices, off=off)

    return (
        param("skip", "add each block's input to its output", off=False),
        param("batchnorm", "normalise after each convolution; without it convolutions get a bias", off=False),
        param("width", "feature maps of the first stage; each further stage doubles the number", 4, 256),
        param("stem_stride", "stride of the first convolution in pixels; 2 is about four times cheaper than 1", 1, 4),
        param(
            "shortcut",
            "how a skip adds maps: zeros, a 1x1 convolution there or in every block, or one after average pooling",
            choices=("pad", "project", "project-all", "pool"),
        ),
        param("zero_init", "start each block with a skip as the identity: its last weights are initially zero"),
        param(
            "norm",
            "kind of norm if batchnorm is on: over the batch, or over groups of maps",
            choices=("batch", "group"),
        ),
        param("norm_groups", "number of groups of maps, if norm is group", 1, 256),
        param(
            "order", "position of norm and activation: after each convolution, or before it", choices=("post", "pre")
        ),
        param(
            "activation",
            "function between the convolutions; none makes the network linear, except for its norms",
            choices=("relu", "leaky-relu", "elu", "gelu", "silu", "mish", "none"),
        ),
        param(
            "block",
            "two 3x3 convolutions, or 1x1, 3x3, 1x1 with four times as many maps at the end",
            choices=("basic", "bottleneck"),
        ),
        param("stride_in", "which convolution of a block halves the image", choices=("first", "second")),
        param("widen", "factor on the number of feature maps inside each block, not at its ends", 0.25, 16, off=1.0),
        param("cardinality", "number of independent groups in each 3x3 convolution", 1, 256, off=1),
        param(
            "se", "squeeze and excitation: weight maps by a small network with this fraction of the maps", 0, 1, off=0.0
        ),
        param(
            "drop_path",
            "probability of skipping the last block in training; it increases linearly over the blocks",
            0,
            0.9,
            off=0.0,
        ),
        param("dropout", "fraction of the last features that are dropped in training", 0, 0.9, off=0.0),
        param("blur", "blur before each halving of the image inside the network", off=False),
        param("stem", "first convolution; deep is three of 3x3 instead of one", choices=("3x3", "7x7", "deep")),
        param("stem_pool", "halve the image by 3x3 max-pooling after the stem", off=False),
    )

"""What can be set in every network of the family: parameters for the study, and the record from which it is built."""

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
    """The settings of one network; :func:`parameters` says what each is, and where the idea comes from."""

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
        param(
            "width", "feature maps of the first stage; each further stage has twice as many as the one before", 4, 256
        ),
        param("stem_stride", "step of the first convolution, pixels; 2 is about four times cheaper than 1", 1, 4),
        param(
            "shortcut",
            "how a skip grows: zero maps, a 1x1 convolution there, in every block, or behind average pooling",
            choices=("pad", "project", "project-all", "pool"),
        ),
        param("zero_init", "start each block with a skip as the identity: its last weights begin at zero"),
        param(
            "norm", "what normalises where batchnorm is on: the batch, or groups of maps", choices=("batch", "group")
        ),
        param("norm_groups", "groups of maps that are normalised together where norm is group", 1, 256),
        param(
            "order", "where norm and activation stand: behind each convolution, or before it", choices=("post", "pre")
        ),
        param(
            "activation",
            "what stands between the convolutions; none makes the network linear, but for its norms",
            choices=("relu", "leaky-relu", "elu", "gelu", "silu", "mish", "none"),
        ),
        param(
            "block",
            "two 3x3 convolutions, or 1x1, 3x3, 1x1 with four times as many maps at the end",
            choices=("basic", "bottleneck"),
        ),
        param("stride_in", "which convolution of a block halves the image", choices=("first", "second")),
        param("widen", "factor on the feature maps inside of each block; its ends keep theirs", 0.25, 16, off=1.0),
        param("cardinality", "groups of each 3x3 convolution, which do not see one another", 1, 256, off=1),
        param("se", "squeeze and excitation: weigh maps by a small network of this share of them", 0, 1, off=0.0),
        param(
            "drop_path",
            "chance that the last block is passed by its skip, in training; it grows linearly",
            0,
            0.9,
            off=0.0,
        ),
        param("dropout", "share of the last features that are dropped in training", 0, 0.9, off=0.0),
        param("blur", "blur before each halving of the image inside of the network", off=False),
        param("stem", "first convolution; deep is three of 3x3 instead of one", choices=("3x3", "7x7", "deep")),
        param("stem_pool", "halve the image by 3x3 max-pooling behind the stem", off=False),
    )

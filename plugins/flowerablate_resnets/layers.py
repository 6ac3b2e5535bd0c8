"""The layers of the networks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from flowerablate.errors import StudyError

from .features import Features

_ACTIVATIONS: dict[str, Callable[[bool], nn.Module]] = {
    "relu": lambda in_place: nn.ReLU(inplace=in_place),
    "leaky-relu": lambda in_place: nn.LeakyReLU(inplace=in_place),
    "elu": lambda in_place: nn.ELU(inplace=in_place),
    "gelu": lambda in_place: nn.GELU(),
    "silu": lambda in_place: nn.SiLU(),
    "mish": lambda in_place: nn.Mish(),
    "none": lambda in_place: nn.Identity(),
}


def activation(features: Features, *, in_place: bool = True) -> nn.Module:
    """Return the activation; *in_place* applies where the gradient needs only the output."""
    return _ACTIVATIONS[features.activation](in_place)


@dataclass(frozen=True)
class Names:
    """The names of a network's modules and so of its weights; *stage* and *norm* are followed by a number."""

    stem: str
    stem_norm: str
    stage: str
    last_norm: str
    head: str
    norm: str
    shortcut: str


SMALL_NAMES = Names("stem", "stem_norm", "stage", "last_norm", "head", "norm", "shortcut")
TORCHVISION_NAMES = Names("conv1", "bn1", "layer", "last_norm", "fc", "bn", "downsample")


def convolution(
    maps: int, wider: int, side: int, features: Features, *, stride: int = 1, cardinality: int = 1
) -> nn.Conv2d:
    """Return a *side* x *side* convolution that keeps the image size, apart from its *stride*."""
    for count in (maps, wider):
        if count % cardinality:
            raise StudyError(
                f"model.cardinality = {cardinality} does not divide {count} feature maps; "
                "set a smaller one, or other values of model.width and model.widen"
            )
    # A norm subtracts the mean, so a bias before it has no effect.
    bias = not features.batchnorm
    return nn.Conv2d(maps, wider, side, stride=stride, padding=side // 2, groups=cardinality, bias=bias)


def norms(name: str, maps: int, features: Features) -> list[tuple[str, nn.Module]]:
    """Return the norm of *maps* feature maps with its *name*, or nothing if the network has no norms."""
    if not features.batchnorm:
        return []
    if features.norm == "batch":
        return [(name, nn.BatchNorm2d(maps))]
    if maps % features.norm_groups:
        raise StudyError(
            f"model.norm_groups = {features.norm_groups} does not divide {maps} feature maps; set a divisor"
        )
    return [(name, nn.GroupNorm(features.norm_groups, maps))]


class PaddedShortcut(nn.Module):
    """Select every *stride*-th pixel and append maps of zeros (option A of He et al. 2015); has no parameters."""

    def __init__(self, maps: int, wider: int, stride: int) -> None:
        super().__init__()
        self.new_maps = wider - maps
        self.stride = stride

    def forward(self, features: Tensor) -> Tensor:
        """Return [N, wider, H / stride, W / stride] for *features* [N, maps, H, W], rounded up."""
        picked = features[:, :, :: self.stride, :: self.stride]
        return functional.pad(picked, (0, 0, 0, 0, 0, self.new_maps))


class Blur(nn.Module):
    """Filter each map by the binomial (1, 2, 1) / 4 in both directions and select every *stride*-th pixel (Zhang 2019).

    arXiv:1904.11486. Edges are repeated, so that a constant image stays the same. The state dict omits the filter.
    """

    kernel: Tensor

    def __init__(self, maps: int, stride: int) -> None:
        super().__init__()
        self.maps = maps
        self.stride = stride
        row = torch.tensor([0.25, 0.5, 0.25])
        kernel = (row[:, None] * row[None, :]).expand(maps, 1, 3, 3).contiguous()
        self.register_buffer("kernel", kernel, persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        """Return [N, C, H / stride, W / stride] for *features* [N, C, H, W], rounded up."""
        padded = functional.pad(features, (1, 1, 1, 1), mode="replicate")
        return functional.conv2d(padded, self.kernel.to(padded.dtype), stride=self.stride, groups=self.maps)

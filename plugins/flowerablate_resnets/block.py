"""A residual block, basic or bottleneck, with every optional feature of a block."""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn

from .features import Features
from .gates import SqueezeExcitation, StochasticDepth
from .layers import Blur, Names, PaddedShortcut, activation, convolution, norms

EXPANSION = {"basic": 1, "bottleneck": 4}
"""Feature maps at the end of a block per plane."""


class Block(nn.Module):
    """Convolutions f with a shortcut around them: ``act(f(x) + shortcut(x))``, or ``act(f(x))`` without skips.

    If norm and activation come before the convolutions, it is ``f(a(x)) + shortcut``, where ``a`` is the first norm and
    activation: a shortcut with weights acts on ``a(x)``, any other shortcut on ``x`` (He et al. 2016,
    arXiv:1603.05027). *planes* is the number of feature maps of its narrower convolutions, *drop* the probability of
    skipping f in training.
    """

    def __init__(self, maps: int, planes: int, stride: int, drop: float, features: Features, names: Names) -> None:
        super().__init__()
        self.out = planes * EXPANSION[features.block]
        self.pre = features.order == "pre"
        path = _path(maps, planes, self.out, stride, features, names)
        self.last_weights = next(name for name, module in reversed(path) if any(True for _ in module.parameters()))
        if features.se:
            path.append(("se", SqueezeExcitation(self.out, max(1, round(features.se * self.out)))))
        if features.skip and drop:
            path.append(("drop_path", StochasticDepth(drop)))
        for name, module in path:
            self.add_module(name, module)
        order = tuple(name for name, _ in path)
        split = order.index("act") + 1 if self.pre else 0
        self.before, self.path = order[:split], order[split:]
        self.shortcut_name = names.shortcut if features.skip else ""
        self.shortcut_learns = False
        if features.skip:
            shortcut = _shortcut(maps, self.out, stride, features)
            self.shortcut_learns = any(True for _ in shortcut.parameters())
            self.add_module(names.shortcut, shortcut)

    def forward(self, features: Tensor) -> Tensor:
        """Return [N, out, H / stride, W / stride], rounded up, for *features* [N, maps, H, W]."""
        active = self._through(self.before, features)
        result = self._through(self.path, active)
        if self.shortcut_name:
            result += getattr(self, self.shortcut_name)(active if self.shortcut_learns else features)
        return result if self.pre else self._through(("act",), result)

    def _through(self, names: tuple[str, ...], features: Tensor) -> Tensor:
        for name in names:
            features = getattr(self, name)(features)
        return features


def _path(
    maps: int, planes: int, out: int, stride: int, features: Features, names: Names
) -> list[tuple[str, nn.Module]]:
    """Return names and modules of f in order; the activation occurs several times."""
    pre = features.order == "pre"
    # Without a norm, the first activation acts on the input of the block, which the skip needs unchanged.
    act = ("act", activation(features, in_place=features.batchnorm or not pre))
    sides = (3, 3) if features.block == "basic" else (1, 3, 1)
    inner = max(1, round(planes * features.widen))
    widths = (maps, *(inner for _ in sides[1:]), out)
    halving = (1 if features.stride_in == "first" else 2) if stride > 1 else 0
    path: list[tuple[str, nn.Module]] = []
    for number, side in enumerate(sides, 1):
        before, after = widths[number - 1], widths[number]
        layer = convolution(
            before,
            after,
            side,
            features,
            stride=stride if number == halving and not features.blur else 1,
            cardinality=features.cardinality if side == 3 else 1,
        )
        norm = norms(f"{names.norm}{number}", before if pre else after, features)
        conv = (f"conv{number}", layer)
        path += [*norm, act, conv] if pre else [conv, *norm, act]
    if not pre:
        path.pop()  # the last activation acts on the sum
    if features.blur and halving:
        order = [name for name, _ in path]
        acts = [place for place, name in enumerate(order) if name == "act" and place > order.index(f"conv{halving}")]
        path.insert(acts[0] + 1 if acts else len(path), ("blur", Blur(widths[halving], stride)))
    return path


def _shortcut(maps: int, out: int, stride: int, features: Features) -> nn.Module:
    """Return the shortcut of a block.

    The 1x1 convolution and its norm are named 0 and 1, as in torchvision, whatever comes before them.
    """
    kind = features.shortcut
    if maps == out and stride == 1 and kind != "project-all":
        return nn.Identity()
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    step = stride
    if features.blur and kind != "pool" and stride > 1:
        layers["blur"], step = Blur(maps, stride), 1
    if kind == "pad":
        layers["pad"] = PaddedShortcut(maps, out, step)
        return nn.Sequential(layers)
    if kind == "pool" and stride > 1:
        layers["pool"] = nn.AvgPool2d(stride, stride, ceil_mode=True, count_include_pad=False)
        step = 1
    layers["0"] = convolution(maps, out, 1, features, stride=step)
    if features.order == "post":
        layers.update(norms("1", out, features))
    return nn.Sequential(layers)

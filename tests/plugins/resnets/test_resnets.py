from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import torch
from torch import nn

from flowerablate.contracts import ComponentSpec
from flowerablate.errors import StudyError

SMALL = {"resnet8": 1, "resnet14": 2, "resnet20": 3}
LARGE = ("resnet18", "resnet50")


def of_kind(model: nn.Module, kind: type) -> list[Any]:
    return [module for module in model.modules() if isinstance(module, kind)]


def test_both_families_are_registered_without_loading_torch(specs: dict[str, ComponentSpec]) -> None:
    assert set(specs) >= {*SMALL, *LARGE, "resnet34", "resnet44", "resnet152", "resnext50_32x4d", "seresnet50"}
    code = "import sys, flowerablate_resnets; assert not {'torch', 'torchvision', 'scipy'} & set(sys.modules)"
    paths = [path for path in sys.path if path]
    subprocess.run([sys.executable, "-c", f"import sys; sys.path[:0] = {paths!r}; {code}"], check=True)


@pytest.mark.parametrize(
    ("name", "channels"),
    [
        *((name, 3) for name in (*SMALL, "resnet18")),
        pytest.param("resnet50", 3, marks=pytest.mark.slow),
        ("resnet8", 1),
        ("resnet8", 4),
        ("resnet18", 1),
    ],
)
def test_every_network_gives_logits_and_gradients_for_all_parameters(build: Any, name: str, channels: int) -> None:
    model = build(name, classes=5, channels=channels)
    logits = model(torch.randn(2, channels, 33, 33))
    assert logits.shape == (2, 5)
    logits.square().mean().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
    assert all(torch.isfinite(parameter.grad).all() for parameter in model.parameters())


@pytest.mark.parametrize("channels", [1, 4])
def test_other_channels_change_nothing_but_the_first_convolution(build: Any, channels: int) -> None:
    three, other = build("resnet18").state_dict(), build("resnet18", channels=channels).state_dict()
    assert other["conv1.weight"].shape == (64, channels, 7, 7)
    assert other["conv1.weight"].std().item() == pytest.approx((2 / (64 * 49)) ** 0.5, rel=0.1)
    for key in three.keys() - {"conv1.weight"}:
        assert torch.equal(three[key], other[key]), key


@pytest.mark.parametrize(("name", "blocks"), SMALL.items())
def test_small_networks_have_6n_plus_2_layers_and_the_parameters_of_the_paper(
    build: Any, name: str, blocks: int
) -> None:
    model = build(name, classes=10, stem_stride=1)
    layers = len(of_kind(model, nn.Conv2d)) + len(of_kind(model, nn.Linear))
    assert layers == 6 * blocks + 2 == int(name.removeprefix("resnet"))
    if name == "resnet20":
        # He et al. 2015, table 6: 0.27 million parameters.
        assert round(sum(parameter.numel() for parameter in model.parameters()) / 1e6, 2) == 0.27


def test_without_skip_nothing_is_added(build: Any) -> None:
    def block_output(model: nn.Module) -> tuple[torch.Tensor, torch.Tensor]:
        block = model.stage1[0]
        nn.init.zeros_(block.norm2.weight)
        features = torch.rand(2, 16, 8, 8)
        return features, block(features)

    features, output = block_output(build("resnet8"))
    assert torch.equal(output, features)
    _, output = block_output(build("resnet8", skip=False))
    assert torch.equal(output, torch.zeros_like(output))
    projected = build("resnet14", skip=False, shortcut="project")
    assert not [name for name in projected.state_dict() if "shortcut" in name]


def test_without_batchnorm_there_is_none_and_convolutions_have_a_bias(build: Any) -> None:
    with_norm, without = build("resnet14", shortcut="project"), build("resnet14", shortcut="project", batchnorm=False)
    assert len(of_kind(with_norm, nn.BatchNorm2d)) == len(of_kind(with_norm, nn.Conv2d))
    assert all(convolution.bias is None for convolution in of_kind(with_norm, nn.Conv2d))
    assert not of_kind(without, nn.BatchNorm2d)
    assert all(convolution.bias is not None for convolution in of_kind(without, nn.Conv2d))


@pytest.mark.parametrize("change", [{"skip": False}, {"batchnorm": False}, {"shortcut": "project"}], ids=str)
def test_switching_a_feature_off_leaves_all_other_initial_values(build: Any, change: dict[str, Any]) -> None:
    base, variant = build("resnet14").state_dict(), build("resnet14", **change).state_dict()
    shared = base.keys() & variant.keys()
    convolutions = {f"stage{s}.{block}.conv{n}.weight" for s in (1, 2, 3) for block in (0, 1) for n in (1, 2)}
    assert shared >= convolutions | {"stem.weight", "head.weight", "head.bias"}
    for name in shared:
        assert torch.equal(base[name], variant[name]), name


def test_a_deeper_network_shares_the_initial_values_of_a_shallower_one(build: Any) -> None:
    shallow, deep = build("resnet8").state_dict(), build("resnet20").state_dict()
    assert shallow.keys() < deep.keys()
    for name, value in shallow.items():
        assert torch.equal(value, deep[name]), name


def test_convolutions_start_at_the_scale_of_he(build: Any) -> None:
    weight = build("resnet20", width=64).stage3[2].conv2.weight
    assert weight.std().item() == pytest.approx((2 / (256 * 9)) ** 0.5, rel=0.02)


@pytest.mark.parametrize("batchnorm", [True, False])
def test_zero_init_starts_blocks_as_the_identity(build: Any, batchnorm: bool) -> None:
    features = torch.rand(2, 16, 8, 8)
    plain, zero = (build("resnet8", zero_init=flag, batchnorm=batchnorm).stage1[0] for flag in (False, True))
    assert torch.equal(zero(features), features)
    assert not torch.equal(plain(features), features)


def test_zero_init_leaves_a_network_without_skip_alive(build: Any) -> None:
    model = build("resnet8", zero_init=True, skip=False)
    assert model(torch.randn(4, 3, 32, 32)).std(dim=0).min() > 0


def test_zero_init_reaches_torchvision(build: Any) -> None:
    assert build("resnet18", zero_init=True).layer1[0].bn2.weight.abs().max() == 0
    assert build("resnet18").layer1[0].bn2.weight.min() == 1


@pytest.mark.parametrize("stem_stride", [1, 2, 4])
def test_width_and_stem_stride_set_the_size_of_features(build: Any, stem_stride: int) -> None:
    model = build("resnet8", width=8, stem_stride=stem_stride)
    shapes = []
    model.stage3.register_forward_hook(lambda module, inputs, output: shapes.append(output.shape))
    model(torch.randn(2, 3, 64, 64))
    side = 64 // stem_stride // 4
    assert shapes == [(2, 32, side, side)]


@pytest.mark.parametrize("side", [1, 7, 33])
@pytest.mark.parametrize("shortcut", ["pad", "project"])
def test_odd_sizes_fit_together(build: Any, side: int, shortcut: str) -> None:
    assert build("resnet8", shortcut=shortcut).eval()(torch.randn(2, 3, side, side)).shape == (2, 3)


def test_the_padded_shortcut_is_that_of_the_paper(build: Any) -> None:
    shortcut = build("resnet8").stage2[0].shortcut
    features = torch.rand(2, 16, 8, 8)
    output = shortcut(features)
    assert output.shape == (2, 32, 4, 4)
    assert torch.equal(output[:, :16], features[:, :, ::2, ::2])
    assert output[:, 16:].abs().max() == 0


@pytest.mark.parametrize("name", ["resnet8", "resnet18"])
def test_channels_last_gives_the_same_logits(build: Any, name: str) -> None:
    model, images = build(name).eval(), torch.randn(2, 3, 32, 32)
    plain = model(images)
    model.to(memory_format=torch.channels_last)
    last = model(images.to(memory_format=torch.channels_last))
    torch.testing.assert_close(plain, last, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("changes", [{}, {"skip": False}, {"batchnorm": False}, {"shortcut": "project"}], ids=str)
def test_small_networks_learn(build: Any, changes: dict[str, Any]) -> None:
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(16) % 2
    images = torch.randn(16, 3, 16, 16, generator=generator) + labels.view(-1, 1, 1, 1)
    model = build("resnet8", classes=2, **changes)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    losses = []
    for _ in range(20):
        loss = nn.functional.cross_entropy(model(images), labels)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert losses[-1] < 0.7 * losses[0]


def test_parameters_out_of_range_are_refused_with_their_range(specs: dict[str, ComponentSpec]) -> None:
    for name, value in {"width": 0, "stem_stride": 5, "shortcut": "projet", "skip": "no"}.items():
        param = specs["resnet8"].param(name)
        assert param is not None
        with pytest.raises(StudyError, match=f"model.{name}"):
            param.check(value, f"model.{name}")


def test_skip_and_batchnorm_are_features(specs: dict[str, ComponentSpec]) -> None:
    for name in SMALL:
        spec = specs[name]
        assert [p.name for p in spec.features if p.default != p.off] == ["skip", "batchnorm"]

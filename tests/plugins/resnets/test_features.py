"""Each idea does what its paper says, can be switched off, and leaves the rest as it was."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from flowerablate_resnets.features import Features
from flowerablate_resnets.layers import Blur
from torch import nn

from flowerablate.errors import StudyError

ON = [
    {"shortcut": "project-all"},
    {"shortcut": "pool"},
    {"norm": "group"},
    {"order": "pre"},
    {"order": "pre", "batchnorm": False},
    {"activation": "silu"},
    {"block": "bottleneck"},
    {"block": "bottleneck", "stride_in": "second"},
    {"stride_in": "second"},
    {"widen": 2.0},
    {"cardinality": 4},
    {"se": 0.25},
    {"drop_path": 0.5},
    {"dropout": 0.5},
    {"blur": True},
    {"blur": True, "stride_in": "second"},
    {"stem": "7x7"},
    {"stem": "deep"},
    {"stem_pool": True},
    {"stem_pool": True, "blur": True},
]


def output(model: nn.Module, side: int = 32) -> torch.Tensor:
    images = torch.randn(4, 3, side, side, generator=torch.Generator().manual_seed(3))
    torch.manual_seed(0)
    logits: torch.Tensor = model(images)
    return logits


MATTER_OF_SKIPS = {"shortcut", "drop_path", "order"}


@pytest.mark.parametrize(
    ("change", "skip"),
    [(change, skip) for change in ON for skip in (True, False) if skip or not change.keys() & MATTER_OF_SKIPS],
    ids=str,
)
def test_every_feature_changes_the_network_and_trains_all_its_weights(
    build: Any, change: dict[str, Any], skip: bool
) -> None:
    base, model = build("resnet14", skip=skip), build("resnet14", skip=skip, **change)
    logits = output(model)
    assert not torch.allclose(logits, output(base), rtol=1e-3)
    logits.square().mean().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name


@pytest.mark.parametrize("change", ON, ids=str)
def test_no_feature_changes_the_initial_values_of_what_keeps_name_and_shape(build: Any, change: dict[str, Any]) -> None:
    base, model = build("resnet14").state_dict(), build("resnet14", **change).state_dict()
    shared = {name for name in base.keys() & model.keys() if base[name].shape == model[name].shape}
    if not change.keys() & {"block", "widen", "cardinality"}:
        convolutions = {f"stage{s}.{b}.conv{n}.weight" for s in (1, 2, 3) for b in (0, 1) for n in (1, 2)}
        assert shared >= convolutions | {"head.weight"}
    # The bias of a linear layer is drawn from a range that its number of inputs sets.
    for name in shared - {"head.bias"}:
        assert torch.equal(base[name], model[name]), name


@pytest.mark.parametrize("shortcut", ["pad", "project", "project-all", "pool"])
@pytest.mark.parametrize("more", [{}, {"blur": True}, {"order": "pre"}, {"block": "bottleneck"}], ids=str)
def test_images_of_every_size_fit_through_every_shortcut(build: Any, shortcut: str, more: dict[str, Any]) -> None:
    model = build("resnet8", shortcut=shortcut, stem_pool=True, **more).eval()
    for side in (1, 7, 33):
        assert output(model, side).shape == (4, 3)


@pytest.mark.parametrize(("shortcut", "projections"), [("pad", 0), ("project", 2), ("project-all", 6), ("pool", 2)])
def test_shortcuts_project_where_the_paper_says(build: Any, shortcut: str, projections: int) -> None:
    names = build("resnet14", shortcut=shortcut).state_dict()
    assert len([name for name in names if name.endswith("shortcut.0.weight")]) == projections


@pytest.mark.parametrize("batchnorm", [True, False])
def test_before_activation_a_skip_carries_the_input_through_unchanged(build: Any, batchnorm: bool) -> None:
    block = build("resnet14", order="pre", batchnorm=batchnorm, zero_init=True).stage1[1]
    features = torch.randn(2, 16, 8, 8)
    assert torch.equal(block(features.clone()), features)


def test_without_skips_norms_before_or_behind_make_the_same_function(build: Any) -> None:
    torch.testing.assert_close(output(build("resnet8", skip=False, order="pre")), output(build("resnet8", skip=False)))


def test_before_activation_a_last_norm_stands_before_the_head(build: Any) -> None:
    names = [name for name, _ in build("resnet8", order="pre").named_children()]
    assert names[:2] == ["stem", "stage1"]
    assert names[-5:-1] == ["last_norm", "act", "avgpool", "flatten"]


@pytest.mark.parametrize(("stride_in", "halves"), [("first", "conv1"), ("second", "conv2")])
@pytest.mark.parametrize("block", ["basic", "bottleneck"])
def test_the_chosen_convolution_halves_the_image(build: Any, block: str, stride_in: str, halves: str) -> None:
    first = build("resnet8", block=block, stride_in=stride_in).stage2[0]
    strides = {name: m.stride[0] for name, m in first.named_children() if isinstance(m, nn.Conv2d)}
    assert [name for name, stride in strides.items() if stride == 2] == [halves]


def test_groups_normalise_each_image_for_itself(build: Any) -> None:
    model = build("resnet8", norm="group").train()
    images = torch.randn(3, 3, 32, 32)
    torch.testing.assert_close(model(images)[:1], model(images[:1]))


def test_squeeze_and_excitation_weighs_maps_by_what_is_in_them(build: Any) -> None:
    se = build("resnet8", se=0.25).stage1[0].se
    assert (se.fc1.out_channels, se.fc2.out_channels) == (4, 16)
    features = torch.rand(2, 16, 8, 8)
    weights = se(features) / features
    torch.testing.assert_close(weights, weights[..., :1, :1].expand_as(weights))


def test_stochastic_depth_grows_linearly_and_acts_in_training_only(build: Any) -> None:
    model = build("resnet14", drop_path=0.6)
    chances = [module.p for name, module in model.named_modules() if name.endswith("drop_path")]
    assert chances == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    images = torch.randn(4, 3, 32, 32)
    assert not torch.equal(model(images), model(images))
    model.eval()
    assert torch.equal(model(images), model(images))


def test_random_layers_draw_from_the_seed_of_the_step(build: Any) -> None:
    model = build("resnet14", drop_path=0.5, dropout=0.5)
    assert torch.equal(output(model), output(model))


def test_blur_filters_with_the_binomial_and_keeps_what_is_even(build: Any) -> None:
    image = torch.zeros(1, 2, 5, 5)
    image[:, :, 2, 2] = 16.0
    blurred = Blur(2, 1)(image)
    assert blurred[0, 1, 1:4, 1:4].tolist() == [[1, 2, 1], [2, 4, 2], [1, 2, 1]]
    assert torch.equal(Blur(2, 2)(torch.ones(1, 2, 7, 7)), torch.ones(1, 2, 4, 4))
    assert build("resnet8", blur=True).state_dict().keys() == build("resnet8").state_dict().keys()


def test_a_blurred_network_is_less_moved_by_a_shift(build: Any) -> None:
    """What Zhang 2019 set out for: before a global average a shift by one pixel changes features less."""
    images = torch.randn(8, 3, 64, 64, generator=torch.Generator().manual_seed(1))

    def moved(**changes: Any) -> float:
        model = build("resnet14", stem_stride=1, **changes).eval()
        plain, shifted = model(images), model(images.roll(1, dims=3))
        return (plain - shifted).abs().mean().item() / plain.std().item()

    assert moved(blur=True) < 0.8 * moved()


def test_a_bottleneck_has_four_times_its_planes_and_groups_in_the_middle(build: Any) -> None:
    block = build("resnet8", block="bottleneck", widen=2.0, cardinality=8).stage2[0]
    shapes = [tuple(getattr(block, f"conv{n}").weight.shape) for n in (1, 2, 3)]
    assert shapes == [(64, 64, 1, 1), (64, 8, 3, 3), (128, 64, 1, 1)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cardinality": 5}, r"model.cardinality = 5 does not divide 16 feature maps; set a smaller"),
        ({"norm": "group", "norm_groups": 5}, r"model.norm_groups = 5 does not divide 16 feature maps; set a divisor"),
    ],
)
def test_numbers_that_do_not_divide_the_maps_are_named(build: Any, change: dict[str, Any], message: str) -> None:
    with pytest.raises(StudyError, match=message):
        build("resnet8", **change)


def test_every_setting_is_a_parameter_of_every_network(specs: Any) -> None:
    settings = list(Features.__dataclass_fields__)
    for spec in specs.values():
        assert sorted(settings) == sorted({param.name for param in spec.params} - {"weights", "pretrained"})


def test_a_variant_is_two_lines() -> None:
    from flowerablate_resnets.variants import small_resnet

    from flowerablate.testing import check_model

    check_model(small_resnet("se-resnet8", "With attention.", (1, 1, 1), se=0.25, width=8))

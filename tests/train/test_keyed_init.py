from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from flowerablate.errors import TrainingError
from flowerablate.train.keyed_init import build_keyed


def values(build: Callable[[], nn.Module], seed: int = 0) -> dict[str, torch.Tensor]:
    return build_keyed(build, seed).state_dict()


def assert_shared_equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> int:
    shared = one.keys() & other.keys()
    for name in shared:
        assert torch.equal(one[name], other[name]), name
    return len(shared)


class Net(nn.Module):
    def __init__(self, *, extra: bool = False, norm: bool = True) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3)
        if extra:
            self.extra = nn.Linear(5, 5)
        self.norm = nn.BatchNorm2d(8) if norm else nn.Identity()
        self.second = nn.Conv2d(8, 8, 3, bias=not norm)
        self.scaled = nn.Parameter(torch.randn(6) * 0.02)
        self.signs = nn.Parameter(torch.empty(6).bernoulli_(0.5))
        self.register_buffer("order", torch.randperm(16))
        self.head = nn.Linear(8, 2)
        nn.init.orthogonal_(self.head.weight)
        nn.init.trunc_normal_(self.second.weight, std=0.1)


def test_equal_seeds_give_equal_values_and_other_seeds_do_not() -> None:
    one, same, other = values(Net), values(Net), values(Net, 1)
    assert assert_shared_equal(one, same) == len(one)
    for name in ("first.weight", "first.bias", "second.weight", "scaled", "order", "head.weight"):
        assert not torch.equal(one[name], other[name]), name


@pytest.mark.parametrize("change", [{"extra": True}, {"norm": False}])
def test_a_layer_more_or_less_leaves_all_other_values(change: dict[str, bool]) -> None:
    one, other = values(Net), values(lambda: Net(**change))
    assert one.keys() != other.keys()
    assert assert_shared_equal(one, other) >= 8


def test_without_keys_a_layer_more_would_change_the_values() -> None:
    torch.manual_seed(0)
    one = Net().state_dict()
    torch.manual_seed(0)
    assert not torch.equal(one["head.weight"], Net(extra=True).state_dict()["head.weight"])


def test_order_of_construction_does_not_matter() -> None:
    class Backwards(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            head, first = nn.Linear(8, 2), nn.Conv2d(3, 8, 3)
            self.first, self.head = first, head

    class Forwards(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.head = nn.Conv2d(3, 8, 3), nn.Linear(8, 2)

    assert assert_shared_equal(values(Forwards), values(Backwards)) == 4


def test_parameters_of_one_shape_differ() -> None:
    state = values(lambda: nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4)))
    assert not torch.equal(state["0.weight"], state["1.weight"])


def test_the_scale_of_an_initialisation_is_kept() -> None:
    def build() -> nn.Module:
        layer = nn.Conv2d(64, 64, 3)
        nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
        return layer

    weight = values(build)["weight"]
    assert weight.std().item() == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.02)
    assert abs(weight.mean().item()) < 1e-3


def test_torchvision_models_are_keyed_too() -> None:
    from torchvision.models import resnet18

    three = values(lambda: resnet18(num_classes=3))
    two = values(lambda: resnet18(num_classes=2, norm_layer=nn.Identity))
    del three["fc.weight"], three["fc.bias"]
    assert assert_shared_equal(three, two) == 20
    assert three["layer4.1.conv2.weight"].std().item() == pytest.approx((2 / (512 * 9)) ** 0.5, rel=0.02)


def test_the_callers_random_states_are_left_as_they_were() -> None:
    torch.manual_seed(7), np.random.seed(7), random.seed(7)
    expected = torch.rand(3), np.random.rand(), random.random()
    torch.manual_seed(7), np.random.seed(7), random.seed(7)
    build_keyed(Net, 0)
    assert torch.equal(torch.rand(3), expected[0])
    assert (np.random.rand(), random.random()) == expected[1:]


def test_the_callers_random_states_do_not_reach_the_values() -> None:
    class Mixed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.tensor([np.random.rand(), random.random(), torch.rand(()).item()]))

    torch.manual_seed(1), np.random.seed(1), random.seed(1)
    one = values(Mixed)
    torch.manual_seed(2), np.random.seed(2), random.seed(2)
    assert assert_shared_equal(one, values(Mixed)) == 1


def test_draws_until_a_condition_holds_are_settled() -> None:
    class Rejecting(nn.Module):
        def __init__(self, *, before: bool = False) -> None:
            super().__init__()
            if before:
                self.before = nn.Linear(3, 3)
            self.weight = nn.Parameter(torch.zeros(8))
            with torch.no_grad():
                while (self.weight.normal_() > 0).sum() != 7:
                    pass
            self.after = nn.Linear(3, 3)

    one = values(Rejecting)
    assert (one["weight"] > 0).sum() == 7
    assert assert_shared_equal(one, values(lambda: Rejecting(before=True))) == 3


def test_a_model_with_a_random_structure_is_refused() -> None:
    sizes = iter(range(1, 100))
    with pytest.raises(TrainingError, match="draws its own structure"):
        build_keyed(lambda: nn.Sequential(*(nn.Linear(2, 2) for _ in range(next(sizes)))), 0)


def test_tied_weights_are_drawn_once() -> None:
    def build() -> nn.Module:
        net = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
        net[1].weight = net[0].weight
        return net

    net = build_keyed(build, 0)
    assert net[0].weight is net[1].weight
    assert torch.equal(net[0].weight, values(lambda: nn.Sequential(nn.Linear(4, 4)))["0.weight"])

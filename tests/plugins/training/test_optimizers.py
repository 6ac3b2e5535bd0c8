from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from flowerablate.contracts import LossContext, OptimizerContext, ScheduleContext

TORCH = {
    "sgd": "SGD",
    "nesterov": "SGD",
    "adam": "Adam",
    "adamw": "AdamW",
    "adamax": "Adamax",
    "radam": "RAdam",
    "nadam": "NAdam",
    "adagrad": "Adagrad",
    "adadelta": "Adadelta",
    "rmsprop": "RMSprop",
}
"""Those that are torch's own."""
OPTIMIZERS = (*TORCH, "lion", "lars")
SCHEDULERS = ("constant", "step", "halving", "exponential", "polynomial", "cosine", "one-cycle", "plateau")
LOSSES = ("cross-entropy", "weighted-cross-entropy", "focal", "cost-matrix", "bce")
SAMPLERS = ("shuffled", "balanced", "weighted")
OURS = {"optimizer": OPTIMIZERS, "scheduler": SCHEDULERS, "loss": LOSSES, "sampler": SAMPLERS}
Build = Callable[..., Any]


@pytest.mark.parametrize("slot", OURS)
def test_every_slot_of_training_is_filled_by_a_plugin_that_loads_no_torch(registry: Any, slot: str) -> None:
    plural = {"loss": "losses"}.get(slot, f"{slot}s")
    ours = [name for name, entry in registry.slot(slot).items() if entry.owner.plugin == plural]
    assert set(ours) == set(OURS[slot])
    code = f"import sys, flowerablate_{plural}; assert not {{'torch', 'scipy'}} & set(sys.modules)"
    paths = [path for path in sys.path if path]
    subprocess.run([sys.executable, "-c", f"import sys; sys.path[:0] = {paths!r}; {code}"], check=True)


@pytest.mark.parametrize("scheduler", SCHEDULERS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_pair_of_optimizer_and_schedule_learns(build: Build, optimizer: str, scheduler: str) -> None:
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(64, 10, generator=generator)
    labels = (images[:, 0] > 0).long()
    weight = nn.Parameter(0.1 * torch.randn(10, 2, generator=generator))
    built = build("optimizer", optimizer, OptimizerContext([weight]))
    schedule = build("scheduler", scheduler, ScheduleContext(built, 4, 10))
    loss_of = build("loss", "cross-entropy", LossContext((32, 32)))
    losses = []
    for step in range(40):
        loss = loss_of(images @ weight, labels)
        losses.append(loss.item())
        built.zero_grad()
        loss.backward()
        built.step()
        if scheduler != "plateau":
            schedule.step()
        elif step % 10 == 9:
            schedule.step(loss.item())
    assert losses[-1] < losses[0] - 0.002


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_parameter_of_an_optimizer_reaches_torch(registry: Any, build: Build, name: str) -> None:
    spec = registry.find("optimizer", name).spec
    changes = {param.name: param.default / 2 + 1e-3 for param in spec.params}
    group = build("optimizer", name, OptimizerContext([nn.Parameter(torch.zeros(1))]), **changes).param_groups[0]
    if "betas" in group:
        group["beta1"], group["beta2"] = group["betas"]
    assert {key: group[key] for key in changes} == changes


def test_kinds_of_optimizer_are_what_they_are_called(build: Build) -> None:
    weights = [nn.Parameter(torch.zeros(1))]
    built = {name: build("optimizer", name, OptimizerContext(weights)) for name in TORCH}
    assert not built["sgd"].param_groups[0]["nesterov"]
    assert built["nesterov"].param_groups[0]["nesterov"]
    assert {name: type(optimizer).__name__ for name, optimizer in built.items()} == TORCH


def test_weight_decay_is_a_feature_of_every_optimizer(registry: Any) -> None:
    for name in OPTIMIZERS:
        features = {param.name: param.off for param in registry.find("optimizer", name).spec.features}
        assert features["weight_decay"] == 0.0


def course(optimizer: Callable[[list[Any]], Any], *, steps: int = 20, groups: bool = False) -> list[Tensor]:
    """Where a matrix and a bias are after some steps along given gradients, in float64."""
    generator = torch.Generator().manual_seed(3)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    matrix, bias = nn.Parameter(draw(4, 3)), nn.Parameter(draw(4))
    given = [{"params": [matrix]}, {"params": [bias], "weight_decay": 0.0}] if groups else [matrix, bias]
    built = optimizer(given)
    for _ in range(steps):
        matrix.grad, bias.grad = draw(4, 3), draw(4)
        built.step()
    return [matrix.detach(), bias.detach()]


def test_lion_makes_the_steps_of_timm(build: Build) -> None:
    timm = pytest.importorskip("timm.optim")
    mine = course(lambda given: build("optimizer", "lion", OptimizerContext(given), lr=0.01, weight_decay=0.1))
    theirs = course(lambda given: timm.Lion(given, lr=0.01, betas=(0.9, 0.99), weight_decay=0.1))
    torch.testing.assert_close(mine, theirs)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_lars_makes_the_steps_of_timm(build: Build, momentum: float) -> None:
    timm = pytest.importorskip("timm.optim")
    settings = {"lr": 0.1, "momentum": momentum, "weight_decay": 0.01}
    mine = course(
        lambda given: build("optimizer", "lars", OptimizerContext(given), trust=0.02, **settings), groups=True
    )
    # timm does not scale what is not decayed; we do not scale what has one dimension.
    theirs = course(lambda given: timm.Lars(given, trust_coeff=0.02, **settings), groups=True)
    torch.testing.assert_close(mine, theirs)


def test_a_step_of_lion_is_by_the_sign_of_the_momentum(build: Build) -> None:
    weight = nn.Parameter(torch.tensor([1.0, 1.0, 1.0]))
    lion = build("optimizer", "lion", OptimizerContext([weight]), lr=0.1, beta1=0.9, beta2=0.5, weight_decay=0.5)
    weight.grad = torch.tensor([5.0, -1e-6, 0.0])
    lion.step()
    assert weight.tolist() == pytest.approx([0.85, 1.05, 0.95])
    weight.grad = torch.tensor([-1.0, 0.0, 0.0])
    lion.step()  # the momentum, 2.5, outweighs the gradient: 0.9 * 2.5 - 0.1 > 0
    assert weight[0].item() == pytest.approx(0.85 * 0.95 - 0.1)


def test_a_step_of_lars_has_a_length_that_goes_by_the_weights(build: Build) -> None:
    for size in (1e-4, 1.0, 1e4):
        weight = nn.Parameter(torch.full((2, 2), 3.0))
        lars = build(
            "optimizer", "lars", OptimizerContext([weight]), lr=0.5, momentum=0.0, trust=0.01, weight_decay=0.0
        )
        weight.grad = torch.tensor([[size, 0.0], [0.0, 0.0]])
        lars.step()
        assert (3.0 - weight[0, 0]).item() == pytest.approx(0.5 * 0.01 * 6.0, rel=1e-3)


@pytest.mark.parametrize("name", ["lion", "lars"])
def test_a_closure_is_asked_for_loss_and_gradients(build: Build, name: str) -> None:
    weight = nn.Parameter(torch.ones(2, 2))
    optimizer = build("optimizer", name, OptimizerContext([weight, nn.Parameter(torch.ones(2))]))

    def closure() -> Tensor:
        loss = (weight**2).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 4.0
    assert (weight < 1).all()


@pytest.mark.parametrize("slot", OURS)
def test_every_parameter_has_a_range_and_a_summary(registry: Any, slot: str) -> None:
    for name in OURS[slot]:
        for param in registry.find(slot, name).spec.params:
            assert param.summary
            assert param.type_name == "bool" or param.range_text, (name, param.name)

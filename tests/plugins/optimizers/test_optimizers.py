from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from flowerablate.contracts import LossContext, ScheduleContext
from flowerablate.discovery import discover
from flowerablate.errors import StudyError
from flowerablate.train.state import load_state, save_state

OPTIMIZERS = ("sgd", "nesterov", "adam", "adamw", "rmsprop")
SCHEDULERS = ("constant", "step", "cosine", "one-cycle")
LOSSES = ("cross-entropy", "weighted-cross-entropy")
Build = Callable[..., Any]


@pytest.fixture(scope="module")
def registry() -> Any:
    return discover().registry


@pytest.fixture(scope="module")
def build(registry: Any) -> Build:
    def run(slot: str, name: str, context: Any, **changes: Any) -> Any:
        spec = registry.find(slot, name).spec
        params = {param.name: param.default for param in spec.params}
        assert changes.keys() <= params.keys()
        return spec.build(context, **(params | changes))

    return run


def rates(build: Build, name: str, *, epochs: int = 4, steps: int = 5, lr: float = 1.0, **changes: Any) -> list[float]:
    """The learning rate of every optimizer step of a training."""
    optimizer = build("optimizer", "sgd", [nn.Parameter(torch.zeros(1))], lr=lr)
    scheduler = build("scheduler", name, ScheduleContext(optimizer, epochs, steps), **changes)
    used = []
    for _ in range(epochs * steps):
        used.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return used


def test_the_three_slots_are_filled_without_loading_torch(registry: Any) -> None:
    for slot, names in {"optimizer": OPTIMIZERS, "scheduler": SCHEDULERS, "loss": LOSSES}.items():
        ours = [name for name, entry in registry.slot(slot).items() if entry.owner.plugin == "optimizers"]
        assert set(ours) == set(names)
    code = "import sys, flowerablate_optimizers; assert not {'torch', 'scipy'} & set(sys.modules)"
    paths = [path for path in sys.path if path]
    subprocess.run([sys.executable, "-c", f"import sys; sys.path[:0] = {paths!r}; {code}"], check=True)


@pytest.mark.parametrize("scheduler", SCHEDULERS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_pair_of_optimizer_and_schedule_learns(build: Build, optimizer: str, scheduler: str) -> None:
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(64, 10, generator=generator)
    labels = (images[:, 0] > 0).long()
    weight = nn.Parameter(torch.zeros(10, 2))
    built = build("optimizer", optimizer, [weight])
    schedule = build("scheduler", scheduler, ScheduleContext(built, 4, 10))
    loss_of = build("loss", "cross-entropy", LossContext((32, 32)))
    losses = []
    for _ in range(40):
        loss = loss_of(images @ weight, labels)
        losses.append(loss.item())
        built.zero_grad()
        loss.backward()
        built.step()
        schedule.step()
    assert losses[-1] < losses[0] - 0.02


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_parameter_of_an_optimizer_reaches_torch(registry: Any, build: Build, name: str) -> None:
    spec = registry.find("optimizer", name).spec
    changes = {param.name: param.default / 2 + 1e-3 for param in spec.params}
    group = build("optimizer", name, [nn.Parameter(torch.zeros(1))], **changes).param_groups[0]
    if "betas" in group:
        group["beta1"], group["beta2"] = group["betas"]
    assert {key: group[key] for key in changes} == changes


def test_kinds_of_optimizer_are_what_they_are_called(build: Build) -> None:
    weights = [nn.Parameter(torch.zeros(1))]
    built = {name: build("optimizer", name, weights) for name in OPTIMIZERS}
    assert not built["sgd"].param_groups[0]["nesterov"]
    assert built["nesterov"].param_groups[0]["nesterov"]
    assert type(built["adam"]) is torch.optim.Adam
    assert type(built["adamw"]) is torch.optim.AdamW
    assert type(built["rmsprop"]) is torch.optim.RMSprop


def test_weight_decay_is_a_feature_of_every_optimizer(registry: Any) -> None:
    for name in OPTIMIZERS:
        assert [(param.name, param.off) for param in registry.find("optimizer", name).spec.features] == [
            ("weight_decay", 0.0)
        ]


def test_constant_keeps_the_rate(build: Build) -> None:
    assert rates(build, "constant", lr=0.3) == [0.3] * 20


def test_step_drops_after_whole_epochs(build: Build) -> None:
    used = rates(build, "step", epochs=5, steps=3, epoch_size=2, gamma=0.5)
    assert used == [1.0] * 6 + [0.5] * 6 + [0.25] * 3


def test_cosine_falls_along_half_a_cosine_to_its_final_share(build: Build) -> None:
    used = rates(build, "cosine", final=0.2)
    expected = [0.2 + 0.8 * (1 + math.cos(math.pi * step / 20)) / 2 for step in range(20)]
    assert used == pytest.approx(expected)


def test_cosine_warms_up_linearly_to_the_peak(build: Build) -> None:
    used = rates(build, "cosine", warmup=0.2)
    assert used[:5] == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0])
    assert sorted(used[4:], reverse=True) == used[4:]


def test_one_cycle_peaks_at_the_rate_of_the_optimizer(build: Build) -> None:
    used = rates(build, "one-cycle", lr=0.4, pct_start=0.25, div_factor=10.0, final_div_factor=100.0)
    assert used[0] == pytest.approx(0.04)
    assert max(used) == used[4] == pytest.approx(0.4)
    assert used[-1] == pytest.approx(0.0004)


@pytest.mark.parametrize("name", SCHEDULERS)
@pytest.mark.parametrize(("epochs", "steps"), [(1, 1), (1, 2), (2, 1), (1, 3), (1, 5), (10, 1)])
def test_schedules_survive_very_short_trainings(build: Build, name: str, epochs: int, steps: int) -> None:
    shares = {"cosine": "warmup", "one-cycle": "pct_start"}
    for share in (0.0, 0.2, 0.3, 0.5, 0.9):
        changes = {shares[name]: share} if name in shares else {}
        used = rates(build, name, epochs=epochs, steps=steps, **changes)
        assert all(0 < rate <= 1 + 1e-9 for rate in used)


def test_one_cycle_moves_momentum_only_where_asked_and_possible(build: Build) -> None:
    def momenta(optimizer: str, **changes: Any) -> set[float]:
        built = build("optimizer", optimizer, [nn.Parameter(torch.zeros(1))])
        schedule = build("scheduler", "one-cycle", ScheduleContext(built, 2, 5), **changes)
        seen = set()
        for _ in range(10):
            group = built.param_groups[0]
            seen.add(group["betas"][0] if "betas" in group else group["momentum"])
            built.step()
            schedule.step()
        return seen

    assert momenta("sgd") == {0.9}
    assert min(momenta("sgd", cycle_momentum=True)) == pytest.approx(0.85)
    assert max(momenta("adam", cycle_momentum=True)) == pytest.approx(0.95)
    with pytest.raises(StudyError, match="set cycle_momentum = false"):
        momenta("rmsprop", cycle_momentum=True)


@pytest.mark.parametrize("name", SCHEDULERS)
def test_a_schedule_goes_on_from_its_saved_state(build: Build, name: str, tmp_path: Path) -> None:
    def make() -> tuple[Any, Any]:
        optimizer = build("optimizer", "sgd", [nn.Parameter(torch.zeros(1))])
        return optimizer, build("scheduler", name, ScheduleContext(optimizer, 4, 5))

    def walk(optimizer: Any, scheduler: Any, count: int) -> list[float]:
        used = []
        for _ in range(count):
            used.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
        return used

    whole = walk(*make(), 20)
    optimizer, scheduler = make()
    first = walk(optimizer, scheduler, 8)
    save_state(tmp_path / "a", {"optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict()})
    optimizer, scheduler = make()
    state = load_state(tmp_path / "a")
    optimizer.load_state_dict(state["optimizer"])
    scheduler.load_state_dict(state["scheduler"])
    assert first + walk(optimizer, scheduler, 12) == whole


def example() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(12, 3, generator=generator), torch.tensor([0] * 8 + [1] * 3 + [2])


def test_cross_entropy_is_that_of_torch(build: Build) -> None:
    logits, labels = example()
    for smoothing in (0.0, 0.1):
        loss = build("loss", "cross-entropy", LossContext((8, 3, 1)), label_smoothing=smoothing)
        assert torch.equal(loss(logits, labels), functional.cross_entropy(logits, labels, label_smoothing=smoothing))


def test_the_weighted_loss_gives_every_class_the_same_say(build: Build) -> None:
    logits, labels = example()
    loss = build("loss", "weighted-cross-entropy", LossContext((8, 3, 1)))
    by_class = [functional.cross_entropy(logits[labels == k], labels[labels == k]) for k in range(3)]
    assert loss(logits, labels).item() == pytest.approx(torch.stack(by_class).mean().item(), rel=1e-6)


def test_the_weighted_loss_of_a_set_is_the_mean_of_its_batches(build: Build) -> None:
    logits, labels = example()
    loss = build("loss", "weighted-cross-entropy", LossContext((8, 3, 1)), label_smoothing=0.1)
    halves = [loss(logits[part], labels[part]) for part in (slice(0, 6), slice(6, 12))]
    assert loss(logits, labels).item() == pytest.approx(torch.stack(halves).mean().item(), rel=1e-6)


def test_the_weighted_loss_without_power_is_the_plain_one(build: Build) -> None:
    logits, labels = example()
    loss = build("loss", "weighted-cross-entropy", LossContext((8, 3, 1)), power=0.0)
    assert torch.allclose(loss(logits, labels), functional.cross_entropy(logits, labels))


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_loss_of_probabilities_is_the_mean_of_the_losses_of_the_classes(
    build: Build, name: str, smoothing: float
) -> None:
    logits, labels = example()
    loss = build("loss", name, LossContext((8, 3, 1)), label_smoothing=smoothing)
    others = (labels + 1) % 3
    mixed = 0.3 * functional.one_hot(labels, 3) + 0.7 * functional.one_hot(others, 3)
    wanted = 0.3 * loss(logits, labels) + 0.7 * loss(logits, others)
    assert loss(logits, mixed).item() == pytest.approx(wanted.item(), rel=1e-5)


def test_a_class_without_pictures_weighs_nothing(build: Build) -> None:
    loss = build("loss", "weighted-cross-entropy", LossContext((6, 0, 6)))
    assert loss.weights.tolist() == pytest.approx([2 / 3, 0.0, 2 / 3])


def test_every_parameter_has_a_range_and_a_summary(registry: Any) -> None:
    for slot, names in {"optimizer": OPTIMIZERS, "scheduler": SCHEDULERS, "loss": LOSSES}.items():
        for name in names:
            for param in registry.find(slot, name).spec.params:
                assert param.summary.endswith(".")
                assert param.type_name == "bool" or param.range_text, (name, param.name)

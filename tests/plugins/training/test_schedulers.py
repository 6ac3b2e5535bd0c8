from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from flowerablate.contracts import OptimizerContext, ScheduleContext
from flowerablate.errors import StudyError
from flowerablate.train.state import load_state, save_state

WARMED = ("constant", "step", "halving", "exponential", "polynomial", "cosine")
RISE = {**dict.fromkeys(WARMED, "warmup"), "one-cycle": "pct_start"}
"""Schedules that are stepped after each step, and the parameter that is the share of training in which they rise."""

Build = Callable[..., Any]


def rates(build: Build, name: str, *, epochs: int = 4, steps: int = 5, lr: float = 1.0, **changes: Any) -> list[float]:
    """The learning rate of every optimizer step of a training."""
    optimizer = build("optimizer", "sgd", OptimizerContext([nn.Parameter(torch.zeros(1))]), lr=lr)
    scheduler = build("scheduler", name, ScheduleContext(optimizer, epochs, steps), **changes)
    used = []
    for _ in range(epochs * steps):
        used.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return used


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


@pytest.mark.parametrize("name", RISE)
@pytest.mark.parametrize(("epochs", "steps"), [(1, 1), (1, 2), (2, 1), (1, 3), (1, 5), (10, 1)])
def test_schedules_survive_very_short_trainings(build: Build, name: str, epochs: int, steps: int) -> None:
    for share in (0.0, 0.2, 0.3, 0.5, 0.9):
        used = rates(build, name, epochs=epochs, steps=steps, **{RISE[name]: share})
        assert all(0 < rate <= 1 + 1e-9 for rate in used)


def test_one_cycle_moves_momentum_only_where_asked_and_possible(build: Build) -> None:
    def momenta(optimizer: str, **changes: Any) -> set[float]:
        built = build("optimizer", optimizer, OptimizerContext([nn.Parameter(torch.zeros(1))]))
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


@pytest.mark.parametrize("name", RISE)
def test_a_schedule_goes_on_from_its_saved_state(build: Build, name: str, tmp_path: Path) -> None:
    def make() -> tuple[Any, Any]:
        optimizer = build("optimizer", "sgd", OptimizerContext([nn.Parameter(torch.zeros(1))]))
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


def test_halving_is_a_half_to_the_number_of_whole_intervals(build: Build) -> None:
    used = rates(build, "halving", epochs=9, steps=2, lr=0.8, every=4)
    assert used == [0.8 * 0.5 ** (step // 2 // 4) for step in range(18)]


def test_exponential_falls_a_little_at_each_step(build: Build) -> None:
    used = rates(build, "exponential", epochs=3, steps=4, gamma=0.5)
    assert used == pytest.approx([0.5 ** (step / 4) for step in range(12)])


def test_polynomial_of_power_1_is_a_straight_line(build: Build) -> None:
    assert rates(build, "polynomial", epochs=2, steps=5) == pytest.approx([1 - step / 10 for step in range(10)])
    bent = rates(build, "polynomial", epochs=2, steps=5, power=2.0, final=0.1)
    assert bent == pytest.approx([0.1 + 0.9 * (1 - step / 10) ** 2 for step in range(10)])


def test_cosine_begins_anew_in_each_cycle(build: Build) -> None:
    used = rates(build, "cosine", epochs=3, steps=5, cycles=3)
    assert used == pytest.approx(3 * rates(build, "cosine", epochs=1, steps=5))
    warmed = rates(build, "cosine", epochs=4, steps=5, cycles=3, warmup=0.25)
    assert warmed[5:] == pytest.approx(used)


@pytest.mark.parametrize("name", WARMED)
def test_a_warm_up_rises_in_a_straight_line_and_is_off_by_default(build: Build, name: str) -> None:
    usual, warmed = rates(build, name, epochs=10), rates(build, name, epochs=10, warmup=0.1)
    assert usual[0] == 1.0
    assert warmed[0] == pytest.approx(0.2)
    assert warmed[:5] == sorted(warmed[:5])
    assert warmed[4] == pytest.approx(usual[4] if name == "exponential" else 1.0)
    assert warmed[-1] == pytest.approx(usual[-1], abs=0.02)


def test_plateau_drops_when_the_loss_falls_no_more(build: Build) -> None:
    optimizer = build("optimizer", "sgd", OptimizerContext([nn.Parameter(torch.zeros(1))]), lr=1.0)
    scheduler = build("scheduler", "plateau", ScheduleContext(optimizer, 9, 5), patience=1, factor=0.1, cooldown=1)
    used = []
    for loss in (3.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 1.0, 1.0):
        scheduler.step(loss)
        used.append(optimizer.param_groups[0]["lr"])
    assert used == pytest.approx([1.0, 1.0, 1.0, 0.1, 0.1, 0.1, 0.01, 0.01, 0.01])


def test_plateau_goes_on_from_its_saved_state(build: Build, tmp_path: Path) -> None:
    def make() -> tuple[Any, Any]:
        optimizer = build("optimizer", "sgd", OptimizerContext([nn.Parameter(torch.zeros(1))]))
        return optimizer, build("scheduler", "plateau", ScheduleContext(optimizer, 8, 5), min_lr=0.001)

    def walk(optimizer: Any, scheduler: Any, losses: list[float]) -> list[float]:
        used = []
        for loss in losses:
            scheduler.step(loss)
            used.append(optimizer.param_groups[0]["lr"])
        return used

    losses = [2.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.5, 0.5]
    whole = walk(*make(), losses)
    optimizer, scheduler = make()
    first = walk(optimizer, scheduler, losses[:3])
    save_state(tmp_path / "a", {"optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict()})
    optimizer, scheduler = make()
    state = load_state(tmp_path / "a")
    optimizer.load_state_dict(state["optimizer"])
    scheduler.load_state_dict(state["scheduler"])
    assert first + walk(optimizer, scheduler, losses[3:]) == whole
    assert len(set(whole)) == 3


def test_the_climb_of_one_cycle_may_be_as_long_or_short_as_its_bounds(build: Build, registry: Any) -> None:
    spec = registry.find("scheduler", "one-cycle").spec
    [bounds] = [param for param in spec.params if param.name == "pct_start"]
    for share in (bounds.low, bounds.high):
        assert all(0 < rate <= 0.4 for rate in rates(build, "one-cycle", lr=0.4, pct_start=share))

"""Checks of optimizers, learning-rate schedules and losses."""

from __future__ import annotations

import copy
import math
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..contracts import LossContext, LossSpec, OptimizerContext, OptimizerSpec, ScheduleContext, SchedulerSpec, Value
from ..errors import TrainingError
from .check_settings import build, each_setting, named

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

_STEPS = 30


def check_optimizer(spec: OptimizerSpec, *, params: Mapping[str, Value] | None = None) -> None:
    """Minimise a small function with *spec*: with its defaults, each feature off and each choice.

    Checks that it optimises all tensors it is given; that the loss falls within 30 steps and stays finite; that a run
    resumed from a checkpoint with its ``state_dict`` ends with the same bits as an uninterrupted one; that parameter
    groups and float64 work; and that a group's ``weight_decay``, if the optimizer has one, applies to the group.
    """
    for when, chosen in each_setting(spec, params):
        _check_optimizer(spec, chosen, when)
        _check_groups(spec, chosen, when)


def _check_optimizer(spec: OptimizerSpec, params: Mapping[str, Value], when: str) -> None:
    import torch

    what = named(spec) + when
    model, start, optimizer = _problem(spec, params, when)
    assert isinstance(optimizer, torch.optim.Optimizer), (
        f"{what}: build must return a torch.optim.Optimizer, not {type(optimizer).__name__}"
    )
    held = {id(value) for group in optimizer.param_groups for value in group["params"]}
    assert held == {id(value) for value in model.parameters()}, f"{what} must optimise all the parameters it is given"
    _descend(model, optimizer, _STEPS // 2)
    saved_model, saved_state = copy.deepcopy(model.state_dict()), _on_disk(what, optimizer.state_dict())
    end = _descend(model, optimizer, _STEPS // 2)
    assert math.isfinite(end), f"{what}: the loss became {end} with these settings; lower the default learning rate"
    assert end < start, f"{what}: the loss rose from {start:.4g} to {end:.4g} in {_STEPS} steps on an easy problem"
    resumed_model, _, resumed = _problem(spec, params, when)
    resumed_model.load_state_dict(saved_model)
    resumed.load_state_dict(saved_state)
    _descend(resumed_model, resumed, _STEPS // 2)
    for name, value in model.state_dict().items():
        assert torch.equal(value, resumed_model.state_dict()[name]), (
            f"{what}: a run resumed from state_dict() ends with other values; keep all data of a step in self.state, "
            "and take random numbers from torch"
        )


def _check_groups(spec: OptimizerSpec, params: Mapping[str, Value], when: str) -> None:
    import torch

    what = named(spec) + when
    decayed, kept = (torch.nn.Parameter(torch.full((3, 2), 0.5, dtype=torch.float64)) for _ in range(2))
    groups = [{"params": [decayed]}, {"params": [kept], "weight_decay": 0.0}]
    optimizer: Any = build(spec, OptimizerContext(groups), params, when)
    assert len(optimizer.param_groups) == 2, f"{what} must accept parameter groups as torch's optimizers do"
    for _ in range(3):
        decayed.grad, kept.grad = torch.zeros_like(decayed), torch.zeros_like(kept)
        optimizer.step()
    if params.get("weight_decay"):
        assert (decayed != 0.5).any(), f"{what}: weight_decay = {params['weight_decay']} does nothing"
        assert torch.equal(kept, torch.full_like(kept, 0.5)), (
            f"{what} changes weights without a gradient in a group whose weight_decay is 0; read it from the group"
        )


def _on_disk(what: str, state: dict[str, Any]) -> dict[str, Any]:
    """Return *state* after saving it to a checkpoint and loading it."""
    from ..train.state import load_state, save_state

    with tempfile.TemporaryDirectory() as folder:
        try:
            save_state(Path(folder) / "state", state)
        except TrainingError as error:
            raise AssertionError(f"{what}: its state_dict() cannot be saved in a checkpoint: {error}") from error
        return load_state(Path(folder) / "state")


def _problem(spec: OptimizerSpec, params: Mapping[str, Value], when: str) -> tuple[nn.Module, float, Any]:
    import torch
    from torch import nn

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(21)
        model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2))
    return model, float(_loss(model).detach()), build(spec, OptimizerContext(list(model.parameters())), params, when)


def _loss(model: nn.Module) -> Tensor:
    import torch

    inputs = torch.linspace(-1, 1, 64).reshape(16, 4)
    loss: Tensor = torch.nn.functional.cross_entropy(model(inputs), torch.arange(16) // 8)
    return loss


def _descend(model: nn.Module, optimizer: torch.optim.Optimizer, steps: int) -> float:
    for _ in range(steps):
        optimizer.zero_grad()
        _loss(model).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return float(_loss(model).detach())


def check_scheduler(spec: SchedulerSpec, *, params: Mapping[str, Value] | None = None) -> None:
    """Step *spec* through short and long trainings: with its defaults, each feature off and each choice.

    Checks that it can be stepped once after each optimizer step, even in a training of one step (torch's
    ``ReduceLROnPlateau`` after each epoch, with its loss); that rates are finite and not negative; and that a schedule
    resumed from a checkpoint with its ``state_dict`` continues as if it had not been interrupted.
    """
    for when, chosen in each_setting(spec, params):
        _check_scheduler(spec, chosen, when)


def _check_scheduler(spec: SchedulerSpec, params: Mapping[str, Value], when: str) -> None:
    from torch.optim.lr_scheduler import LRScheduler

    what = named(spec) + when
    for epochs, steps_per_epoch in ((1, 1), (1, 7), (12, 5)):
        length = f"{epochs} epochs of {steps_per_epoch} steps"
        half = epochs * steps_per_epoch // 2
        optimizer, scheduler = _schedule(spec, params, when, epochs, steps_per_epoch)
        assert isinstance(scheduler, LRScheduler), (
            f"{what}: build must return a torch.optim.lr_scheduler.LRScheduler, not {type(scheduler).__name__}"
        )
        losses = _losses(epochs, steps_per_epoch)
        _rates(what, length, optimizer, scheduler, losses[:half])
        saved = _on_disk(what, {"optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict()})
        rest = _rates(what, length, optimizer, scheduler, losses[half:])
        optimizer, scheduler = _schedule(spec, params, when, epochs, steps_per_epoch)
        optimizer.load_state_dict(saved["optimizer"])
        scheduler.load_state_dict(saved["scheduler"])
        resumed = _rates(what, length, optimizer, scheduler, losses[half:])
        assert rest == resumed, f"{what}: resumed from state_dict() it continues with other rates ({length})"


def _schedule(
    spec: SchedulerSpec, params: Mapping[str, Value], when: str, epochs: int, steps_per_epoch: int
) -> tuple[torch.optim.Optimizer, Any]:
    import torch

    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(2))], lr=0.1, momentum=0.9)
    return optimizer, build(spec, ScheduleContext(optimizer, epochs, steps_per_epoch), params, when)


def _losses(epochs: int, steps_per_epoch: int) -> list[float | None]:
    """Return for each step None, or at the end of an epoch the validation loss, which falls and then stays constant."""
    return [
        max(0.5, 2.0 - epoch / 4) if step == steps_per_epoch else None
        for epoch in range(1, epochs + 1)
        for step in range(1, steps_per_epoch + 1)
    ]


def _rates(
    what: str, length: str, optimizer: torch.optim.Optimizer, scheduler: Any, losses: Sequence[float | None]
) -> list[float]:
    from torch.optim.lr_scheduler import ReduceLROnPlateau

    rates = []
    for loss in losses:
        optimizer.step()
        try:
            if not isinstance(scheduler, ReduceLROnPlateau):
                scheduler.step()
            elif loss is not None:
                scheduler.step(loss)
        except Exception as error:
            raise AssertionError(f"{what} cannot be stepped through {length}: {error}") from error
        rate = float(optimizer.param_groups[0]["lr"])
        assert 0 <= rate < math.inf, f"{what} sets the learning rate to {rate} ({length})"
        rates.append(rate)
    return rates


def check_loss(spec: LossSpec, *, params: Mapping[str, Value] | None = None) -> None:
    """Evaluate *spec* on good, bad and extreme logits: with its defaults, each feature off and each choice.

    Checks that the loss is a scalar, finite even for logits of 10,000, with a finite gradient; that it is lower for
    right answers than for wrong ones; and that it is the mean over the batch, independent of the batch size. A loss
    with *soft_targets* must return the same for one-hot rows as for classes, with a finite gradient for mixed rows.
    """
    for when, chosen in each_setting(spec, params):
        _check_loss(spec, chosen, when)


def _check_loss(spec: LossSpec, params: Mapping[str, Value], when: str) -> None:
    import torch

    what = named(spec) + when
    loss = build(spec, LossContext(class_counts=(4, 3, 5)), params, when)
    assert callable(loss), f"{what}: build must return a function of (logits, targets), not {type(loss).__name__}"
    targets = torch.tensor([0, 1, 2, 0, 2, 1])
    logits = torch.randn(6, 3, generator=torch.Generator().manual_seed(31)).requires_grad_()
    value = loss(logits, targets)
    assert isinstance(value, torch.Tensor), f"{what} must return a scalar tensor, not {type(value).__name__}"
    assert value.ndim == 0, f"{what} must return a scalar, the mean, not a tensor {tuple(value.shape)}"
    assert torch.isfinite(value), f"{what} returns {float(value.detach())} for ordinary logits"
    value.backward()  # type: ignore[no-untyped-call]
    slope = 0.0 if logits.grad is None else float(logits.grad.abs().sum())
    assert 0 < slope < math.inf, f"{what} must give the logits a finite, non-zero gradient"
    with torch.no_grad():
        right = torch.nn.functional.one_hot(targets, 3).float() * 8 - 4
        good, bad = float(loss(right, targets)), float(loss(-right, targets))
        assert good < bad, f"{what} is not lower for right answers ({good:.4g}) than for wrong ones ({bad:.4g})"
        twice = loss(torch.cat([logits, logits]), torch.cat([targets, targets]))
        assert torch.allclose(twice, value, rtol=1e-4), f"{what} must be the mean over the batch, not the sum"
        extreme = float(loss(right * 2500, targets))
        assert math.isfinite(extreme), f"{what} returns {extreme} for large logits; use log_softmax or logsumexp"
    if spec.soft_targets:
        _check_soft_targets(what, loss, logits.detach().requires_grad_(), targets)


def _check_soft_targets(what: str, loss: Callable[[Tensor, Tensor], Tensor], logits: Tensor, targets: Tensor) -> None:
    import torch

    one_hot = torch.nn.functional.one_hot(targets, logits.shape[1]).float()
    try:
        hard, soft = loss(logits, one_hot), loss(logits, 0.7 * one_hot + 0.3 * one_hot.roll(1, 0))
    except Exception as error:
        raise AssertionError(f"{what} declares soft_targets, but does not accept float32 [N, K]: {error}") from error
    assert torch.allclose(hard, loss(logits, targets), rtol=1e-4), (
        f"{what} returns {float(hard.detach()):.4g} for one-hot rows, but another value for their classes"
    )
    soft.backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None and torch.isfinite(logits.grad).all(), (  # noqa: PT018
        f"{what} has no finite gradient for class probabilities"
    )

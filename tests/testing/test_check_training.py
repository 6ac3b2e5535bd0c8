"""The suites find what they promise to find: each fault below is one that a plugin author could make."""

from __future__ import annotations

import random

import pytest
import torch
from torch import nn

import flowerablate as fa
from flowerablate.testing import check_loss, check_optimizer, check_scheduler


class Forgetful(torch.optim.SGD):
    """Keeps its momentum where state_dict does not look."""

    memory = 0.0

    @torch.no_grad()
    def step(self, closure=None):
        for value in self.param_groups[0]["params"]:
            self.memory = 0.9 * self.memory + value.grad.mean()
            value.sub_(value.grad * 0.1 + self.memory * 0.01)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda context: None, "must return a torch.optim.Optimizer"),
        (lambda context: torch.optim.SGD(context.parameters[:1], lr=0.1), "must optimise all the parameters"),
        (lambda context: torch.optim.SGD(context.parameters, lr=0.1, maximize=True), "the loss rose"),
        (lambda context: torch.optim.SGD(context.parameters, lr=1e38), "lower the default learning rate"),
        (lambda context: Forgetful(context.parameters, lr=0.1), "resumed from state_dict"),
    ],
)
def test_a_faulty_optimizer_is_reported_with_its_fix(build, message):
    with pytest.raises(AssertionError, match=message):
        check_optimizer(fa.OptimizerSpec("odd", "Odd.", build=build))


class Same(torch.optim.SGD):
    """Decays all weights alike, whatever their group says."""

    def step(self, closure=None):
        for group in self.param_groups:
            group["weight_decay"] = self.defaults["weight_decay"]
        super().step(closure)


class Unwritable(torch.optim.SGD):
    """Keeps what no checkpoint holds."""

    def state_dict(self):
        return {**super().state_dict(), "generator": random.Random(1)}


def decaying(kind):
    params = (fa.Param("weight_decay", 0.01, "pull towards zero", 0.0, 1.0),)
    return fa.OptimizerSpec("odd", "Odd.", lambda context, weight_decay: kind(context.parameters, weight_decay), params)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (lambda given, decay: Same(given, lr=0.1, weight_decay=decay), "in a group whose weight_decay is 0"),
        (lambda given, decay: torch.optim.SGD(given, lr=0.1), "weight_decay = 0.01 does nothing"),
        (lambda given, decay: Unwritable(given, lr=0.1, weight_decay=decay), "cannot be saved in a checkpoint"),
    ],
)
def test_an_optimizer_that_ignores_its_groups_or_cannot_be_kept_is_found(kind, message):
    with pytest.raises(AssertionError, match=message):
        check_optimizer(decaying(kind))


def test_a_good_optimizer_passes():
    check_optimizer(
        fa.OptimizerSpec("good", "Good.", build=lambda context: torch.optim.Adam(context.parameters, lr=0.01))
    )


def one_cycle_too_short(context):
    return torch.optim.lr_scheduler.OneCycleLR(context.optimizer, max_lr=0.1, total_steps=max(1, context.epochs))


class Wandering(torch.optim.lr_scheduler.LRScheduler):
    def get_lr(self):
        return [random.random()]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda context: None, "must return a torch.optim.lr_scheduler.LRScheduler"),
        (one_cycle_too_short, "cannot be stepped through 1 epochs of 7 steps"),
        (
            lambda context: torch.optim.lr_scheduler.LambdaLR(context.optimizer, lambda step: 1 - step),
            "sets the learning rate to -",
        ),
        (lambda context: Wandering(context.optimizer), "continues with other rates"),
    ],
)
def test_a_faulty_schedule_is_reported_with_its_fix(build, message):
    with pytest.raises(AssertionError, match=message):
        check_scheduler(fa.SchedulerSpec("odd", "Odd.", build=build))


def test_a_good_schedule_passes():
    def build(context):
        return torch.optim.lr_scheduler.CosineAnnealingLR(context.optimizer, context.total_steps)

    check_scheduler(fa.SchedulerSpec("good", "Good.", build=build))


def cross_entropy(logits, targets):
    return nn.functional.cross_entropy(logits, targets)


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        ("loss", "must return a function"),
        (lambda logits, targets: 0.5, "must return a scalar tensor, not float"),
        (
            lambda logits, targets: nn.functional.cross_entropy(logits, targets, reduction="none"),
            "must return a scalar",
        ),
        (lambda logits, targets: nn.functional.cross_entropy(logits, targets, reduction="sum"), "must be the mean"),
        (lambda logits, targets: -cross_entropy(logits, targets), "is not lower for right answers"),
        (lambda logits, targets: cross_entropy(logits, targets) * float("nan"), "returns nan"),
        (lambda logits, targets: cross_entropy(logits * 0, targets), "a finite, non-zero gradient"),
        (lambda logits, targets: -logits.exp()[range(len(targets)), targets].log().mean(), "for large logits"),
    ],
)
def test_a_faulty_loss_is_reported_with_its_fix(loss, message):
    with pytest.raises(AssertionError, match=message):
        check_loss(fa.LossSpec("odd", "Odd.", build=lambda context: loss))


def test_a_good_loss_passes():
    check_loss(fa.LossSpec("good", "Good.", build=lambda context: cross_entropy))
    check_loss(fa.LossSpec("good", "Good.", build=lambda context: cross_entropy, soft_targets=True))


def only_classes(logits, targets):
    return nn.functional.nll_loss(logits.log_softmax(dim=1), targets)


def other_for_probabilities(logits, targets):
    return cross_entropy(logits, targets) * targets.ndim


@pytest.mark.parametrize(
    ("loss", "message"),
    [(only_classes, "declares soft_targets, but does not accept"), (other_for_probabilities, "for one-hot rows")],
)
def test_a_loss_that_declares_soft_targets_must_take_them(loss, message):
    check_loss(fa.LossSpec("odd", "Odd.", build=lambda context: loss))
    with pytest.raises(AssertionError, match=message):
        check_loss(fa.LossSpec("odd", "Odd.", build=lambda context: loss, soft_targets=True))

"""Learning-rate schedules. Each is stepped after every optimizer step and counts in steps, not in epochs."""

from __future__ import annotations

import math

from torch.optim.lr_scheduler import LambdaLR, LRScheduler, OneCycleLR, StepLR

from flowerablate import ScheduleContext, StudyError


def constant(context: ScheduleContext) -> LRScheduler:
    """Keep the optimizer's rate."""
    return LambdaLR(context.optimizer, lambda step: 1.0)


def step(context: ScheduleContext, *, epoch_size: int, gamma: float) -> LRScheduler:
    """Multiply the rate by *gamma* after every *epoch_size* epochs."""
    return StepLR(context.optimizer, epoch_size * context.steps_per_epoch, gamma)


def cosine(context: ScheduleContext, *, warmup: float, final: float) -> LRScheduler:
    """Climb linearly during the share *warmup* of all steps, then fall along half a cosine to *final* times the peak.

    The first step of the warm-up is not at zero, and the last step of training is the first that would be at *final*
    if there were one more: no step is wasted on a rate of zero.
    """
    total = context.total_steps
    rising = round(warmup * total)

    def factor(step: int) -> float:
        if step < rising:
            return (step + 1) / rising
        fallen = min(1.0, (step - rising) / max(1, total - rising))
        return final + (1.0 - final) * 0.5 * (1.0 + math.cos(math.pi * fallen))

    return LambdaLR(context.optimizer, factor)


def one_cycle(
    context: ScheduleContext, *, pct_start: float, div_factor: float, final_div_factor: float, cycle_momentum: bool
) -> LRScheduler:
    """Return ``torch.optim.lr_scheduler.OneCycleLR`` whose peak is the optimizer's own rate."""
    total = context.total_steps
    if abs(pct_start * total - 1.0) < 1e-6:
        pct_start = 0.0  # torch divides by the length of the climb, which is one step less: zero
    defaults = context.optimizer.defaults
    if cycle_momentum and "betas" not in defaults and not defaults.get("momentum"):
        raise StudyError(
            "one-cycle cannot cycle the momentum of an optimizer that has none; set cycle_momentum = false"
        )
    return OneCycleLR(
        context.optimizer,
        max_lr=[group["lr"] for group in context.optimizer.param_groups],
        total_steps=total,
        pct_start=pct_start,
        div_factor=div_factor,
        final_div_factor=final_div_factor,
        cycle_momentum=cycle_momentum,
    )

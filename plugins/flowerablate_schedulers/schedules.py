"""Learning-rate schedules. All but plateau are stepped after every optimizer step and count steps."""

from __future__ import annotations

import math
from collections.abc import Callable

from torch.optim.lr_scheduler import LambdaLR, LRScheduler, OneCycleLR, ReduceLROnPlateau

from flowerablate import ScheduleContext, StudyError


def constant(context: ScheduleContext, *, warmup: float) -> LRScheduler:
    """Keep the optimizer's rate after the warm-up."""
    return _scaled(context, warmup, lambda step: 1.0)


def step(context: ScheduleContext, *, epoch_size: int, gamma: float, warmup: float) -> LRScheduler:
    """Multiply the rate by *gamma* after every *epoch_size* epochs."""
    return _scaled(context, warmup, lambda step: float(gamma ** (step // context.steps_per_epoch // epoch_size)))


def halving(context: ScheduleContext, *, every: int, warmup: float) -> LRScheduler:
    """Multiply the rate by ``0.5 ** (epoch // every)``, epochs counted from 0."""
    return step(context, epoch_size=every, gamma=0.5, warmup=warmup)


def exponential(context: ScheduleContext, *, gamma: float, warmup: float) -> LRScheduler:
    """Multiply the rate by ``gamma ** (step / steps_per_epoch)``, which is *gamma* per epoch."""
    return _scaled(context, warmup, lambda step: float(gamma ** (step / context.steps_per_epoch)))


def polynomial(context: ScheduleContext, *, power: float, final: float, warmup: float) -> LRScheduler:
    """Decay after the warm-up to *final* times the peak, by ``(1 - t) ** power`` with t from 0 to 1."""
    rising, falling = _lengths(context, warmup)

    def factor(step: int) -> float:
        left = 1.0 - min(falling, max(0, step - rising)) / falling
        return final + (1.0 - final) * float(left**power)

    return _scaled(context, warmup, factor)


def cosine(context: ScheduleContext, *, warmup: float, final: float, cycles: int) -> LRScheduler:
    """Decay after the warm-up along half a cosine to *final* times the peak, *cycles* times in equal intervals.

    The step after the last one of training would be at *final*, so that no step is wasted on a rate of zero.
    """
    rising, falling = _lengths(context, warmup)

    def factor(step: int) -> float:
        done = max(0, step - rising)
        within = done * cycles % falling / falling if done < falling else 1.0
        return final + (1.0 - final) * 0.5 * (1.0 + math.cos(math.pi * within))

    return _scaled(context, warmup, factor)


def plateau(
    context: ScheduleContext, *, factor: float, patience: int, threshold: float, cooldown: int, min_lr: float
) -> LRScheduler:
    """Return torch's ``ReduceLROnPlateau``, stepped after each epoch with its validation loss."""
    return ReduceLROnPlateau(
        context.optimizer, factor=factor, patience=patience, threshold=threshold, cooldown=cooldown, min_lr=min_lr
    )


def one_cycle(
    context: ScheduleContext, *, pct_start: float, div_factor: float, final_div_factor: float, cycle_momentum: bool
) -> LRScheduler:
    """Return ``torch.optim.lr_scheduler.OneCycleLR`` whose peak is the optimizer's rate."""
    total = context.total_steps
    if abs(pct_start * total - 1.0) < 1e-6:
        pct_start = 0.0  # torch would divide by the length of the rise, here 0
    defaults = context.optimizer.defaults
    if cycle_momentum and "betas" not in defaults and not defaults.get("momentum"):
        raise StudyError(
            "one-cycle cannot vary the momentum of an optimizer without momentum; set cycle_momentum = false"
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


def _lengths(context: ScheduleContext, warmup: float) -> tuple[int, int]:
    """Return the number of steps in a warm-up of the fraction *warmup* of training, and the number after it."""
    rising = round(warmup * context.total_steps)
    return rising, max(1, context.total_steps - rising)


def _scaled(context: ScheduleContext, warmup: float, factor: Callable[[int], float]) -> LRScheduler:
    """Multiply the rate by ``factor(step)``, and in the warm-up by a ramp that does not begin at zero."""
    rising, _ = _lengths(context, warmup)
    return LambdaLR(context.optimizer, lambda step: factor(step) * min(1.0, (step + 1) / max(1, rising)))

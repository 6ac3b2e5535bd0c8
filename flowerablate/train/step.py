"""Optimizer steps from the losses of batches: accumulated, scaled, clipped, scheduled, averaged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.amp import GradScaler
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from .average import MovingAverage
from .precision import gradient_scaler
from .recipe import Recipe


@dataclass(frozen=True)
class Parts:
    """The parts of a training. Build the optimizer after the model has been moved to its device."""

    model: nn.Module
    optimizer: Optimizer
    scheduler: LRScheduler
    loss: Callable[[Tensor, Tensor], Tensor]


class Stepper:
    """Makes the optimizer steps of an epoch of *batches* batches.

    A step takes the mean of the gradients of ``accumulate`` batches; the last step of an epoch takes the remaining
    ones. Gradients are clipped after float16 scaling is undone: first each value, then their norm. A step that float16
    skips because its gradients overflowed still counts as a step of the schedule.
    """

    def __init__(self, parts: Parts, recipe: Recipe, batches: int, device: torch.device) -> None:
        self.scaler: GradScaler = gradient_scaler(recipe.precision, device)
        self.average = MovingAverage(parts.model, recipe.ema) if recipe.ema else None
        self.learning_rate = 0.0
        self._parts = parts
        self._recipe = recipe
        self._batches = batches
        self._trained = [tensor for group in parts.optimizer.param_groups for tensor in group["params"]]
        self._waits = isinstance(parts.scheduler, ReduceLROnPlateau)
        if self.scaler.is_enabled():
            # Otherwise torch warns about a wrong order if float16 skips the first step.
            parts.optimizer._opt_called = True  # type: ignore[attr-defined]

    @property
    def averaged(self) -> nn.Module:
        """The model that is evaluated and kept: the moving average if there is one."""
        return self.average.model if self.average else self._parts.model

    def take(self, loss: Tensor, number: int) -> None:
        """Add the gradients of batch *number* of the epoch, counted from 1; make the step once it is complete."""
        every = self._recipe.accumulate
        together = min(every, self._batches - (number - 1) // every * every)
        self.scaler.scale(loss / together if together > 1 else loss).backward()  # type: ignore[no-untyped-call]
        if number % every == 0 or number == self._batches:
            self._step()

    def _step(self) -> None:
        optimizer, recipe = self._parts.optimizer, self._recipe
        if recipe.clip_value or recipe.clip_norm:
            self.scaler.unscale_(optimizer)
        if recipe.clip_value:
            nn.utils.clip_grad_value_(self._trained, recipe.clip_value)
        if recipe.clip_norm:
            nn.utils.clip_grad_norm_(self._trained, recipe.clip_norm)
        self.scaler.step(optimizer)
        self.scaler.update()
        optimizer.zero_grad()
        self.learning_rate = float(optimizer.param_groups[0]["lr"])
        if not self._waits:
            self._parts.scheduler.step()
        if self.average:
            self.average.update()

    def state_dict(self) -> dict[str, Any]:
        """Return the state that is carried from one epoch to the next."""
        average = {"model": self.average.model.state_dict(), "updates": self.average.updates} if self.average else None
        return {"scaler": self.scaler.state_dict(), "average": average}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from *state*, as returned by :meth:`state_dict`."""
        self.scaler.load_state_dict(state["scaler"])
        if self.average:
            self.average.model.load_state_dict(state["average"]["model"])
            self.average.updates = state["average"]["updates"]

    def epoch_done(self, validation_loss: float) -> None:
        """Pass the validation loss of an epoch to a schedule that waits for a plateau."""
        if self._waits:
            self._parts.scheduler.step(validation_loss)  # type: ignore[arg-type]

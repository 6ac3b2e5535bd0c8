"""Measures two costs of a trial; torch is imported when a trial trains."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.utils.flop_counter import FlopCounterMode

if TYPE_CHECKING:
    from flowerablate.contracts import Finish, MeasureContext, MeasuredTrial


def count_flops(trial: MeasuredTrial) -> int | None:
    """Return the floating-point operations of the model's forward pass for one image, in evaluation mode.

    torch's ``FlopCounterMode`` counts convolutions, matrix products and attention; a multiplication and an addition
    are two operations. Return None if the model cannot be counted.
    """
    model, device = trial.model, next((value.device for value in trial.model.parameters()), torch.device("cpu"))
    modes = {module: module.training for module in model.modules()}
    image = torch.zeros((1, trial.channels, trial.image_size, trial.image_size), device=device)
    model.eval()
    try:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            model(image)
        return int(counter.get_total_flops()) or None
    except Exception:  # a model that cannot process a single image has no such number
        return None
    finally:
        for module, training in modes.items():
            module.training = training


def peak_memory(context: MeasureContext) -> Finish:
    """Start to track how many bytes tensors hold on the device; return a function that returns the maximum since then.

    On the CPU it returns None: only the memory of the whole process is known there, which includes earlier trials.
    """
    device = context.device
    if device.type != "cuda":
        return lambda trial: None
    torch.cuda.reset_peak_memory_stats(device)
    return lambda trial: torch.cuda.max_memory_allocated(device)

"""What two of the costs are, measured; torch is imported when a trial trains."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.utils.flop_counter import FlopCounterMode

if TYPE_CHECKING:
    from flowerablate.contracts import Finish, MeasureContext, MeasuredTrial


def count_flops(trial: MeasuredTrial) -> int | None:
    """Return the floating-point operations of one image's way through the model, forward, in evaluation.

    Counted are convolutions, matrix products and attention, as torch's ``FlopCounterMode`` does; a multiplication and
    an addition are two. None where the model cannot be followed so.
    """
    model, device = trial.model, next((value.device for value in trial.model.parameters()), torch.device("cpu"))
    was_training = model.training
    image = torch.zeros((1, trial.channels, trial.image_size, trial.image_size), device=device)
    model.eval()
    try:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            model(image)
        return int(counter.get_total_flops()) or None
    except Exception:  # a model that runs in training, but not on one image, has no such figure
        return None
    finally:
        model.train(was_training)


def peak_memory(context: MeasureContext) -> Finish:
    """Begin to watch how many bytes tensors hold on the device; what comes back gives the maximum since then.

    It gives None on the CPU: there only the memory of the whole process is known, which earlier trials have enlarged.
    """
    device = context.device
    if device.type != "cuda":
        return lambda trial: None
    torch.cuda.reset_peak_memory_stats(device)
    return lambda trial: torch.cuda.max_memory_allocated(device)

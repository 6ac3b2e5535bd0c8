"""What a trial costs, and the figures of its training that a component may move beside what it is meant to do."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from ..contracts import InputPlan, NativeOp, TrainPlan
from ..data.splits import Split
from ..loader import Batches
from ..loader.buffers import Buffer
from ..preprocess import Preprocess
from ..train.groups import optimizer_steps

_SAMPLED = 64
"""Pictures of the first training batches whose values are averaged."""


def count_flops(model: nn.Module, shape: InputPlan, device: torch.device) -> int:
    """Return the floating-point operations of one image's way through *model*, forward, in evaluation.

    Counted are convolutions, matrix products and attention, as torch's ``FlopCounterMode`` does; a multiplication and
    an addition are two. 0 where the model cannot be followed so.
    """
    was_training = model.training
    image = torch.zeros((1, shape.channels, shape.image_size, shape.image_size), device=device)
    model.eval()
    try:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            model(image)
        return int(counter.get_total_flops())
    except Exception:  # a model that runs in training, but not on one picture, has no such figure
        return 0
    finally:
        model.train(was_training)


def reset_memory(device: torch.device) -> None:
    """Begin to watch how much memory the trial takes on *device*."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def peak_memory(device: torch.device) -> int:
    """Return the most bytes that tensors held on *device* since :func:`reset_memory`.

    It is 0 on the CPU: there only the memory of the whole process is known, which earlier trials have enlarged.
    """
    return torch.cuda.max_memory_allocated(device) if device.type == "cuda" else 0


def training_facts(plan: TrainPlan, batches: Batches, chain: Preprocess, split: Split) -> dict[str, float]:
    """Return how a trial trains, in figures: lengths, portions, and the values that its model sees.

    ``effective batch size`` counts the images of one step of the optimizer, ``different images per epoch`` those of the
    first epoch, of which a sampler may take some twice and others not at all.
    ``pixel mean`` and ``pixel deviation`` are of the first 64 pictures of the first epoch, as the model gets them;
    ``normalisation mean`` and ``normalisation deviation`` are what the chain subtracts and divides by, the mean of the
    channels, where it normalises by given or learned numbers.
    """
    facts = {
        "epochs": float(plan.epochs),
        "batch size": float(batches.batch_size),
        "steps per epoch": float(optimizer_steps(len(batches), plan.accumulate)),
        "effective batch size": float(batches.batch_size * max(1, min(plan.accumulate, len(batches)))),
        "training images": float(len(split.train)),
        "test images": float(len(split.test)),
    }
    order = batches.order(1)
    facts["different images per epoch"] = float(len(np.unique(order)))
    places = order[:_SAMPLED]
    block = min(batches.batch_size, _SAMPLED)
    values = []
    for start in range(0, len(places), block):
        chosen = places[start : start + block]
        buffer = Buffer(batches.dataset.shape, len(chosen))
        batches.dataset.fill(buffer, chosen, 1)
        values.append(buffer.image_array.astype(np.float64).reshape(-1))
    seen = np.concatenate(values)
    facts |= {"pixel mean": float(seen.mean()), "pixel deviation": float(seen.std())}
    for named in chain.ops:
        if isinstance(named.op, NativeOp) and named.op.op == "normalize":
            facts["normalisation mean"] = float(np.mean(np.asarray(named.op.params["mean"], np.float64)))
            facts["normalisation deviation"] = float(np.mean(np.asarray(named.op.params["std"], np.float64)))
    return facts

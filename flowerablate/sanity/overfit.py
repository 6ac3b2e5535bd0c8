"""The rung ``overfit``: a model that cannot memorise a handful of images will learn nothing."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..keyed import torch_seed
from ..train.keyed_init import seed_torch
from ..train.recipe import Recipe
from ..train.step import Stepper
from .bench import Bench
from .rung import Rung, judged
from .subset import take

HANDFUL = 32
"""Number of images to memorise, about equally many of each class; at least two of each class."""

MAX_STEPS = 300
"""Maximum number of steps."""

_INTERVAL = 10
"""Steps between two evaluations."""

_MIN_ACCURACY = 0.99


def check(bench: Bench) -> Rung:
    """Train on the same few images, without augmentation, until almost all are classified correctly."""
    indices = take(str(max(2, HANDFUL // len(bench.classes))), bench.data, bench.split, bench.seed)
    delivered = list(bench.delivered(bench.batches(indices, training=False), 0))
    images, labels = (torch.cat(column) for column in zip(*delivered, strict=True))
    parts = bench.parts(epochs=MAX_STEPS, steps=1)
    model = parts.model
    stepper = Stepper(parts, Recipe.of(bench.pipeline.train), 1, bench.device)
    step, best, loss = 0, 0.0, math.nan
    first = math.nan
    while step < MAX_STEPS and best < _MIN_ACCURACY:
        step += 1
        bench.progress("overfitting", step, MAX_STEPS)
        model.train()
        chosen = _batch(len(labels), bench.pipeline.train.batch_size, step)
        seed_torch(torch_seed(bench.seed, "forward", step, 1))
        value = parts.loss(model(images[chosen]), labels[chosen])
        loss = float(value.detach())
        first = loss if step == 1 else first
        if not math.isfinite(loss):
            break
        stepper.take(value, 1)
        if step % _INTERVAL == 0:
            best = max(best, _accuracy(model, images, labels))
    bench.progress("overfitting", MAX_STEPS, MAX_STEPS)
    seen = (f"{len(labels)} images: {best:.0%} right after {step} steps, loss {first:.3f} to {loss:.3f}",)
    faults = {}
    if not math.isfinite(loss):
        faults[f"the loss was {loss} at step {step}"] = "lower optimizer.lr; see the rung 'lr-range'"
    elif best < _MIN_ACCURACY:
        faults[f"{len(labels)} images were not memorised in {MAX_STEPS} steps"] = (
            "check for wrong labels, a wrong learning rate, too strong regularisation, or too small a model"
        )
    return judged("overfit", seen, faults, {"accuracy": best, "steps": step, "loss": loss, "images": len(labels)})


def _batch(count: int, size: int, step: int) -> Tensor:
    """Return the indices of the images of *step*: *size* at a time from random permutations of all."""
    size = min(size, count)
    order = torch.randperm(count, generator=torch.Generator().manual_seed(step * size // count))
    start = step * size % count
    return order.repeat(2)[start : start + size]


def _accuracy(model: torch.nn.Module, images: Tensor, labels: Tensor) -> float:
    model.eval()
    with torch.inference_mode():
        return float((model(images).argmax(dim=1) == labels).double().mean())

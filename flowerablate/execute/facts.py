"""Facts of a training run that a component may change in addition to its intended effect."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..contracts import NativeOp, TrainPlan
from ..data.splits import Split
from ..loader import Batches
from ..loader.buffers import Buffer
from ..preprocess import Preprocess
from ..stats.resolution import LARGEST_CLASS, TEST_IMAGES
from ..train.groups import optimizer_steps

_SAMPLED = 64
"""Number of training images whose pixel values are averaged."""


def facts_of_test_images(labels: NDArray[np.int64]) -> dict[str, float]:
    """Return the facts of the test images with these *labels*, int64 [N]."""
    return {TEST_IMAGES: float(len(labels)), LARGEST_CLASS: float(np.bincount(labels).max() / len(labels))}


def training_facts(plan: TrainPlan, batches: Batches, chain: Preprocess, split: Split) -> dict[str, float]:
    """Return the facts of a trial's training: lengths, sizes, and statistics of the model's input.

    ``effective batch size`` counts the images of one optimizer step, ``different images per epoch`` those of the first
    epoch: a sampler may draw some twice and others not at all. ``pixel mean`` and ``pixel deviation`` are the mean and
    standard deviation of the first 64 images of the first epoch, as the model gets them. ``normalisation mean`` and
    ``normalisation deviation`` are what the chain subtracts and divides by, averaged over the channels, if it
    normalises by given or learned constants.
    """
    facts = {
        "epochs": float(plan.epochs),
        "batch size": float(batches.batch_size),
        "steps per epoch": float(optimizer_steps(len(batches), plan.accumulate)),
        "effective batch size": float(batches.batch_size * max(1, min(plan.accumulate, len(batches)))),
        "training images": float(len(split.train)),
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

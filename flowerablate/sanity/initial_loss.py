"""The rung ``initial-loss``: before training, the loss must be about that of a uniform guess.

A uniform guess over K classes has cross-entropy ln K; weighted, focal and binary losses differ. So the reference is the
loss itself for outputs that are all zero, and ln K only serves to check the magnitude of the loss.
"""

from __future__ import annotations

import math

import torch

from ..keyed import torch_seed
from ..train.keyed_init import seed_torch
from .bench import Bench
from .rung import Rung, judged

TOLERANCE = 1.0
"""Maximum difference of the initial loss from that of a uniform guess, as a fraction of the latter."""

_MAX_RATIO = 10.0
"""Maximum loss of a uniform guess, in multiples of ln K or K ln 2 (sum of binary losses); the minimum is ln K / 100."""


def check(bench: Bench) -> Rung:
    """Compare the loss of the untrained model, in training mode on one batch, with that of a uniform guess."""
    images, labels = bench.first_batch()
    parts = bench.parts(epochs=1, steps=1)
    seed_torch(torch_seed(bench.seed, "forward", 1, 1))
    with torch.no_grad():
        logits = parts.model.train()(images)
        zeros = torch.zeros_like(logits)
        initial, uniform = float(parts.loss(logits, labels)), float(parts.loss(zeros, labels))
        doubled = float(parts.loss(torch.cat([zeros, zeros]), torch.cat([labels, labels])))
    classes = len(bench.classes)
    usual = math.log(classes)
    answers = logits.argmax(dim=1).bincount(minlength=classes)
    fraction = float(answers.max() / answers.sum())
    faults = {}
    if abs(doubled - uniform) > 1e-3 * abs(uniform):
        faults[f"twice the batch gives {doubled / uniform:.2f} times the loss"] = (
            "make the loss the mean over the batch; now the effective learning rate depends on batch_size"
        )
    elif not usual / 100 <= uniform <= _MAX_RATIO * max(usual, classes * math.log(2)):
        faults[f"a uniform guess has loss {uniform:.3g}, far from ln {classes} = {usual:.3f}"] = (
            "check the loss for a wrong factor or reduction, or a softmax before it"
        )
    if not abs(initial - uniform) <= TOLERANCE * uniform:
        faults[f"the initial loss {initial:.3f} is far from that of a uniform guess, {uniform:.3f}"] = (
            "reduce the initial weights of the last layer, and normalise the inputs"
            if initial > uniform
            else "find out how the untrained model knows the answers: do the inputs contain the labels?"
        )
    seen = (
        f"initial loss {initial:.3f}; uniform guess {uniform:.3f} (ln {classes} = {usual:.3f})",
        f"the untrained model answers {bench.classes[int(answers.argmax())]!r} for {fraction:.0%} of a batch",
    )
    values = {"initial": initial, "uniform": uniform, "ln classes": usual, "largest fraction": fraction}
    return judged("initial-loss", seen, faults, values)

"""The rung ``initial-loss``: before training the model knows nothing, and its loss says so.

A uniform guess over K classes costs ln K by cross-entropy; weighted, focal and binary losses differ. So the figure is
taken of the loss itself, for outputs that are all zero, and ln K only tells whether the loss has a usual size.
"""

from __future__ import annotations

import math

import torch

from ..keyed import torch_seed
from ..train.keyed_init import seed_torch
from .bench import Bench
from .rung import Rung, judged

TOLERANCE = 1.0
"""Share of the loss of a uniform guess by which the initial loss may differ from it."""

_SIZE = 10.0
"""How many times ln K, or K ln 2 (a sum over binary losses), a uniform guess may cost; and at least 1 % of ln K."""


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
    share = float(answers.max() / answers.sum())
    faults = {}
    if abs(doubled - uniform) > 1e-3 * abs(uniform):
        faults[f"twice the batch gives {doubled / uniform:.2f} times the loss"] = (
            "let the loss be the mean over the batch: as it is, the learning rate depends on batch_size"
        )
    elif not usual / 100 <= uniform <= _SIZE * max(usual, classes * math.log(2)):
        faults[f"a uniform guess costs {uniform:.3g}, far from ln {classes} = {usual:.3f}"] = (
            "look for a wrong factor or reduction in the loss, or a softmax before it"
        )
    if not abs(initial - uniform) <= TOLERANCE * uniform:
        faults[f"the initial loss {initial:.3f} is far from that of a uniform guess, {uniform:.3f}"] = (
            "make the initial weights of the last layer smaller, and normalise the inputs"
            if initial > uniform
            else "ask how the untrained model can know the answers: do the inputs hold the labels?"
        )
    seen = (
        f"initial loss {initial:.3f}; a uniform guess costs {uniform:.3f} (ln {classes} = {usual:.3f})",
        f"the untrained model answers {bench.classes[int(answers.argmax())]!r} to {share:.0%} of a batch",
    )
    figures = {"initial": initial, "uniform": uniform, "ln classes": usual, "largest share": share}
    return judged("initial-loss", seen, faults, figures)

"""The rung ``reproducible``: two training runs with one seed are bitwise equal."""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch
from torch import Tensor

from ..keyed import permutation
from ..stats.wording import count
from ..train.loop import Recipe, fit
from .bench import Bench
from .rung import Rung, judged

_BATCHES = 4
"""Number of training batches of each run."""

_VALIDATED = 32


def check(bench: Bench) -> Rung:
    """Train twice with newly built parts, and compare the weights and the losses."""
    (first, one), (second, two) = _train(bench, 1), _train(bench, 2)
    different = [name for name in first if not torch.equal(first[name], second[name])]
    faults = {}
    if different or one != two:
        apart = different[0] if different else "the loss"
        faults[
            f"{count(len(different), 'tensor')} of {len(first)} differ, such as {apart}; losses {one:.9g}, {two:.9g}"
        ] = "draw random numbers from torch or from the step's draws, not from another generator or a clock"
    seen = (f"two training runs of {_BATCHES} batches with seed {bench.seed}, loss {one:.6f} and {two:.6f}",)
    return judged("reproducible", seen, faults, {"different": len(different), "first loss": one, "second loss": two})


def _train(bench: Bench, number: int) -> tuple[dict[str, Tensor], float]:
    size = _BATCHES * bench.pipeline.train.batch_size
    indices = bench.split.train[permutation(len(bench.split.train), bench.seed, "sanity repeated")[:size]]
    train = bench.batches(indices, training=True)
    parts = bench.parts(epochs=1, steps=len(train))
    bench.progress("training twice", number, 2)
    with tempfile.TemporaryDirectory() as folder:
        fitted = fit(
            parts,
            train,
            bench.batches(bench.split.validation[:_VALIDATED], training=False),
            epochs=1,
            seed=bench.seed,
            folder=Path(folder),
            device=bench.device,
            channels_last=bench.pipeline.train.channels_last,
            recipe=Recipe.of(bench.pipeline.train),
        )
    tensors = {name: value for name, value in parts.model.state_dict().items() if isinstance(value, Tensor)}
    return tensors, fitted.history[0].train_loss

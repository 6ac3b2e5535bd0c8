"""The rungs ``labels`` and ``subset``: a short training on few images, with true labels and with shuffled ones."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..keyed import permutation
from ..loader import Batches
from ..stats.one_model import wilson
from ..stats.wording import count
from ..train.evaluate import Evaluation, evaluate
from ..train.loop import EpochRecord, FitResult, Parts, Recipe, fit
from .bench import Bench
from .rung import Rung, judged
from .subset import take

MOST_STEPS = 240
"""Optimizer steps of the short training; the study's epochs where they are fewer."""

_LEAST_VALIDATED, _MOST_VALIDATED = 200, 1000
_LEAST_EPOCHS = 2
_FEW_STEPS = 50
"""With fewer steps than this, a training that has learned nothing is most likely too short."""

_LEVEL = 0.95
_LEVEL_OF_LEAKS = 0.999
"""Level of the interval by which shuffled labels count as known: what is left to luck there is no leak."""


@dataclass(frozen=True)
class _Run:
    fitted: FitResult
    parts: Parts
    images: int
    steps: int
    validation: Batches
    majority: float

    def judge(self, bench: Bench, *, blind: bool = False) -> Evaluation:
        """Return what the last state makes of the validation images, or, when *blind*, of as many empty ones."""
        batches = _Blind(self.validation) if blind else self.validation
        plan = bench.pipeline.train
        return evaluate(
            self.parts.model, batches, self.parts.loss, device=bench.device, channels_last=plan.channels_last
        )


def check(bench: Bench) -> Rung:
    """Train on the subset; it must beat the majority class on validation, by its interval, and use what it sees."""
    run = _train(bench, bench.data.labels, "training on a subset")
    first, last = run.fitted.history[0], run.fitted.history[-1]
    where = f"{run.images} training images, {len(run.fitted.history)} epochs, {count(run.steps, 'step')} in all"
    if run.fitted.collapsed:
        advice = "lower optimizer.lr; the rung 'lr-range' says how far"
        return judged("subset", (where,), {f"the loss was not finite in epoch {last.epoch}": advice}, {})
    seeing, blind = run.judge(bench), run.judge(bench, blind=True)
    right, total = int((seeing.predictions == seeing.labels).sum()), len(seeing.labels)
    interval = wilson(right, total, _LEVEL)
    low, high = interval.low, interval.high
    short = f"{count(run.steps, 'step')} may be too few: take a larger --subset, or raise train.epochs"
    short = short if run.steps < _FEW_STEPS else ""
    faults = {}
    if not last.train_loss < first.train_loss:
        faults[f"the training loss did not fall: {first.train_loss:.3f}, then {last.train_loss:.3f}"] = (
            short or "lower optimizer.lr, or do the rung 'overfit' first"
        )
    if low <= run.majority:
        faults[f"no better than always the largest class, which is right to {run.majority:.0%}"] = (
            short or "look whether the labels belong to their images, train longer, or take a larger --subset"
        )
    if not seeing.loss < blind.loss:
        faults[f"empty images cost no more: {blind.loss:.3f} against {seeing.loss:.3f}"] = (
            short or "the model does not use what it sees: look at the images of the rung 'inputs'"
        )
    seen = (
        where,
        f"loss {first.train_loss:.3f} to {last.train_loss:.3f}; "
        f"on validation {seeing.loss:.3f}, with empty images {blind.loss:.3f}",
        f"validation accuracy {seeing.accuracy:.1%} ({_LEVEL:.0%} interval {low:.1%} to {high:.1%}, "
        f"{right} of {total}); largest class {run.majority:.1%}",
    )
    figures = {"accuracy": seeing.accuracy, "low": low, "high": high, "majority": run.majority}
    figures |= {"first loss": first.train_loss, "last loss": last.train_loss}
    return judged("subset", seen, faults, figures | {"loss": seeing.loss, "blind loss": blind.loss})


def check_labels(bench: Bench) -> Rung:
    """Train on the subset with shuffled labels: then validation must be answered by chance."""
    run = _train(bench, shuffled(bench), "training on shuffled labels")
    if run.fitted.collapsed:
        advice = "lower optimizer.lr; the rung 'lr-range' says how far"
        return judged("labels", (), {"the loss was not finite": advice}, {})
    seeing = run.judge(bench)
    right, total = int((seeing.predictions == seeing.labels).sum()), len(seeing.labels)
    interval = wilson(right, total, _LEVEL_OF_LEAKS)
    low, high = interval.low, interval.high
    faults = {}
    if low > run.majority:
        faults[f"shuffled labels are enough for {seeing.accuracy:.0%} on validation"] = (
            "find out how the answers get past the labels: into the model, its weights or the images"
        )
    seen = (
        f"trained on shuffled labels: validation accuracy {seeing.accuracy:.1%} "
        f"({_LEVEL_OF_LEAKS:.1%} interval {low:.1%} to {high:.1%}); largest class {run.majority:.1%}",
    )
    return judged("labels", seen, faults, {"accuracy": seeing.accuracy, "low": low, "majority": run.majority})


def shuffled(bench: Bench) -> NDArray[np.int64]:
    """Return labels in which every class of the subset keeps the mixture of all: what an image shows says nothing.

    The images of a class, in a keyed order, are given the labels of all in turn, so that even by luck no class keeps
    more of its own.
    """
    labels = bench.data.labels.copy()
    chosen = take(bench.subset, bench.data, bench.split, bench.seed)
    order = chosen[permutation(len(chosen), bench.seed, "sanity labels")]
    by_class = order[np.argsort(bench.data.labels[order], kind="stable")]
    counts = np.bincount(bench.data.labels[chosen], minlength=len(bench.classes))
    # Each class, laid out evenly from 0 to 1: read from left to right, every stretch holds the mixture of all.
    places = np.concatenate([(np.arange(count) + 0.5) / count for count in counts if count])
    names = np.repeat(np.arange(len(counts)), counts)
    labels[by_class] = names[np.argsort(places, kind="stable")]
    return labels


def _train(bench: Bench, labels: NDArray[np.int64], what: str) -> _Run:
    chosen = take(bench.subset, bench.data, bench.split, bench.seed)
    validation = _validated(bench, chosen)
    train = bench.batches(chosen, training=True, labels=labels)
    steps = len(train)
    epochs = max(_LEAST_EPOCHS, min(bench.pipeline.train.epochs, MOST_STEPS // max(1, steps)))
    parts = bench.parts(epochs=epochs, steps=steps)
    batches = bench.batches(validation, training=False)
    with tempfile.TemporaryDirectory() as folder:
        fitted = fit(
            parts,
            train,
            batches,
            epochs=epochs,
            seed=bench.seed,
            folder=Path(folder),
            observer=_Steps(bench, what, epochs),
            device=bench.device,
            channels_last=bench.pipeline.train.channels_last,
            recipe=Recipe.of(bench.pipeline.train),
        )
    counts = np.bincount(bench.data.labels[validation], minlength=len(bench.classes))
    return _Run(fitted, parts, len(chosen), epochs * steps, batches, float(counts.max() / counts.sum()))


def _validated(bench: Bench, trained: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the images to validate on, with the mixture of classes of those that are *trained* on.

    They are of the validation part, filled up with unused training images if they are few. With another mixture, such
    as a rare class that is trained on as often as the others, the share of the largest class would be no yardstick.
    """

    def some(pool: NDArray[np.int64], number: int) -> NDArray[np.int64]:
        return pool[permutation(len(pool), bench.seed, "sanity validation")[:number]]

    labels, pool = bench.data.labels, bench.split.validation
    spare = np.setdiff1d(bench.split.train, trained)
    pool = np.concatenate([pool, some(spare, max(0, _LEAST_VALIDATED - len(pool)))])
    counts, available = (np.bincount(labels[part], minlength=len(bench.classes)) for part in (trained, pool))
    scale = min(_MOST_VALIDATED / counts.sum(), float((available[counts > 0] / counts[counts > 0]).min()))
    chosen = [some(pool[labels[pool] == label], max(1, int(scale * count))) for label, count in enumerate(counts)]
    return np.sort(np.concatenate(chosen))


class _Blind:
    """The same batches with empty images: all zero, which is the mean colour where images are normalised."""

    def __init__(self, batches: Batches) -> None:
        self._batches = batches

    def __len__(self) -> int:
        return len(self._batches)

    def epoch(self, number: int) -> Iterator[tuple[Tensor, Tensor]]:
        for images, labels in self._batches.epoch(number):
            yield torch.zeros_like(images), labels


class _Steps:
    """Hands the steps of training on to the progress of the ladder."""

    def __init__(self, bench: Bench, what: str, epochs: int) -> None:
        self._bench, self._what, self._epochs = bench, what, epochs

    def step_done(self, epoch: int, step: int, steps: int) -> None:
        self._bench.progress(self._what, (epoch - 1) * steps + step, self._epochs * steps)

    def epoch_done(self, record: EpochRecord) -> None:
        """Nothing more to say: the steps have said it."""

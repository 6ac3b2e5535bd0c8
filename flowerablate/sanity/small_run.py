"""The rungs ``labels`` and ``subset``: short training runs on a few images, with shuffled and with true labels."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..keyed import permutation
from ..loader import Batches
from ..stats import paired_effect
from ..stats.one_model import wilson
from ..stats.wording import count
from ..train.evaluate import Evaluation, evaluate
from ..train.loop import EpochRecord, FitResult, Parts, Recipe, fit
from .bench import Bench
from .rung import Rung, judged
from .subset import take

MAX_STEPS = 240
"""Maximum number of optimizer steps of the short run, unless the study's epochs take fewer."""

_MIN_VALIDATED, _MAX_VALIDATED = 200, 1000
_MIN_EPOCHS = 2
_FEW_STEPS = 50
"""With fewer steps than this, a run that has learnt nothing is most likely too short."""

_FEW_IMAGES = 200
"""With fewer training images than this, a run that has learnt nothing most likely needs more of them."""

_LEVEL = 0.95
_LEAK_LEVEL = 0.999
"""Level of the interval in the rung ``labels``, above which one shuffle is suspected of a leak."""

_MORE_SHUFFLES = 4
_LEAK_P = 0.01
"""A suspicion is a leak if so many further shuffles are above chance together, by a one-sided t test at this level.

The interval of one shuffle reflects the choice of validation images, but not that a network answers similar images
alike: among shuffles, accuracies vary several times as much, and without a leak one in ten was above its interval.
"""


@dataclass(frozen=True)
class _Run:
    fitted: FitResult
    parts: Parts
    images: int
    steps: int
    validation: Batches
    majority: float

    def evaluate(self, bench: Bench, *, blind: bool = False) -> Evaluation:
        """Evaluate the last state on the validation images or, if *blind*, on as many empty ones."""
        batches = _Blind(self.validation) if blind else self.validation
        plan = bench.pipeline.train
        return evaluate(
            self.parts.model, batches, self.parts.loss, device=bench.device, channels_last=plan.channels_last
        )


def check(bench: Bench) -> Rung:
    """Train on the subset; on validation the interval must be above the majority class, and images must matter."""
    run = _train(bench, bench.data.labels, "training on a subset")
    first, last = run.fitted.history[0], run.fitted.history[-1]
    where = f"{run.images} training images, {len(run.fitted.history)} epochs, {count(run.steps, 'step')} in all"
    if run.fitted.collapsed:
        advice = "lower optimizer.lr; see the rung 'lr-range'"
        return judged("subset", (where,), {f"the loss was not finite in epoch {last.epoch}": advice}, {})
    seeing, blind = run.evaluate(bench), run.evaluate(bench, blind=True)
    right, total = int((seeing.predictions == seeing.labels).sum()), len(seeing.labels)
    interval = wilson(right, total, _LEVEL)
    low, high = interval.low, interval.high
    short = _too_little(bench, run)
    faults = {}
    if not last.train_loss < first.train_loss:
        faults[f"the training loss did not fall: {first.train_loss:.3f}, then {last.train_loss:.3f}"] = (
            short or "lower optimizer.lr, or run the rung 'overfit' first"
        )
    if low <= run.majority:
        faults[f"no better than always predicting the largest class ({run.majority:.0%} of the images)"] = (
            short or "check the labels, train longer, or use a larger --subset"
        )
    if not seeing.loss < blind.loss:
        faults[
            f"the loss on empty images is no higher than on real ones: {blind.loss:.3f} against {seeing.loss:.3f}"
        ] = short or "the model ignores its input: check the images of the rung 'inputs'"
    seen = (
        where,
        f"loss {first.train_loss:.3f} to {last.train_loss:.3f}; "
        f"on validation {seeing.loss:.3f}, with empty images {blind.loss:.3f}",
        f"validation accuracy {seeing.accuracy:.1%} ({_LEVEL:.0%} interval {low:.1%} to {high:.1%}, "
        f"{right} of {total}); largest class {run.majority:.1%}",
    )
    values = {"accuracy": seeing.accuracy, "low": low, "high": high, "majority": run.majority}
    values |= {"first loss": first.train_loss, "last loss": last.train_loss}
    return judged("subset", seen, faults, values | {"loss": seeing.loss, "blind loss": blind.loss})


def _too_little(bench: Bench, run: _Run) -> str:
    """Return what to do if *run* had too few steps or images for any conclusion; empty if it had enough."""
    plan, whole = bench.pipeline.train, run.images == len(bench.split.train)
    if run.steps < _FEW_STEPS:
        epochs = len(run.fitted.history)
        enough = math.ceil(_FEW_STEPS / max(1, run.steps // epochs))
        return (
            f"{count(run.steps, 'step')} are too few to learn much: {run.images} images in batches of "
            f"{plan.batch_size} give {count(run.steps // epochs, 'step')} per epoch; "
            f"set train.epochs={enough} or more, or {'add images' if whole else 'use a larger --subset'}"
        )
    if whole and run.images < _FEW_IMAGES:
        return (
            f"{run.images} training images are all there are, and may be too few for this task: add images, or check "
            "the labels"
        )
    return ""


def check_labels(bench: Bench) -> Rung:
    """Train on the subset with shuffled labels: validation accuracy must not exceed chance.

    If it seems to, further shuffles decide, since chance brings one network above it easily.
    """
    run = _train(bench, shuffled(bench), "training on shuffled labels")
    if run.fitted.collapsed:
        advice = "lower optimizer.lr; see the rung 'lr-range'"
        return judged("labels", (), {"the loss was not finite": advice}, {})
    seeing = run.evaluate(bench)
    right, total = int((seeing.predictions == seeing.labels).sum()), len(seeing.labels)
    interval = wilson(right, total, _LEAK_LEVEL)
    low, high = interval.low, interval.high
    faults = {}
    seen = [
        f"trained on shuffled labels: validation accuracy {seeing.accuracy:.1%} "
        f"({_LEAK_LEVEL:.1%} interval {low:.1%} to {high:.1%}); largest class {run.majority:.1%}"
    ]
    if low > run.majority:
        further = [_accuracy_of_shuffle(bench, number) for number in range(1, _MORE_SHUFFLES + 1)]
        if _exceed(further, run.majority):
            mean = math.fsum([seeing.accuracy, *further]) / (1 + len(further))
            faults[f"shuffled labels are enough for {mean:.0%} on validation"] = (
                "find the leak of the true labels: into the model, its weights or the images"
            )
        seen.append(f"shuffled again: {', '.join(f'{accuracy:.1%}' for accuracy in further)}")
    return judged("labels", tuple(seen), faults, {"accuracy": seeing.accuracy, "low": low, "majority": run.majority})


def _accuracy_of_shuffle(bench: Bench, number: int) -> float:
    return _train(bench, shuffled(bench, number), f"training on shuffle {number + 1}").evaluate(bench).accuracy


def _exceed(accuracies: Sequence[float], chance: float) -> bool:
    """Whether the mean of *accuracies* is above *chance*, by a one-sided t test at ``_LEAK_P``; surely if all equal."""
    effect = paired_effect(accuracies, [chance] * len(accuracies))
    return effect.mean > 0 and (effect.t_p is None or effect.t_p / 2 <= _LEAK_P)


def shuffled(bench: Bench, number: int = 0) -> NDArray[np.int64]:
    """Return labels that are independent of the images: every class of the subset gets the overall mixture of labels.

    The images of each class, in a keyed order, are assigned the labels of all classes evenly, so that no class keeps
    more of its own labels by chance. *number*: which of several shuffles.
    """
    labels = bench.data.labels.copy()
    chosen = take(bench.subset, bench.data, bench.split, bench.seed)
    order = chosen[permutation(len(chosen), bench.seed, "sanity labels", *([number] if number else []))]
    by_class = order[np.argsort(bench.data.labels[order], kind="stable")]
    counts = np.bincount(bench.data.labels[chosen], minlength=len(bench.classes))
    # Each class is spaced evenly from 0 to 1, so every interval holds the overall mixture of classes.
    places = np.concatenate([(np.arange(count) + 0.5) / count for count in counts if count])
    names = np.repeat(np.arange(len(counts)), counts)
    labels[by_class] = names[np.argsort(places, kind="stable")]
    return labels


def _train(bench: Bench, labels: NDArray[np.int64], what: str) -> _Run:
    chosen = take(bench.subset, bench.data, bench.split, bench.seed)
    validation = _validated(bench, chosen)
    train = bench.batches(chosen, training=True, labels=labels)
    steps = len(train)
    epochs = max(_MIN_EPOCHS, min(bench.pipeline.train.epochs, MAX_STEPS // max(1, steps)))
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
    """Return the images to validate on, with the class mixture of the *trained* images.

    They come from the validation part, supplemented by unused training images if it is small. With another mixture, for
    example if a rare class is balanced in training, the fraction of the largest class would be no valid baseline.
    """

    def some(pool: NDArray[np.int64], number: int) -> NDArray[np.int64]:
        return pool[permutation(len(pool), bench.seed, "sanity validation")[:number]]

    labels, pool = bench.data.labels, bench.split.validation
    spare = np.setdiff1d(bench.split.train, trained)
    pool = np.concatenate([pool, some(spare, max(0, _MIN_VALIDATED - len(pool)))])
    counts, available = (np.bincount(labels[part], minlength=len(bench.classes)) for part in (trained, pool))
    scale = min(_MAX_VALIDATED / counts.sum(), float((available[counts > 0] / counts[counts > 0]).min()))
    chosen = [some(pool[labels[pool] == label], max(1, int(scale * count))) for label, count in enumerate(counts)]
    return np.sort(np.concatenate(chosen))


class _Blind:
    """The same batches with empty images: all zero, the mean colour of normalised images."""

    def __init__(self, batches: Batches) -> None:
        self._batches = batches

    def __len__(self) -> int:
        return len(self._batches)

    def epoch(self, number: int) -> Iterator[tuple[Tensor, Tensor]]:
        for images, labels in self._batches.epoch(number):
            yield torch.zeros_like(images), labels


class _Steps:
    """Forwards the steps of training to the progress of the ladder."""

    def __init__(self, bench: Bench, what: str, epochs: int) -> None:
        self._bench, self._what, self._epochs = bench, what, epochs

    def step_done(self, epoch: int, step: int, steps: int) -> None:
        self._bench.progress(self._what, (epoch - 1) * steps + step, self._epochs * steps)

    def epoch_done(self, record: EpochRecord) -> None:
        """Nothing to report: the steps already did."""

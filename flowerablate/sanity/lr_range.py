"""The rung ``lr-range``: the loss while the learning rate increases, and the position of the study's rate.

After L. N. Smith, Cyclical Learning Rates for Training Neural Networks (arXiv 1506.01186): the rate is multiplied by
the same factor at every step until the loss explodes. A good peak is where the loss still falls fast: at the steepest
descent, or a tenth of the rate with the minimum loss.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.optim.lr_scheduler import ReduceLROnPlateau

from ..contracts import OptimizerContext, OptimizerSpec, ScheduleContext, SchedulerSpec
from ..files import replacing
from ..keyed import torch_seed
from ..report.figures import draw_rates
from ..train.keyed_init import seed_torch
from .bench import Bench
from .rung import Rung, judged

MIN_RATE, MAX_RATE = 1e-5, 10.0
STEPS = 120
"""Steps from the minimum to the maximum rate, 20 for each power of ten."""

FILE = "lr_range.png"

_SMOOTHING = 0.85
_EXPLODED = 3.0
"""The test ends when the running mean of the loss, with weight *_SMOOTHING*, is this multiple of its first value."""

_WIDTH = 4.0
"""Standard deviation, in steps, of the Gaussian that smooths the losses afterwards, without lag."""

_TOO_HIGH = 1.5
"""Multiple of the first loss that is too high: the study's rate must stay below the rate with that loss."""

_TOO_LOW = 300.0
"""The study's rate fails if it is more than this factor below the steepest descent; below that it passes."""

_NEAR = 10.0
"""The study's rate needs no change if it is within this factor of the recommended one: a single test is noisy."""

_CLEAR = 3.0
"""Minimum decrease of the loss, in standard errors, to count as one."""

_EDGE = 5
"""Steps at either end of the curve that smoothing estimates poorly."""


@dataclass(frozen=True)
class RateCurve:
    """The result of the test: *rates*, the raw *losses* and the *smooth* ones, all of one length.

    *ended* is the rate at which the loss exploded, or infinity.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    smooth: tuple[float, ...]
    ended: float = math.inf

    @property
    def steepest(self) -> float:
        """The rate at which the smoothed loss falls fastest over the logarithm of the rate, before its minimum."""
        end = max(_EDGE + 2, self._smallest + 1)
        slopes = np.gradient(np.array(self.smooth[:end]), np.log(self.rates[:end]))
        return self.rates[_EDGE + int(np.argmin(slopes[_EDGE:]))]

    @property
    def smallest(self) -> float:
        """The rate with the minimum smoothed loss."""
        return self.rates[self._smallest]

    @property
    def suggested(self) -> float:
        """A tenth of the rate with the minimum loss (Smith; Howard & Gugger)."""
        return self.smallest / 10

    @property
    def limit(self) -> float:
        """The rate, above that of the minimum loss, at which the loss is 1.5 times that at the start."""
        start = self.smooth[0]
        for rate, loss in zip(self.rates[self._smallest :], self.smooth[self._smallest :], strict=True):
            if not loss <= _TOO_HIGH * start:
                return rate
        return self.ended

    @property
    def falls(self) -> bool:
        """Whether the decrease from the first loss to the minimum exceeds the noise of single batches."""
        before = self.losses[: self._smallest + 1]
        noise = float(np.std(np.array(before) - np.array(self.smooth[: len(before)])))
        averaged = (
            2 * math.sqrt(math.pi) * _WIDTH
        )  # effective number of losses under the Gaussian; at the start only half of it
        return self.smooth[0] - min(self.smooth) > _CLEAR * noise * math.sqrt(3 / averaged)

    @property
    def _smallest(self) -> int:
        return int(np.argmin(self.smooth))


def check(bench: Bench) -> Rung:
    """Train fresh weights with an increasing rate, plot the losses, and judge the study's rate by them."""
    curve, peak = climb(bench), peak_rate(bench)
    faults: dict[str, str] = {}
    if not peak < curve.limit:
        faults[f"the study's rate reaches {peak:.3g}, where the loss explodes (from {curve.limit:.2g})"] = (
            f"set optimizer.lr to about {_short(curve.suggested)}"
        )
    elif curve.falls and peak < curve.steepest / _TOO_LOW:
        faults[f"the study's rate only reaches {peak:.3g}, where hardly anything is learnt"] = (
            f"set optimizer.lr to about {_short(curve.suggested)}"
        )
    with replacing(bench.out / FILE) as file:
        file.write(draw_rates(curve.rates, curve.losses, curve.smooth, peak, curve.suggested))
    found = f"falls fastest at {curve.steepest:.2g} and is lowest at {curve.smallest:.2g}"
    if not curve.falls:
        found = f"hardly falls; it is lowest at {curve.smallest:.2g}"
    limit = f"it explodes from {curve.limit:.2g}" if math.isfinite(curve.limit) else "it never explodes"
    seen = (
        f"tried learning rates from {curve.rates[0]:.1g} to {curve.rates[-1]:.2g}, raised in {len(curve.rates)} steps",
        f"the loss {found}; {limit}",
        f"recommended peak: about {_short(curve.suggested)}, a tenth of the rate with the lowest loss",
        f"peak of the study: {peak:.3g}, {_against(peak, curve.suggested)}",
        f"loss by learning rate: {sparkline(curve)}",
    )
    values = {"steepest": curve.steepest, "smallest": curve.smallest, "suggested": curve.suggested}
    return judged("lr-range", seen, faults, values | {"limit": curve.limit, "peak": peak}, (FILE,))


def climb(bench: Bench) -> RateCurve:
    """Return the losses of training while the rate increases from the minimum to the maximum."""
    parts = bench.parts(epochs=1, steps=STEPS)
    groups = parts.optimizer.param_groups
    ratios = [group["lr"] / groups[0]["lr"] if groups[0]["lr"] else 1.0 for group in groups]
    rates, losses = [], []
    mean = start = 0.0
    ended = math.inf
    parts.model.train()
    factor = (MAX_RATE / MIN_RATE) ** (1 / (STEPS - 1))
    for step, (images, labels) in enumerate(itertools.islice(_endless(bench), STEPS)):
        bench.progress("learning-rate range", step + 1, STEPS)
        rate = MIN_RATE * factor**step
        for group, ratio in zip(groups, ratios, strict=True):
            group["lr"] = rate * ratio
        seed_torch(torch_seed(bench.seed, "forward", 1, step + 1))
        loss = parts.loss(parts.model(images), labels)
        value = float(loss.detach())
        if not math.isfinite(value):
            ended = rate
            break
        mean = _SMOOTHING * mean + (1 - _SMOOTHING) * value
        rates.append(rate)
        losses.append(value)
        running = mean / (1 - _SMOOTHING ** (step + 1))
        if step <= 2 * _EDGE:
            start = running
        elif running > _EXPLODED * start:
            ended = rate
            break
        parts.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        parts.optimizer.step()
    bench.progress("learning-rate range", STEPS, STEPS)
    return RateCurve(tuple(rates), tuple(losses), smoothed(losses), ended)


def smoothed(losses: Sequence[float]) -> tuple[float, ...]:
    """Return *losses* smoothed by a Gaussian; each is capped at twice the median of the first ones."""
    values = np.array(losses)
    values = np.minimum(values, 2 * np.median(values[: 2 * _EDGE]))
    steps = np.arange(len(values))
    weights = np.exp(-0.5 * ((steps[:, None] - steps) / _WIDTH) ** 2)
    return tuple(((weights @ values) / weights.sum(axis=1)).tolist())


def peak_rate(bench: Bench) -> float:
    """Return the maximum rate of the study's whole schedule, in the optimizer's first group."""
    plan = bench.pipeline.train
    steps = max(1, len(bench.split.train) // max(1, min(plan.batch_size, len(bench.split.train))))
    parameter = torch.nn.Parameter(torch.zeros(2, 2))
    optimizer = bench.assembler.build_of(bench.pipeline, OptimizerSpec, OptimizerContext([parameter]))
    context = ScheduleContext(optimizer, plan.epochs, steps)
    scheduler = bench.assembler.build_of(bench.pipeline, SchedulerSpec, context)
    maximum = 0.0
    for _ in range(context.total_steps):
        maximum = max(maximum, float(optimizer.param_groups[0]["lr"]))
        parameter.grad = torch.zeros_like(parameter)
        optimizer.step()
        if not isinstance(scheduler, ReduceLROnPlateau):  # which never raises the rate
            scheduler.step()
    return maximum


def sparkline(curve: RateCurve, width: int = 36) -> str:
    """Return the smoothed losses as a row of bars, by increasing rate, capped at twice the first."""
    bars = "▁▂▃▄▅▆▇█"
    picked = [curve.smooth[place * len(curve.smooth) // width] for place in range(width)]
    low, high = min(picked), min(max(picked), 2 * curve.smooth[0])
    heights = [min(1.0, (value - low) / (high - low)) if high > low else 0.0 for value in picked]
    line = "".join(bars[min(7, int(height * 8))] for height in heights)
    return f"{curve.rates[0]:.0e} {line} {curve.rates[-1]:.2g}"


def _endless(bench: Bench) -> Iterator[tuple[Tensor, Tensor]]:
    batches = bench.batches(bench.split.train, training=True)
    for epoch in itertools.count(1):
        yield from bench.delivered(batches, epoch)


def _against(peak: float, suggested: float) -> str:
    """Return how *peak* compares with the recommended rate."""
    ratio = peak / suggested
    if 1 / _NEAR <= ratio <= _NEAR:
        return f"within a factor of {_NEAR:g} of that, so it needs no change"
    factor = f"{ratio:.2g} times higher" if ratio > 1 else f"{1 / ratio:.2g} times lower" if ratio else "lower"
    return f"{factor}: worth comparing with the recommended one"


def _short(rate: float) -> str:
    return f"{rate:.1g}"

"""The rung ``lr-range``: the loss while the learning rate climbs, and where the study's rate stands in it.

After L. N. Smith, Cyclical Learning Rates for Training Neural Networks (arXiv 1506.01186): the rate is multiplied by
the same factor at every step until the loss explodes. A good peak is where the loss still falls fast: at the steepest
descent, or a tenth of the rate with the smallest loss.
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

LOWEST, HIGHEST = 1e-5, 10.0
STEPS = 120
"""Steps from the lowest rate to the highest, 20 for each power of ten."""

FILE = "lr_range.png"

_SMOOTHING = 0.85
_EXPLODED = 3.0
"""The test ends where the running mean of the loss, with that memory, is so many times what it was at first."""

_WIDTH = 4.0
"""Standard deviation, in steps, of the bell curve with which losses are smoothed afterwards, without a lag."""

_WORSE = 1.5
"""How many times the first loss is too much: at the rate where it comes to that, the study's must not arrive."""

_TOO_LOW = 300.0
"""How many times below the steepest descent the study's rate fails; less is told, but passes."""

_CLEAR = 3.0
"""How many times its standard error a fall must be to count as one."""

_EDGE = 5
"""Steps at either end of the curve, of which smoothing knows too little."""


@dataclass(frozen=True)
class RateCurve:
    """The test: *rates*, the *losses* at them as they were, and the *smooth* ones. All have one length.

    *ended* is the rate at which the loss exploded, or infinity.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    smooth: tuple[float, ...]
    ended: float = math.inf

    @property
    def steepest(self) -> float:
        """The rate at which the smoothed loss falls fastest, over the logarithm of the rate, before it is smallest."""
        end = max(_EDGE + 2, self._smallest + 1)
        slopes = np.gradient(np.array(self.smooth[:end]), np.log(self.rates[:end]))
        return self.rates[_EDGE + int(np.argmin(slopes[_EDGE:]))]

    @property
    def smallest(self) -> float:
        """The rate with the smallest smoothed loss."""
        return self.rates[self._smallest]

    @property
    def suggested(self) -> float:
        """A tenth of the rate with the smallest loss (Smith; Howard & Gugger)."""
        return self.smallest / 10

    @property
    def limit(self) -> float:
        """The rate, above that of the smallest loss, at which the loss is half as large again as at the start."""
        start = self.smooth[0]
        for rate, loss in zip(self.rates[self._smallest :], self.smooth[self._smallest :], strict=True):
            if not loss <= _WORSE * start:
                return rate
        return self.ended

    @property
    def falls(self) -> bool:
        """Whether the fall from the first loss to the smallest is more than the noise of single batches."""
        before = self.losses[: self._smallest + 1]
        noise = float(np.std(np.array(before) - np.array(self.smooth[: len(before)])))
        averaged = 2 * math.sqrt(math.pi) * _WIDTH  # losses in a bell curve; at the start there is but half of it
        return self.smooth[0] - min(self.smooth) > _CLEAR * noise * math.sqrt(3 / averaged)

    @property
    def _smallest(self) -> int:
        return int(np.argmin(self.smooth))


def check(bench: Bench) -> Rung:
    """Train fresh weights with a climbing rate, draw the losses, and judge the study's rate by them."""
    curve, peak = climb(bench), peak_rate(bench)
    faults: dict[str, str] = {}
    if not peak < curve.limit:
        faults[f"the study's rate reaches {peak:.3g}, where the loss explodes (from {curve.limit:.2g})"] = (
            f"set optimizer.lr to about {_short(curve.suggested)}"
        )
    elif curve.falls and peak < curve.steepest / _TOO_LOW:
        faults[f"the study's rate reaches {peak:.3g} only, where hardly anything is learnt"] = (
            f"set optimizer.lr to about {_short(curve.suggested)}"
        )
    with replacing(bench.out / FILE) as file:
        file.write(draw_rates(curve.rates, curve.losses, curve.smooth, peak, curve.suggested))
    found = f"falls fastest at {curve.steepest:.2g}, is smallest at {curve.smallest:.2g}"
    if not curve.falls:
        found = f"hardly falls in {len(curve.rates)} steps, is smallest at {curve.smallest:.2g}"
    limit = f"explodes from {curve.limit:.2g}" if math.isfinite(curve.limit) else "never explodes"
    seen = (
        f"the loss {found}, {limit}",
        f"a tenth of the smallest: {_short(curve.suggested)}; "
        f"the study's rate reaches {peak:.3g}, {_times(peak, curve.suggested)}",
        sparkline(curve),
    )
    figures = {"steepest": curve.steepest, "smallest": curve.smallest, "suggested": curve.suggested}
    return judged("lr-range", seen, faults, figures | {"limit": curve.limit, "peak": peak}, (FILE,))


def climb(bench: Bench) -> RateCurve:
    """Return the losses of training while the rate climbs from the lowest to the highest."""
    parts = bench.parts(epochs=1, steps=STEPS)
    groups = parts.optimizer.param_groups
    shares = [group["lr"] / groups[0]["lr"] if groups[0]["lr"] else 1.0 for group in groups]
    rates, losses = [], []
    mean = start = 0.0
    ended = math.inf
    parts.model.train()
    factor = (HIGHEST / LOWEST) ** (1 / (STEPS - 1))
    for step, (images, labels) in enumerate(itertools.islice(_endless(bench), STEPS)):
        bench.progress("learning-rate range", step + 1, STEPS)
        rate = LOWEST * factor**step
        for group, share in zip(groups, shares, strict=True):
            group["lr"] = rate * share
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
    """Return *losses* under a moving bell curve, in which one that exploded counts as twice the first ones."""
    values = np.array(losses)
    values = np.minimum(values, 2 * np.median(values[: 2 * _EDGE]))
    steps = np.arange(len(values))
    weights = np.exp(-0.5 * ((steps[:, None] - steps) / _WIDTH) ** 2)
    return tuple(((weights @ values) / weights.sum(axis=1)).tolist())


def peak_rate(bench: Bench) -> float:
    """Return the highest rate of the study's whole schedule, in the optimizer's first group."""
    plan = bench.pipeline.train
    steps = max(1, len(bench.split.train) // max(1, min(plan.batch_size, len(bench.split.train))))
    parameter = torch.nn.Parameter(torch.zeros(2, 2))
    optimizer = bench.assembler.build_of(bench.pipeline, OptimizerSpec, OptimizerContext([parameter]))
    context = ScheduleContext(optimizer, plan.epochs, steps)
    scheduler = bench.assembler.build_of(bench.pipeline, SchedulerSpec, context)
    highest = 0.0
    for _ in range(context.total_steps):
        highest = max(highest, float(optimizer.param_groups[0]["lr"]))
        parameter.grad = torch.zeros_like(parameter)
        optimizer.step()
        if not isinstance(scheduler, ReduceLROnPlateau):  # that one only ever lowers it
            scheduler.step()
    return highest


def sparkline(curve: RateCurve, width: int = 48) -> str:
    """Return the smoothed losses as a row of bars, from the lowest rate to the highest, cut at twice the first."""
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


def _times(peak: float, suggested: float) -> str:
    ratio = peak / suggested
    return f"{ratio:.2g} times that" if ratio >= 1 else f"1/{1 / ratio:.2g} of that"


def _short(rate: float) -> str:
    return f"{rate:.1g}"

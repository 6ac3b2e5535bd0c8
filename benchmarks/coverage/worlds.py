"""Made-up studies whose truth is known: what each variant scores on each replicate, without any training.

A replicate *i* moves all variants together (an easy or hard split) and each independently (randomness of training)::

    score(i, j) = 0.80 - effect_j + shared_i + own_ij

``correlation`` is the fraction of the variance of a score that is shared, which is the correlation of the pairs. The
differences in a table are ``effect_j + own_i0 - own_ij``: comparisons share the base, so they correlate by one half.

Differences of two exchangeable arms are symmetric, whatever the arms are. Others arise where a component changes how
the scores vary and not their mean; then the base has no own part, and the differences have the shape of the variants'.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

CENTER = 0.80
CHANCE = 0.50
OF_BOTH = " of both"
NOISE = 0.02
"""Standard deviation of a score over replicates: two points of accuracy, as small studies of photographs have."""


@dataclass(frozen=True)
class World:
    """How scores are made. *effects*: base minus variant, one for each comparison, in units of the metric.

    *tails*: degrees of freedom of Student's t for the own part, None for normal. *collapse*: the chance that a training
    collapses and scores as one that guesses; *one_arm*: that of the base never does. *images*: size of the test set,
    whose accuracy is a count, or None; *macro_f1*: not their accuracy, but macro F1 over a class of a fifth of them and
    the rest. *center*: the score without an effect. *shape*: one of ``SHAPES``, that of the
    differences instead of a normal distribution, or with ``OF_BOTH`` that of each arm.
    """

    effects: tuple[float, ...]
    correlation: float = 0.5
    tails: int | None = None
    collapse: float = 0.0
    images: int | None = None
    center: float = CENTER
    one_arm: bool = False
    shape: str = ""
    macro_f1: bool = field(default=False, repr=False)

    def scores(self, replicates: int, random: np.random.Generator) -> NDArray[np.float64]:
        """Return float64 [replicates, 1 + comparisons], the base first."""
        shape = (replicates, 1 + len(self.effects))
        own = self._own(shape, random)
        shared = random.standard_normal((replicates, 1))
        truth = self.center - np.array([0.0, *self.effects])
        scores = truth + NOISE * (np.sqrt(self.correlation) * shared + np.sqrt(1 - self.correlation) * own)
        if self.images is not None and self.macro_f1:
            scores = _macro_f1(self.images, np.clip(scores, 0, 1), random)
        elif self.images is not None:
            scores = random.binomial(self.images, np.clip(scores, 0, 1)) / self.images
        if self.collapse:
            collapsed = random.random(shape) < self.collapse
            collapsed[:, 0] &= not self.one_arm
            scores = np.where(collapsed, CHANCE, scores)
        return scores

    @property
    def truth(self) -> tuple[float, ...]:
        """The true mean differences: of two arms that collapse alike, a collapsed run says nothing of the component."""
        lost = self.collapse * (self.center - CHANCE) if self.one_arm else 0.0
        return tuple((1 - self.collapse) * effect + lost for effect in self.effects)

    def _own(self, shape: Sequence[int], random: np.random.Generator) -> NDArray[np.float64]:
        if self.shape:
            own = SHAPES[self.shape.removesuffix(OF_BOTH)](random, tuple(shape))
            if not self.shape.endswith(OF_BOTH):
                own[:, 0] = 0.0
            return own
        if self.tails is None:
            return random.standard_normal(tuple(shape))
        return random.standard_t(self.tails, tuple(shape)) / np.sqrt(self.tails / (self.tails - 2))


def _macro_f1(images: int, accuracy: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.float64]:
    """Return macro F1 where each image is right with the chance *accuracy*, whatever its class."""
    sizes = images // 5, images - images // 5
    right = [random.binomial(size, accuracy) for size in sizes]
    wrong = [size - each for size, each in zip(sizes, right, strict=True)]
    # The wrong ones of a class are those that the other is credited with; 2 TP + FP + FN is the same sum for both.
    parts: list[NDArray[np.float64]] = [2 * each / np.maximum(1, 2 * each + sum(wrong)) for each in right]
    return np.asarray(sum(parts) / 2, dtype=np.float64)


Draw = Callable[[np.random.Generator, tuple[int, ...]], NDArray[np.float64]]
SHAPES: dict[str, Draw] = {
    "uniform": lambda random, shape: random.uniform(-1.7, 1.7, shape),
    "two modes": lambda random, shape: random.choice([-1.0, 1.0], shape) + 0.3 * random.standard_normal(shape),
    "exponential": lambda random, shape: random.exponential(1.0, shape) - 1,
    "lognormal": lambda random, shape: random.lognormal(0.0, 1.0, shape) - np.exp(0.5),
}
"""Distributions with a mean of 0, for differences: symmetric with two modes or none, or skewed."""

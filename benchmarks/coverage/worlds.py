"""Made-up studies whose truth is known: what each variant scores on each replicate, without any training.

A replicate *i* moves all variants together (an easy or hard split) and each independently (randomness of training)::

    score(i, j) = 0.80 - effect_j + shared_i + own_ij

``correlation`` is the fraction of the variance of a score that is shared, which is the correlation of the pairs. The
differences in a table are ``effect_j + own_i0 - own_ij``: comparisons share the base, so they correlate by one half.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CENTER = 0.80
CHANCE = 0.50
NOISE = 0.02
"""Standard deviation of a score over replicates: two points of accuracy, as small studies of photographs have."""


@dataclass(frozen=True)
class World:
    """How scores are made. *effects*: base minus variant, one for each comparison, in units of the metric.

    *tails*: degrees of freedom of Student's t for the own part, None for normal. *collapse*: the chance that a training
    collapses and scores as one that guesses. *images*: size of the test set, whose accuracy is a count, or None.
    """

    effects: tuple[float, ...]
    correlation: float = 0.5
    tails: int | None = None
    collapse: float = 0.0
    images: int | None = None

    def scores(self, replicates: int, random: np.random.Generator) -> NDArray[np.float64]:
        """Return float64 [replicates, 1 + comparisons], the base first."""
        shape = (replicates, 1 + len(self.effects))
        own = random.standard_normal(shape) if self.tails is None else self._heavy(shape, random)
        shared = random.standard_normal((replicates, 1))
        truth = CENTER - np.array([0.0, *self.effects])
        scores = truth + NOISE * (np.sqrt(self.correlation) * shared + np.sqrt(1 - self.correlation) * own)
        if self.images is not None:
            scores = random.binomial(self.images, np.clip(scores, 0, 1)) / self.images
        if self.collapse:
            scores = np.where(random.random(shape) < self.collapse, CHANCE, scores)
        return scores

    @property
    def truth(self) -> tuple[float, ...]:
        """The true mean differences: a collapsed run says nothing of the component."""
        return tuple((1 - self.collapse) * effect for effect in self.effects)

    def _heavy(self, shape: Sequence[int], random: np.random.Generator) -> NDArray[np.float64]:
        assert self.tails is not None
        return random.standard_t(self.tails, tuple(shape)) / np.sqrt(self.tails / (self.tails - 2))

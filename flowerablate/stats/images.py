"""Effects on other test images: an interval over replicates x images.

The replicates of a study that all test on one set of images share its chance: were the images drawn anew, all
differences would move together, and no number of replicates shows it. The t interval over replicates speaks of further
replicates *on these images*; the interval here speaks of further replicates on other images of the same kind.

**The model.** The effect on image *j* in replicate *i* is ``d_ij = effect + a_i + b_j + e_ij``: what is peculiar to the
replicate, to the image, and to the two together (Cornfield and Tukey 1956, doi:10.1214/aoms/1177728067; for
classifiers Dietterich 1998 and Nadeau and Bengio 2003 discuss the same sources). With *s* the standard deviation of the
R effects ``d_i``, the variance of their mean is ``s² / R + c``, where *c* is the covariance that two replicates have by
the images they share; it is estimated from the products of what each image contributes to each two replicates. Where
all replicates test on the same J images this is the classical ``(MS_replicates + MS_images - MS_rest) / (R J)``. Where
test sets overlap in part (a random split in each replicate), the products run over the shared images, and what is not
shared is in *s* already; without any overlap the t interval over replicates results.

**Small samples.** Degrees of freedom by Satterthwaite 1946 (doi:10.2307/3002019), with the variance of *c* estimated
from the images. Estimates of variance components may fall below zero, where there is none to speak of. Neither
component can narrow the interval then: the variance is never taken below that of the replicates alone, nor below that
of the images alone. The interval then covers more than it says, up to 97.5 % at 95 %: docs/evidence.md. Two or three
replicates that are alike by chance hide what replicates add, and Satterthwaite's interval alone would cover as little
as 88 %; so with fewer than four it is never narrower than the t interval over replicates, nor is any p smaller.

**What is not in it**: another set of *training* images. All replicates train on one collection; what that collection's
chance does to the effect, no resampling of it shows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..contracts import Contrast
from .effects import POWER, RESOLUTION
from .equivalence import Equivalence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

INTERVAL = "replicates x images"
"""How this interval is called."""

FEW = 4
"""With fewer replicates nothing is surer than the paired t test over them."""


@dataclass(frozen=True)
class Influence:
    """How far the test images move the metric of one trial.

    *images*: the keys of all test images, sorted. *units*: the names of U units that they form, and *values*, float64
    [U]: what each adds to the metric's distance from its mean, so that they sum to zero. A unit is an image, or a group
    of images where the metric is dear to compute (:func:`.influence.influence_of`).
    """

    images: tuple[str, ...]
    units: tuple[str, ...]
    values: NDArray[np.float64]


@dataclass(frozen=True)
class ImageEvidence:
    """The influences on *metric* of each trial's test images, by change and seed."""

    metric: str
    trials: Mapping[tuple[str, int], Influence]

    @property
    def fixed_split(self) -> bool:
        """Whether all trials tested on the same images."""
        return len({influence.images for influence in self.trials.values()}) == 1

    def of(self, contrast: Contrast, seeds: Sequence[int]) -> list[Influence] | None:
        """Return what the images add to the effect that *contrast* is about, in each of the replicates *seeds*.

        None where a trial is missing, or the variants of one replicate have not tested on the same images.
        """
        import numpy as np

        combined = []
        for seed in seeds:
            weights = contrast.weights_on(seed)
            parts = [(weight, self.trials.get((change, seed))) for change, weight in weights.items()]
            known = [(weight, part) for weight, part in parts if part is not None]
            if not known or len(known) < len(parts) or len({part.units for _, part in known}) > 1:
                return None
            first = known[0][1]
            values = np.sum([weight * part.values for weight, part in known], axis=0)
            combined.append(Influence(first.images, first.units, values))
        return combined


@dataclass(frozen=True)
class TwoLevel:
    """The *mean* of R differences, its *variance* over replicates x images, and *df*, the degrees of that.

    *replicates* is the part of the variance that more replicates make smaller (as 1/R), *images* the part that only
    more test images do. *count*: the number of different test images. *few*: the degrees of freedom of the replicates
    where they are so few (:data:`FEW`) that their t test holds as well, else None.
    """

    mean: float
    variance: float
    df: float
    replicates: float
    images: float
    count: int
    few: int | None = None

    @property
    def error(self) -> float:
        """The standard error of the mean."""
        return math.sqrt(self.variance)

    @property
    def p(self) -> float:
        """The two-sided p for «no effect»."""
        return 2 * self._tail(-abs(self.mean))

    def interval(self, level: float) -> tuple[float, float]:
        """Return the interval of the effect at *level*."""
        half = self._half((1 + level) / 2)
        return self.mean - half, self.mean + half

    def equivalence(self, margin: float, level: float) -> Equivalence:
        """Return the two one-sided tests of «the effect lies within ±margin», with the interval at ``2 level - 1``."""
        half = self._half(level)
        return Equivalence(
            margin,
            above_p=self._tail(-self.mean - margin),
            below_p=self._tail(self.mean - margin),
            low=self.mean - half,
            high=self.mean + half,
        )

    def detectable(self, level: float, power: float = POWER) -> float:
        """Return the true effect that would be found with probability *power* by a test at ``1 - level``."""
        return self._half((1 + level) / 2) + self._half(power)

    def _scales(self) -> list[tuple[float, float]]:
        """The degrees of freedom and standard errors of all t distributions that have to agree."""
        plain = [] if self.few is None or self.replicates == 0 else [(float(self.few), math.sqrt(self.replicates))]
        return [(self.df, self.error), *plain]

    def _half(self, probability: float) -> float:
        from scipy.special import stdtrit

        return max(float(stdtrit(df, probability)) * error for df, error in self._scales())

    def _tail(self, distance: float) -> float:
        """The chance of a mean as far below as *distance*, by the distribution that gives the larger one."""
        from scipy.special import stdtr

        return max(float(stdtr(df, distance / error)) for df, error in self._scales())


def two_level(
    differences: Sequence[float], influences: Sequence[Influence], *, largest: float = 0.0
) -> TwoLevel | None:
    """Return the mean of the *differences*, one per replicate, with its variance over replicates x images.

    ``influences[i]`` is what the images add to ``differences[i]``. None with fewer than two replicates, or where
    neither replicates nor images vary by more than rounding; *largest* is the largest value of either arm. Raises
    :class:`ValueError` when the two differ in length.
    """
    import numpy as np

    if len(differences) != len(influences):
        raise ValueError(f"{len(differences)} differences with the images of {len(influences)} replicates")
    count = len(differences)
    if count < 2:
        return None
    added, present = _matrix(influences)
    d = np.asarray(differences, dtype=np.float64)
    mean = math.fsum(differences) / count
    replicates = math.fsum((d - mean) ** 2) / (count - 1) / count
    shared, error_of_shared, alone, df_alone = _image_parts(added, present)
    variance = replicates + max(0.0, shared)
    if max(variance, alone) <= (RESOLUTION * max(abs(largest), float(np.max(np.abs(d))))) ** 2 / count:
        return None
    if alone > variance:
        variance, df = alone, df_alone
    elif shared <= 0:
        df = count - 1.0
    else:
        df = variance**2 / (replicates**2 / (count - 1) + error_of_shared / 2)
    images = {name for influence in influences for name in influence.images}
    few = count - 1 if count < FEW else None
    from_images = max(0.0, variance - replicates)
    return TwoLevel(mean, variance, max(1.0, df), replicates, from_images, len(images), few)


def _matrix(influences: Sequence[Influence]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what each unit adds in each replicate, [R, U], and 1 where it is there, else 0."""
    import numpy as np

    place = {name: index for index, name in enumerate(sorted({u for each in influences for u in each.units}))}
    added, present = np.zeros((len(influences), len(place))), np.zeros((len(influences), len(place)))
    for row, influence in enumerate(influences):
        columns = [place[name] for name in influence.units]
        added[row, columns] = influence.values - np.mean(influence.values)
        present[row, columns] = 1
    return added, present


def _image_parts(added: NDArray[np.float64], present: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Return the covariance by shared images and the variance of that estimate; the variance of the mean if only the
    images varied, and its degrees of freedom.

    A replicate's contributions are centred on its own mean, which takes from each product the fraction
    ``1/n_i + 1/n_k - m/(n_i n_k)`` (m units shared, of n_i and n_k); it is given back as a whole.
    """
    import numpy as np

    count = len(added)
    sizes = present.sum(axis=1)
    overlap = (present @ present.T) / np.outer(sizes, sizes)  # m / (n_i n_k); on the diagonal 1 / n_i
    kept = overlap * (1 - 1 / sizes[:, None] - 1 / sizes[None, :] + overlap)
    pairs = count * (count - 1)
    total = added.sum(axis=0)
    off = float(overlap.sum() - np.trace(overlap)), float(kept.sum() - np.trace(kept))
    shared = error = 0.0
    if off[1] > 0:
        products = total**2 - (added**2).sum(axis=0)  # of all pairs of different replicates, per unit
        times = present.sum(axis=0)
        expected = math.fsum(products) / max(1.0, float((times * (times - 1)).sum())) * times * (times - 1)
        scale = off[0] / off[1] / pairs
        shared = math.fsum(products) * scale
        units = int(np.count_nonzero(times > 1))
        error = math.fsum((products - expected) ** 2) * scale**2 * units / max(1, units - 1)
    squares = (total / count) ** 2
    whole = float(kept.sum())
    alone = math.fsum(squares) * float(overlap.sum()) / whole if off[1] > 0 else 0.0
    units = len(squares)
    spread = math.fsum((squares - np.mean(squares)) ** 2) * units / max(1, units - 1)
    df = 2 * math.fsum(squares) ** 2 / spread if spread > 0 else math.inf
    return shared, error, alone, min(units - 1.0, df)

"""Effects on other test images: an interval over replicates x images.

If all replicates of a study test on the same images, they share the random choice of these images: with other images,
all differences would move together, and no number of replicates shows that. The t interval over replicates holds for
further replicates *on these images*; the interval here holds for further replicates on other images of the same kind.

**The model.** The effect on image *j* in replicate *i* is ``d_ij = effect + a_i + b_j + e_ij``, with terms for the
replicate, for the image, and for the two together (Cornfield and Tukey 1956, doi:10.1214/aoms/1177728067; for
classifiers Dietterich 1998 and Nadeau and Bengio 2003 discuss the same sources). With *s* the standard deviation of the
R effects ``d_i``, the variance of their mean is ``s² / R + c``, where *c* is the covariance of two replicates due to
the images that they share; it is estimated from the products of each image's contributions to pairs of replicates. If
all replicates test on the same J images, this is the classical ``(MS_replicates + MS_images - MS_rest) / (R J)``. If
test sets overlap in part (a random split in each replicate), the products run over the shared images, and *s* already
contains the rest; without any overlap, the result is the t interval over replicates.

**Small samples.** Degrees of freedom by Satterthwaite 1946 (doi:10.2307/3002019), with the variance of *c* estimated
from the images. Estimates of variance components that are near zero may be negative. Neither component can narrow the
interval then: the variance is never below that of the replicates alone, nor below that of the images alone. The
interval then covers more than its level, up to 97.5 % at 95 %: docs/explanation/evidence.md. Two or three replicates
that happen to be alike hide the variation between replicates, and Satterthwaite's interval alone would cover as little
as 88 %; therefore, with fewer than four, it is never narrower than the t interval over replicates, nor is any p
smaller.

**Groups.** Images of one patient are not independent, so where images have groups, the unit *j* is a group: what its
images add is summed, and all of the above runs over groups.

**Not included**: another set of *training* images. All replicates train on one collection; resampling that collection
cannot show how its random choice influences the effect.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ..contracts import Contrast
from .effects import RESOLUTION
from .equivalence import Equivalence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

INTERVAL = "replicates x images"
"""The name of this interval."""

FEW = 4
"""With fewer replicates, no result is stronger than that of the paired t test over them."""


@dataclass(frozen=True)
class Influence:
    """The influence of the test images on the metric of one trial.

    *images*: the keys of all test images, sorted. *units*: the names of U units that they form, and *values*, float64
    [U]: what each adds to the metric's distance from its mean, so that they sum to zero. *groups*: those of the images,
    such as patients, sorted; empty if each image is independent of the others. A unit is a group or an image, or
    several of them if the metric is expensive to compute (:func:`.influence.influence_of`).
    """

    images: tuple[str, ...]
    units: tuple[str, ...]
    values: NDArray[np.float64]
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class ImageEvidence:
    """The influences on *metric* of each trial's test images, by change and seed."""

    metric: str
    trials: Mapping[tuple[str, int], Influence]

    @cached_property
    def images(self) -> int:
        """The number of different test images."""
        return len({name for influence in self.trials.values() for name in influence.images})

    @cached_property
    def groups(self) -> int:
        """The number of different groups of test images; 0 if each image is independent of the others."""
        return len({name for influence in self.trials.values() for name in influence.groups})

    @cached_property
    def least_groups(self) -> int:
        """The number of groups of the replicate that tested on the fewest."""
        return min(len(influence.groups) for influence in self.trials.values())

    @cached_property
    def fixed_split(self) -> bool:
        """Whether all trials tested on the same images."""
        return len({influence.images for influence in self.trials.values()}) == 1

    def of(self, contrast: Contrast, seeds: Sequence[int]) -> list[Influence] | None:
        """Return what the images add to the effect of *contrast*, in each of the replicates *seeds*.

        None if a trial is missing, or if the variants of a replicate were not tested on the same images.
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
            combined.append(Influence(first.images, first.units, values, first.groups))
        return combined


@dataclass(frozen=True)
class Components:
    """The variances of a replicate, of a unit of images, and of the rest, in a study of R replicates on J units.

    They are those of crossed random effects, from the mean squares of the two-way table: ``MS_rest``, ``(MS_images -
    MS_rest) / R`` and ``s² - MS_rest / J``, each at least 0.
    """

    replicate: float
    image: float
    rest: float
    replicates: int
    images: int

    def variance(self, times_replicates: float = 1.0, times_images: float = 1.0) -> float:
        """Return the variance of the mean effect with that many times the replicates and units of images."""
        r, j = self.replicates * times_replicates, self.images * times_images
        return self.replicate / r + self.image / j + self.rest / (r * j)

    @property
    def from_images(self) -> float:
        """The fraction of the variance that is of images alone, which no more replicates reduce."""
        return self.image / self.images / self.variance()

    def narrower(self, times_replicates: float = 1.0, times_images: float = 1.0) -> float:
        """Return by which fraction the standard error shrinks with that many times the replicates and images.

        An interval of few replicates narrows by more, because its quantile of t shrinks too.
        """
        return 1 - math.sqrt(self.variance(times_replicates, times_images) / self.variance())


@dataclass(frozen=True)
class TwoLevel:
    """The *mean* of R differences, its *variance* over replicates x images, and the degrees of freedom *df* of that.

    *replicates* is the part of the variance that more replicates reduce (as 1/R), *images* the part that only more test
    images, or groups of them, reduce. *few*: the degrees of freedom of the replicates if
    there are so few (:data:`FEW`) that their t test applies as well, else None. *components*: where all replicates
    tested on the same images.
    """

    mean: float
    variance: float
    df: float
    replicates: float
    images: float
    few: int | None = None
    components: Components | None = None

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

    @property
    def scales(self) -> tuple[tuple[float, float], ...]:
        """Degrees of freedom and standard errors of all t distributions; the most conservative one counts."""
        if self.few is None or self.replicates == 0:
            return ((self.df, self.error),)
        return (self.df, self.error), (float(self.few), math.sqrt(self.replicates))

    def _half(self, probability: float) -> float:
        from scipy.special import stdtrit

        return max(float(stdtrit(df, probability)) * error for df, error in self.scales)

    def _tail(self, distance: float) -> float:
        """The largest probability, over the t distributions, of a mean at or below *distance* from the true one."""
        from scipy.special import stdtr

        return max(float(stdtr(df, distance / error)) for df, error in self.scales)


def two_level(differences: Sequence[float], influences: Sequence[Influence], *, scale: float = 0.0) -> TwoLevel | None:
    """Return the mean of the *differences*, one per replicate, with its variance over replicates x images.

    ``influences[i]`` is what the images add to ``differences[i]``. None with fewer than two replicates or units,
    or if neither replicates nor images vary by more than rounding; *scale* is the largest absolute value of either arm.
    Raises :class:`ValueError` if the two differ in length.
    """
    import numpy as np

    if len(differences) != len(influences):
        raise ValueError(f"{len(differences)} differences, but the images of {len(influences)} replicates")
    count = len(differences)
    if count < 2:
        return None
    added, present = _matrix(influences)
    if present.sum(axis=1).min() < 2:
        return None  # a single unit says nothing of others
    d = np.asarray(differences, dtype=np.float64)
    mean = math.fsum(differences) / count
    replicates = math.fsum((d - mean) ** 2) / (count - 1) / count
    shared, error_of_shared, alone, df_alone = _image_parts(added, present)
    variance = replicates + max(0.0, shared)
    if max(variance, alone) <= (RESOLUTION * max(abs(scale), float(np.max(np.abs(d))))) ** 2 / count:
        return None
    if alone > variance:
        variance, df = alone, df_alone
    elif shared <= 0:
        df = count - 1.0
    else:
        df = variance**2 / (replicates**2 / (count - 1) + error_of_shared / 2)
    few = count - 1 if count < FEW else None
    from_images = max(0.0, variance - replicates)
    components = _components(replicates * count, added) if present.all() else None
    return TwoLevel(mean, variance, max(1.0, df), replicates, from_images, few, components)


def _components(between: float, added: NDArray[np.float64]) -> Components | None:
    """Return the components for a variance *between* replicates; None with a single unit, or if nothing varies."""
    count, units = added.shape
    if units < 2:
        return None
    means = added.mean(axis=0)
    rest = units**2 * float(((added - means) ** 2).sum()) / ((count - 1) * (units - 1))
    images = count * units**2 * float((means**2).sum()) / (units - 1)
    found = Components(max(0.0, between - rest / units), max(0.0, (images - rest) / count), rest, count, units)
    return found if found.variance() > 0 else None


def _matrix(influences: Sequence[Influence]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what each unit adds in each replicate, [R, U], and whether it is present (1 or 0), [R, U]."""
    import numpy as np

    place = {name: index for index, name in enumerate(sorted({u for each in influences for u in each.units}))}
    added, present = np.zeros((len(influences), len(place))), np.zeros((len(influences), len(place)))
    for row, influence in enumerate(influences):
        columns = [place[name] for name in influence.units]
        added[row, columns] = influence.values - np.mean(influence.values)
        present[row, columns] = 1
    return added, present


def _image_parts(added: NDArray[np.float64], present: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Return the covariance due to shared images, the variance of that estimate, the variance of the mean if only the
    images varied, and its degrees of freedom.

    A replicate's contributions are centred on its own mean, which reduces each product by the fraction
    ``1/n_i + 1/n_k - m/(n_i n_k)`` (m units shared, of n_i and n_k); the sum is corrected for that as a whole.
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
    variation = math.fsum((squares - np.mean(squares)) ** 2) * units / max(1, units - 1)
    df = 2 * math.fsum(squares) ** 2 / variation if variation > 0 else math.inf
    return shared, error, alone, min(units - 1.0, df)

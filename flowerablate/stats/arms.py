"""From trials to arms: the value of each variant on each seed, and the two arms of a contrast."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ..contracts import Contrast, ContrastKind, TrialOutcome, finished, removed_by, together
from .looks import StudyLook

Values = Mapping[str, Mapping[int, float]]
"""The metric by change and seed, for the trials with a finite value."""


@dataclass(frozen=True)
class Arms:
    """The arms of a contrast, on the replicates that have all its trials: *with_it* minus *without* is the effect.

    *are_means*: each arm is a weighted mean of variants (its weights sum to one), so that its mean is meaningful.
    *squared_weights*: the sum of the squares of the weights, the largest of any replicate.
    """

    seeds: tuple[int, ...]
    with_it: tuple[float, ...]
    without: tuple[float, ...]
    are_means: bool
    squared_weights: float = 2.0

    def first(self, count: int) -> Arms:
        """Return the arms on the first *count* of their replicates."""
        return replace(self, seeds=self.seeds[:count], with_it=self.with_it[:count], without=self.without[:count])

    def at(self, look: StudyLook) -> Arms:
        """Return the arms on those of their replicates that *look* had."""
        seeds, with_it, without = look.of(self.seeds), look.of(self.with_it), look.of(self.without)
        return replace(self, seeds=tuple(seeds), with_it=tuple(with_it), without=tuple(without))


def values_of(results: Iterable[TrialOutcome], metric: str) -> dict[str, dict[int, float]]:
    """Return *metric* by change and seed, for the trials with a finite value."""
    values: dict[str, dict[int, float]] = {}
    for result in finished(results):
        value = result.metrics.get(metric, math.nan)
        if math.isfinite(value):
            values.setdefault(result.change, {})[result.seed] = value
    return values


def arms_of(contrast: Contrast, values: Values, seeds: Iterable[int]) -> Arms:
    """Return the arms of *contrast* on those *seeds* for which every variant that it weighs has a value."""
    complete, plus, minus = [], [], []
    are_means, squares = True, 0.0
    for seed in seeds:
        weights = contrast.weights_on(seed)
        if not weights or any(seed not in values.get(change, {}) for change in weights):
            continue
        terms = [(weight, values[change][seed]) for change, weight in weights.items()]
        complete.append(seed)
        squares = max(squares, math.fsum(weight**2 for weight, _ in terms))
        plus.append(math.fsum(weight * value for weight, value in terms if weight > 0))
        minus.append(math.fsum(-weight * value for weight, value in terms if weight < 0))
        are_means &= math.isclose(math.fsum(weight for weight, _ in terms if weight > 0), 1)
    return Arms(tuple(complete), tuple(plus), tuple(minus), are_means, squares)


def contrast_of_change(change: str) -> Contrast:
    """Return the contrast of a variant if the design is unknown: base against that variant."""
    if removed := removed_by(change):
        return Contrast.with_base(change, "removal", together(removed))
    setting = next((word for word in change.split() if "=" in word), change)
    place, equals, value = setting.partition("=")
    if place == "control":
        return Contrast.with_base(change, "control", value, label=value)
    kind: ContrastKind = "removal" if not equals else "setting" if "." in place else "swap"
    return Contrast.with_base(change, kind, place)


def contrasts_for(results: Sequence[TrialOutcome], designed: Sequence[Contrast] = ()) -> tuple[Contrast, ...]:
    """Return the *designed* contrasts, and a contrast with the base for each variant that is in none of them.

    With a design, a variant that removes several parts is a cell of another design, requested earlier or elsewhere:
    it gets no contrast of its own, and :mod:`.design_notes` counts it.
    """
    return (
        *designed,
        *(contrast_of_change(change) for change in unasked(results, designed) if not designed or _simple(change)),
    )


def unasked(results: Sequence[TrialOutcome], contrasts: Sequence[Contrast]) -> tuple[str, ...]:
    """Return the changes that have trials, but are in no contrast."""
    known = {change for contrast in contrasts for change in changes_of(contrast)}
    return tuple(dict.fromkeys(r.change for r in results if r.change and r.change not in known))


def _simple(change: str) -> bool:
    """Whether *change* removes one part, or is an alternative."""
    return "=" in change or len(removed_by(change)) == 1


def changes_of(contrast: Contrast) -> tuple[str, ...]:
    """Return the changes that *contrast* weighs on any seed, in the order in which they first appear."""
    weights = [contrast.weights, *contrast.by_seed.values()]
    return tuple(dict.fromkeys(change for each in weights for change in each))

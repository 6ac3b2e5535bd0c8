"""The variants that the designs of a study share, each once, and the components that they are made of."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from ...contracts import Pipeline, Place, Variant
from ...errors import StudyError
from ..resolve import Lookup
from .changes import without, without_parts
from .naming import change_of, removed_parts

MOST_CELLS = 256
"""A design that needs more variants in one replicate is refused."""


@dataclass(frozen=True)
class Factor:
    """What a design takes away or leaves in as one: its *name* in tables, and the *parts* that are switched off."""

    name: str
    parts: tuple[str, ...]


class Cells:
    """Collects variants; an equal pipeline that is asked for again is the same variant."""

    def __init__(self, base: Pipeline, lookup: Lookup) -> None:
        self.base = base
        self.lookup = lookup
        self._variants = {"": Variant("", base)}
        self._without: dict[frozenset[str], str] = {}

    @property
    def variants(self) -> tuple[Variant, ...]:
        """All variants, the base first, then as they were asked for."""
        return tuple(self._variants.values())

    def component(self, words: str) -> Factor:
        """Return the component that *words* (such as ``flip+light`` or ``kind:morphology``) stand for."""
        pipeline = without(self.base, words, self.lookup)
        parts = tuple(removed_parts(self.base, pipeline, self.lookup))
        if not parts:
            raise StudyError(f"'-{words}' changes nothing: it is what the base pipeline already has")
        return Factor("+".join(parts), parts)

    def in_order(self, components: Iterable[Factor]) -> list[Factor]:
        """Sort *components* as their parts stand in the pipeline, so that questions have one name as well."""
        places = self.base.places
        names = [place.name for place in places]

        def order(part: str) -> tuple[int, int]:
            where, _, feature = part.partition(".")
            number = names.index(where)
            return number, self._features(places[number]).index(feature) + 1 if feature else 0

        return sorted(components, key=lambda component: [order(part) for part in component.parts])

    def _features(self, place: Place) -> list[str]:
        """Return the features of what stands in *place*, as its spec lists them."""
        return [param.name for param in self.lookup(place.slot, place.choice.use, place.name).features]

    def add(self, pipeline: Pipeline) -> str:
        """Take in a variant and return its change, the empty one where it is the base."""
        change = change_of(self.base, pipeline, self.lookup)
        self._variants.setdefault(change, Variant(change, pipeline))
        return change

    def add_new(self, pipeline: Pipeline, words: str) -> str:
        """Take in a variant that must differ from the base; *words* are what the user calls it."""
        change = self.add(pipeline)
        if not change:
            raise StudyError(f"{words!r} changes nothing: it is what the base pipeline already has")
        return change

    def without(self, components: Iterable[Factor]) -> str:
        """Return the change that takes all of *components* away."""
        parts = frozenset(part for component in components for part in component.parts)
        if parts not in self._without:
            self._without[parts] = self.add(without_parts(self.base, parts, self.lookup))
        return self._without[parts]


def weigh(terms: Iterable[tuple[str, float]]) -> Mapping[str, float]:
    """Add up the weights of each change and leave out what cancels."""
    weights: dict[str, float] = {}
    for change, weight in terms:
        weights[change] = weights.get(change, 0.0) + weight
    return {change: weight for change, weight in weights.items() if weight}


def require_room(cells: int, design: str, cure: str) -> None:
    """Raise :class:`StudyError` where a design needs more than :data:`MOST_CELLS` variants in a replicate."""
    if cells > MOST_CELLS:
        raise StudyError(f"design {design!r} needs {cells} trials in each replicate, more than {MOST_CELLS}; {cure}")


def require_separate(components: Collection[Factor], design: str, least: int = 2) -> None:
    """Raise :class:`StudyError` where there are too few components, or two of them switch off the same part."""
    if len(components) < least:
        number = {2: "two", 3: "three"}[least]
        raise StudyError(f"design {design!r} needs {number} components at least; name more with --disable")
    for one, other in combinations(components, 2):
        if any(_overlap(a, b) for a in one.parts for b in other.parts):
            raise StudyError(
                f"design {design!r} cannot hold both {one.name!r} and {other.name!r}: they switch off the same part"
            )


def _overlap(one: str, other: str) -> bool:
    """Whether two parts are the same, or one is a feature of the other, which is a step."""
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")

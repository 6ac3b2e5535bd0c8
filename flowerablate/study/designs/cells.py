"""The variants that the designs of a study share, without duplicates, and the components that they combine."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from ...contracts import Pipeline, Place, Variant, together
from ...errors import StudyError
from ..resolve import Lookup
from .changes import without, without_parts
from .naming import change_of, removed_parts

MAX_CELLS = 256
"""Maximum number of variants of a design in one replicate."""


@dataclass(frozen=True)
class Factor:
    """What a design removes or keeps as one: its *name* in tables, and the *parts* to switch off."""

    name: str
    parts: tuple[str, ...]


class Cells:
    """Collects variants; equal pipelines become one variant."""

    def __init__(self, base: Pipeline, lookup: Lookup) -> None:
        self.base = base
        self.lookup = lookup
        self._variants = {"": Variant("", base)}
        self._without: dict[frozenset[str], str] = {}

    @property
    def variants(self) -> tuple[Variant, ...]:
        """All variants, base first, then in the order of the requests."""
        return tuple(self._variants.values())

    def component(self, words: str) -> Factor:
        """Return the component that *words* name, such as ``flip+light`` or ``kind:morphology``."""
        pipeline = without(self.base, words, self.lookup)
        parts = tuple(removed_parts(self.base, pipeline, self.lookup))
        if not parts:
            raise StudyError(f"disabling {words!r} changes nothing: it is already off in the base pipeline")
        return Factor(together(parts), parts)

    def in_order(self, components: Iterable[Factor]) -> list[Factor]:
        """Sort *components* by the order of their parts in the pipeline, so each question has one name."""
        places = self.base.places
        names = [place.name for place in places]

        def order(part: str) -> tuple[int, int]:
            where, _, feature = part.partition(".")
            number = names.index(where)
            return number, self._features(places[number]).index(feature) + 1 if feature else 0

        return sorted(components, key=lambda component: [order(part) for part in component.parts])

    def _features(self, place: Place) -> list[str]:
        """Return the features of the component in *place*, in the order of its spec."""
        return [param.name for param in self.lookup(place.slot, place.choice.use, place.name).features]

    def add(self, pipeline: Pipeline) -> str:
        """Add a variant and return its change, which is empty for the base."""
        change = change_of(self.base, pipeline, self.lookup)
        self._variants.setdefault(change, Variant(change, pipeline))
        return change

    def add_new(self, pipeline: Pipeline, words: str) -> str:
        """Add a variant that must differ from the base; *words* is the user's name for it."""
        change = self.add(pipeline)
        if not change:
            raise StudyError(f"{words!r} changes nothing: the base pipeline already has it; choose another component")
        return change

    def without(self, components: Iterable[Factor]) -> str:
        """Return the change that removes all *components*."""
        parts = frozenset(part for component in components for part in component.parts)
        if parts not in self._without:
            self._without[parts] = self.add(without_parts(self.base, parts, self.lookup))
        return self._without[parts]


def weigh(terms: Iterable[tuple[str, float]]) -> Mapping[str, float]:
    """Add up the weights of each change and drop those that cancel."""
    weights: dict[str, float] = {}
    for change, weight in terms:
        weights[change] = weights.get(change, 0.0) + weight
    return {change: weight for change, weight in weights.items() if weight}


def require_room(cells: int, design: str, cure: str) -> None:
    """Raise :class:`StudyError` if a design needs more than :data:`MAX_CELLS` variants in a replicate."""
    if cells > MAX_CELLS:
        raise StudyError(f"design {design!r} needs {cells} trials in each replicate, more than {MAX_CELLS}; {cure}")


def require_separate(components: Collection[Factor], design: str, minimum: int = 2) -> None:
    """Raise :class:`StudyError` if there are too few components, or two of them switch off the same part."""
    if len(components) < minimum:
        number = {2: "two", 3: "three"}[minimum]
        raise StudyError(f"design {design!r} needs at least {number} components; name more to disable")
    for one, other in combinations(components, 2):
        if any(_overlap(a, b) for a in one.parts for b in other.parts):
            raise StudyError(
                f"design {design!r} cannot include both {one.name!r} and {other.name!r}, which switch off the same "
                "part; name one of them"
            )


def _overlap(one: str, other: str) -> bool:
    """Whether two parts are the same, or one is a feature of the other (a step)."""
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")

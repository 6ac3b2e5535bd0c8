"""Shapley values: how much of (full - bare) each component contributes, averaged over all orders of adding them.

Shapley, A value for n-person games (1953). With up to six components all variants are run and the values are exact.
With more, each replicate draws one order and adds the components in it and in its reverse (antithetic sampling:
Mitchell et al., JMLR 23, 2022); the orders differ between replicates, so the interval over the replicates includes the
sampling error. In both cases the values of a replicate add up to its full - bare.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from math import comb

from ...contracts import Contrast
from ...keyed import permutation
from .cells import Cells, Factor, require_room, require_separate, weigh

MAX_EXACT = 6
"""Maximum number of components for exact Shapley values."""


def shapley(cells: Cells, components: Sequence[Factor], seeds: Iterable[int]) -> Iterator[Contrast]:
    """Yield the Shapley value of each component, and (full - bare) itself, which is shown without a verdict."""
    require_separate(components, "shapley")
    if len(components) <= MAX_EXACT:
        yield from _exact(cells, components)
    else:
        yield from _sampled(cells, components, seeds)
    bare = cells.without(components)
    yield Contrast.with_base(bare, "exploration", bare, in_family=False)


def _exact(cells: Cells, components: Sequence[Factor]) -> Iterator[Contrast]:
    number = len(components)
    for component in components:
        others = [other for other in components if other is not component]
        terms = []
        for size in range(number):
            weight = 1 / (number * comb(number - 1, size))
            for absent in combinations(others, size):
                terms += [(cells.without(absent), weight), (cells.without([*absent, component]), -weight)]
        yield Contrast(_label(component), "share", weigh(terms), component=component.name)


def _sampled(cells: Cells, components: Sequence[Factor], seeds: Iterable[int]) -> Iterator[Contrast]:
    require_room(2 * len(components), "shapley", "name fewer components to disable")
    by_seed: dict[Factor, dict[int, Mapping[str, float]]] = {component: {} for component in components}
    for seed in seeds:
        drawn = permutation(len(components), seed, "shapley")
        order = [components[place] for place in drawn]
        terms: dict[Factor, list[tuple[str, float]]] = {component: [] for component in components}
        for one_way in (order, order[::-1]):
            for place, component in enumerate(one_way):
                with_it, without_it = cells.without(one_way[place + 1 :]), cells.without(one_way[place:])
                terms[component] += [(with_it, 0.5), (without_it, -0.5)]
        for component, weighted in terms.items():
            by_seed[component][seed] = weigh(weighted)
    for component in components:
        yield Contrast(_label(component), "share", {}, component=component.name, by_seed=by_seed[component])


def _label(component: Factor) -> str:
    return f"share of {component.name}"

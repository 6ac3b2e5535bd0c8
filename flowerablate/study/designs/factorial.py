"""Factorial designs: what does a component add on average over the presence and absence of the others?

A two-level design of k components in 2^b runs is a list of k *columns*, integers of b bits. Run z, also of b bits,
leaves out component j if z and column j share an odd number of bits. Run 0 is the base; the full design has the columns
1, 2, 4, ... The exclusive or of the columns of a set of components identifies its effect, and sets with the same value
are aliases (Box, Hunter & Hunter, Statistics for Experimenters, chapter 6).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import combinations
from operator import xor

from ...contracts import Contrast, interaction_of
from .cells import Cells, Factor, require_room, require_separate, weigh

_MAX_ALIAS_SIZE = 3
"""Maximum number of components in an alias that is listed."""


def factorial(cells: Cells, components: Sequence[Factor]) -> Iterator[Contrast]:
    """Yield the main effects and two-factor interactions over all on/off combinations of *components*."""
    require_separate(components, "factorial")
    number = len(components)
    require_room(2**number, "factorial", "name fewer components to disable, or use the design fractional")
    return two_level(cells, components, [2**place for place in range(number)])


def two_level(cells: Cells, components: Sequence[Factor], columns: Sequence[int]) -> Iterator[Contrast]:
    """Yield the main effects and two-factor interactions that the design *columns* can estimate.

    A main effect is the mean of all runs with the component minus the mean of those without it. An interaction is the
    difference of two such effects, with the other component present and absent, on the same scale as in the design
    ``pairwise`` (textbooks often halve it). An interaction aliased with another pair is shown without a verdict; one
    aliased with a main effect is listed there.
    """
    runs = max(columns).bit_length()
    names = [component.name for component in components]
    changes = [
        cells.without(component for component, column in zip(components, columns, strict=True) if _odd(column & run))
        for run in range(2**runs)
    ]
    groups = alias_groups(columns)
    for place, column in enumerate(columns):
        yield Contrast(
            f"{names[place]} on average",
            "main effect",
            _weights(changes, column, 2 ** (runs - 1)),
            component=names[place],
            aliases=tuple(_name(names, other) for other in groups[column] if other != (place,)),
        )
    for column, group in groups.items():
        pairs = [members for members in group if len(members) == 2]
        if column == 0 or len(group[0]) == 1 or not pairs:
            continue
        name = _name(names, pairs[0])
        yield Contrast(
            f"{name} on average",
            "interaction",
            _weights(changes, column, 2 ** (runs - 2)),
            component=name,
            aliases=tuple(_name(names, other) for other in group if other != pairs[0]),
            in_family=len(pairs) == 1,
        )


def alias_groups(columns: Sequence[int]) -> dict[int, list[tuple[int, ...]]]:
    """Return the sets of up to three components by the exclusive or of their columns, smaller sets first."""
    groups: dict[int, list[tuple[int, ...]]] = {}
    for size in range(1, min(_MAX_ALIAS_SIZE, len(columns)) + 1):
        for members in combinations(range(len(columns)), size):
            groups.setdefault(reduce(xor, (columns[place] for place in members)), []).append(members)
    return groups


def _weights(changes: Sequence[str], column: int, divisor: int) -> dict[str, float]:
    terms = ((change, (-1.0 if _odd(column & run) else 1.0) / divisor) for run, change in enumerate(changes))
    return dict(weigh(terms))


def _odd(number: int) -> bool:
    return number.bit_count() % 2 == 1


def _name(names: Sequence[str], members: Sequence[int]) -> str:
    return interaction_of(names[place] for place in members)

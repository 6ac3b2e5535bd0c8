"""Factorial designs: what does a component give on average over the presence and absence of the others?

A two-level design of k components in 2^b runs is a list of k *columns*, whole numbers of b bits. Run z, of b bits too,
leaves component j out where the number of bits that z and column j share is odd. Run 0 is the base; the full design has
the columns 1, 2, 4, ... The effect of a set of components is told by the exclusive or of their columns, and sets with
the same one are aliases (Box, Hunter & Hunter, Statistics for Experimenters, chapter 6).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import combinations
from operator import xor

from ...contracts import Contrast
from .cells import Cells, Factor, require_room, require_separate, weigh
from .pairwise import TIMES

_NAMED_UP_TO = 3
"""Aliases of more components than this are not named."""


def factorial(cells: Cells, components: Sequence[Factor]) -> Iterator[Contrast]:
    """Yield the main effects and the interactions of two, over all on/off combinations of *components*."""
    require_separate(components, "factorial")
    number = len(components)
    require_room(
        2**number, "factorial", "name fewer components with --disable, or take a part of it with --design fractional"
    )
    return two_level(cells, components, [2**place for place in range(number)])


def two_level(cells: Cells, components: Sequence[Factor], columns: Sequence[int]) -> Iterator[Contrast]:
    """Yield the main effects and the interactions of two that the design *columns* can tell of.

    A main effect is the mean of all runs with the component less that of those without it. An interaction is the
    difference of two such effects, with the other component present and absent: of the size that it has in the design
    ``pairwise`` (textbooks often halve it). One that is the alias of another pair is shown without a verdict; one that
    is the alias of a main effect is named there.
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
    """Return the sets of up to three components by the exclusive or of their columns, small ones first."""
    groups: dict[int, list[tuple[int, ...]]] = {}
    for size in range(1, min(_NAMED_UP_TO, len(columns)) + 1):
        for members in combinations(range(len(columns)), size):
            groups.setdefault(reduce(xor, (columns[place] for place in members)), []).append(members)
    return groups


def _weights(changes: Sequence[str], column: int, divisor: int) -> dict[str, float]:
    terms = ((change, (-1.0 if _odd(column & run) else 1.0) / divisor) for run, change in enumerate(changes))
    return dict(weigh(terms))


def _odd(number: int) -> bool:
    return number.bit_count() % 2 == 1


def _name(names: Sequence[str], members: Sequence[int]) -> str:
    return TIMES.join(names[place] for place in members)

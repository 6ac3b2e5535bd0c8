"""Pairwise: do two components add more, or less, together than separately, with all others present?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from ...contracts import Contrast, interaction_of
from .cells import Cells, Factor, require_room, require_separate, weigh
from .leave_one_out import leave_one_out


def pairwise(cells: Cells, components: Sequence[Factor]) -> Iterator[Contrast]:
    """Yield the leave-one-out questions, then the interaction of each pair.

    An interaction is how much more the first component adds with the second than without it: (base - without the
    first) - (without the second - without both).
    """
    require_separate(components, "pairwise")
    number = len(components)
    require_room(1 + number + number * (number - 1) // 2, "pairwise", "name fewer components to disable")
    yield from leave_one_out(cells, components)
    for one, other in combinations(components, 2):
        weights = weigh(
            [
                ("", 1.0),
                (cells.without([one]), -1.0),
                (cells.without([other]), -1.0),
                (cells.without([one, other]), 1.0),
            ]
        )
        name = interaction_of([one.name, other.name])
        yield Contrast(name, "interaction", weights, component=name)

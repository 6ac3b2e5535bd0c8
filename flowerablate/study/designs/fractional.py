"""Fractional factorial designs: main effects in a fraction of the runs, at the price of aliases, which are listed.

The columns are those of the lexicographic code with the required distance (Conway & Sloane 1986): each number that is
not the exclusive or of fewer than resolution - 1 earlier ones. We compute them ourselves because the generators of
pyDOE3 1.6, the obvious library, have resolution 4 where 5 is requested, from 7 factors on. The tests verify the
resolution by the words of each design.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from ...contracts import Contrast
from ...errors import StudyError
from .cells import MAX_CELLS, Cells, Factor, require_separate
from .factorial import two_level

MAX_RESOLUTION = 8
"""Maximum resolution to search for; higher ones do not matter at the allowed sizes."""


def fractional(cells: Cells, components: Sequence[Factor], resolution: int, name: str) -> Iterator[Contrast]:
    """Yield the effects that the smallest design of at least this *resolution* can estimate.

    3: main effects are aliased with two-factor interactions. 4: only with three-factor interactions; two-factor
    interactions are aliased with each other. 5: two-factor interactions are not aliased with each other either.
    """
    require_separate(components, name, minimum=3)
    number = len(components)
    columns = columns_of(number, resolution)
    if columns is None:
        raise StudyError(
            f"design {name!r} with {number} components needs more than {MAX_CELLS} trials in each replicate; "
            "name fewer to disable, or use 'fractional-3'"
        )
    if 2 ** max(columns).bit_length() == 2**number:
        raise StudyError(
            f"{number} components have no fractional design with resolution {resolution}; "
            f"use 'factorial' with {2**number} trials in each replicate"
        )
    return two_level(cells, components, columns)


def columns_of(number: int, resolution: int) -> list[int] | None:
    """Return the columns of the smallest design of *number* factors with at least this *resolution*.

    Among designs of that size it is the one with the maximum resolution. None if 256 runs do not suffice.
    """
    for bits in range(1, MAX_CELLS.bit_length()):
        found = None
        for reached in range(resolution, MAX_RESOLUTION + 1):
            columns = _lexicode(bits, reached, number)
            if len(columns) < number:
                break
            found = columns
        if found is not None:
            return found
    return None


def _lexicode(bits: int, resolution: int, wanted: int) -> list[int]:
    """Return up to *wanted* columns of *bits* bits, any resolution - 1 of which are linearly independent over GF(2)."""
    columns: list[int] = []
    taken = {0}
    for column in range(1, 2**bits):
        if len(columns) == wanted:
            break
        if column not in taken:
            columns.append(column)
            taken = {_sum(members) for size in range(resolution - 1) for members in combinations(columns, size)}
    return columns


def _sum(columns: Sequence[int]) -> int:
    total = 0
    for column in columns:
        total ^= column
    return total

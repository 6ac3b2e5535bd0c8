"""Fractional factorial designs: main effects in a part of the runs, at the price of aliases, which are named.

The columns are those of the lexicographic code with the wanted distance (Conway & Sloane 1986), found by taking each
number that is no exclusive or of fewer than resolution - 1 earlier ones. They are our own because the generators of the
design library that we would have taken (pyDOE3 1.6) have resolution 4 where 5 is asked for, from 7 factors on; and
these few lines are proved by the tests, by the words of the design itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from ...contracts import Contrast
from ...errors import StudyError
from .cells import MOST_CELLS, Cells, Factor, require_separate
from .factorial import two_level

HIGHEST = 8
"""No need to look for a higher resolution than this, at the sizes that are allowed."""


def fractional(cells: Cells, components: Sequence[Factor], resolution: int, name: str) -> Iterator[Contrast]:
    """Yield what the smallest design of this *resolution* at least can tell of.

    3: main effects are aliases of interactions of two. 4: of three only; interactions of two are aliases of one
    another. 5: interactions of two are free of one another as well.
    """
    require_separate(components, name, least=3)
    number = len(components)
    columns = columns_of(number, resolution)
    if columns is None:
        raise StudyError(
            f"design {name!r} with {number} components needs more than {MOST_CELLS} trials in each replicate; "
            "name fewer with --disable, or take 'fractional-3'"
        )
    if 2 ** max(columns).bit_length() == 2**number:
        raise StudyError(
            f"{number} components have no part of a factorial design with resolution {resolution}; "
            f"take 'factorial' with its {2**number} trials in each replicate"
        )
    return two_level(cells, components, columns)


def columns_of(number: int, resolution: int) -> list[int] | None:
    """Return the columns of the smallest design of *number* factors with this *resolution* or a higher one.

    Among designs of that size it is the one of highest resolution. None where 256 runs do not suffice.
    """
    for bits in range(1, MOST_CELLS.bit_length()):
        found = None
        for reached in range(resolution, HIGHEST + 1):
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

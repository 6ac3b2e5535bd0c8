"""Leave-one-out: what is lost when one component is removed from the full pipeline?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...contracts import Contrast
from .cells import Cells, Factor


def leave_one_out(cells: Cells, components: Sequence[Factor]) -> Iterator[Contrast]:
    """Yield one question per component: the base against the base without it."""
    for component in components:
        change = cells.without([component])
        yield Contrast.with_base(change, "removal", component.name)

"""Add-one-in: what does one component add to the bare pipeline, which has none of them?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...contracts import Contrast, signed
from .cells import Cells, Factor, require_separate, weigh


def add_one_in(cells: Cells, components: Sequence[Factor]) -> Iterator[Contrast]:
    """Yield one question per component: the bare pipeline with it against the bare pipeline."""
    require_separate(components, "add-one-in")
    bare = cells.without(components)
    for component in components:
        alone = cells.without(other for other in components if other is not component)
        label = signed("+", component.parts)
        yield Contrast(label, "addition", weigh([(alone, 1.0), (bare, -1.0)]), component=component.name)

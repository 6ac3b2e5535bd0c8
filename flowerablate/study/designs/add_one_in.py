"""Add-one-in: what does one component give to the bare pipeline, which has none of them?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...contracts import Contrast
from .cells import Cells, Factor, require_separate, weigh


def add_one_in(cells: Cells, components: Sequence[Factor]) -> Iterator[Contrast]:
    """Yield one question for each component: the bare pipeline with it against the bare one."""
    require_separate(components, "add-one-in", least=2)
    bare = cells.without(components)
    for component in components:
        alone = cells.without(other for other in components if other is not component)
        yield Contrast(f"+{component.name}", "addition", weigh([(alone, 1.0), (bare, -1.0)]), component=component.name)

"""Controls: changes that cannot matter, as a check of the study itself.

``placebo`` adds a step that leaves every image unchanged: if pairing holds, its effect is zero in each replicate.
``seed_control`` draws other random numbers in training: its effect is chance alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Literal

from ...contracts import Contrast
from .cells import Cells

_KEPT: dict[str, Literal["placebo", "luck"]] = {"placebo": "placebo", "seed_control": "luck"}
"""The controls' names in pipelines, which trials' ids and random numbers depend on, and so in tables."""


def controls(cells: Cells, names: Iterable[Literal["placebo", "seed_control"]]) -> Iterator[Contrast]:
    """Yield one question per control."""
    for name in dict.fromkeys(_KEPT[name] for name in names):
        change = cells.add(replace(cells.base, control=name))
        yield Contrast.with_base(change, "control", name, label=name)

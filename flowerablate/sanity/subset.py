"""A small part of the training images, class by class."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..contracts import SplitPlan
from ..data.splits import Split
from ..data.units import strata
from ..wiring.assemble import DataSet


def take(wanted: str, data: DataSet, split: Split, seed: int) -> NDArray[np.int64]:
    """Return the training images that *wanted* asks for, ascending: ``"100"`` of each class, or ``"10%"`` of each.

    They are those that ``split.subset`` would keep of *split* with that *seed*: a smaller subset is a part of a larger
    one, and every class keeps at least one image.
    """
    plan, samples = plan_of(wanted), data.samples
    kept: list[int] = []
    for units in strata(samples.keys, samples.labels, split.train.tolist(), seed, "subset"):
        kept += [unit.members[0] for unit in units[: plan.training_images(len(units))]]
    return np.sort(np.array(kept, dtype=np.int64))


def plan_of(wanted: str) -> SplitPlan:
    """Return a plan of that subset; anything else than a number or a percentage raises :class:`StudyError`."""
    return SplitPlan(0.0, 0.0, subset=wanted)

"""A small part of the training images, class by class."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..contracts import SplitPlan
from ..data.splits import Split
from ..data.units import strata
from ..wiring.assemble import DataSet


def take(wanted: str, data: DataSet, split: Split, seed: int) -> NDArray[np.int64]:
    """Return the indices of a subset of the training images, ascending: *wanted* is ``"100"`` or ``"10%"`` per class.

    They are the images that ``split.subset`` would keep with that *seed*: a smaller subset is part of a larger one, and
    every class keeps at least one image.
    """
    plan, samples = plan_of(wanted), data.samples
    kept: list[int] = []
    for units in strata(samples.keys, samples.labels, split.train.tolist(), seed, "subset"):
        kept += [unit.members[0] for unit in units[: plan.training_images(len(units))]]
    return np.sort(np.array(kept, dtype=np.int64))


def plan_of(wanted: str) -> SplitPlan:
    """Return a plan with that subset; raise :class:`StudyError` unless it is a number or a percentage."""
    return SplitPlan(0.0, 0.0, subset=wanted)

"""The costs of a trial; each is described once, whoever measures it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Combined = Literal["mean", "max", "first"]
"""How the trials of one variant are reduced to one number: mean, maximum, or the first trial's value."""


@dataclass(frozen=True)
class CostInfo:
    """How to read a cost. *name*: its key in ``costs``. *summary*: one sentence that describes it.

    *unit*: seconds (``s``) are shown as durations; a unit of one or two letters, such as ``B`` or ``J``, follows the
    number with a decimal prefix; a longer one goes in the column header. *head*: the column header (default: the name).
    *lower_is_better*: which direction is good.
    """

    name: str
    summary: str
    unit: str = ""
    lower_is_better: bool = True
    combined: Combined = "mean"
    head: str = ""


SECONDS = CostInfo("seconds", "Time of all epochs, validation included.", "s")
"""For a trial that tunes settings: the total over all candidates. Time lost to interruptions is excluded."""

IMAGES_PER_SECOND = CostInfo(
    "images_per_second", "Images per second in training.", "images/s", lower_is_better=False, head="images/s"
)
"""The median over the epochs."""

PARAMETERS = CostInfo("parameters", "Parameters of the model.", combined="first", head="params")

CORE_COSTS = (SECONDS, IMAGES_PER_SECOND, PARAMETERS)
"""The costs that the core itself needs, for budgets, plots and notes on confounds."""

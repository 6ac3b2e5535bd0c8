"""What a trial costs: each cost is described once, whoever measures it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Combined = Literal["mean", "max", "first"]
"""How the trials of one variant become one number: their mean, their maximum, or that of the first trial."""


@dataclass(frozen=True)
class CostInfo:
    """How a cost is read. *name*: its key among a trial's costs. *summary*: one sentence that says what it is.

    *unit*: seconds (``s``) are written as durations; a unit of one or two letters, such as ``B`` or ``J``, stands after
    the number with a decimal prefix; a longer one stands in the head of the column. *head*: the head of the column, the
    name if it is empty. *lower_is_better* says which direction is good.
    """

    name: str
    summary: str
    unit: str = ""
    lower_is_better: bool = True
    combined: Combined = "mean"
    head: str = ""


SECONDS = CostInfo("seconds", "Time of all epochs, validation included.", "s")
"""Of a trial that chooses settings: of all its candidates. Without the time that was lost to interruptions."""

IMAGES_PER_SECOND = CostInfo(
    "images_per_second", "Images per second in training.", "images/s", lower_is_better=False, head="images/s"
)
"""The median over the epochs."""

PARAMETERS = CostInfo("parameters", "Parameters of the model.", combined="first", head="params")

CORE_COSTS = (SECONDS, IMAGES_PER_SECOND, PARAMETERS)
"""The costs that the core needs for its own work: budgets, plots, remarks on what else a change moved."""

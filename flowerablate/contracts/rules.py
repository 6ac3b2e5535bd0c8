"""How a study comes to its verdicts: fixed before the first trial, kept in the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Population = Literal["auto", "replicates", "images"]
"""What intervals speak of: see :class:`Rules`."""


@dataclass(frozen=True)
class Rules:
    """What verdicts rest on.

    *metric*: the primary one. *level* of the intervals; 1 - level is the error of the whole family. *margin*: effects
    within it, in units of the metric, count as negligible; None asks no such question. *population*: whether intervals
    speak of further replicates on these test images, or of other test images too (``auto``: the latter where one fixed
    test split is used). *looks*: the numbers of replicates at which an adaptive study decides, the last is its most;
    empty for a study of fixed size. *futility*: an undecided comparison gets no more replicates once its chance to be
    decided by the last look, as far as the pairs so far tell, is below this.
    """

    metric: str = "accuracy"
    level: float = 0.95
    margin: float | None = None
    population: Population = "auto"
    looks: tuple[int, ...] = ()
    futility: float = 0.1

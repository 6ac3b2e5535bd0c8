"""The rules for a study's verdicts: fixed before the first trial and stored in the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

Population = Literal["auto", "replicates", "images"]
"""The population that intervals refer to: see :class:`Rules`."""

Test = Literal["t", "modified-t"]
Family = Literal["holm", "max-t"]


@dataclass(frozen=True)
class Rules:
    """The rules for verdicts.

    *metric*: the primary metric. *level*: confidence level of the intervals; 1 - level is the error rate of the whole
    family. *margin*: effects within it, in units of the metric, count as negligible; None: no equivalence test.
    *population*: whether intervals refer to further replicates on these test images, or also to other test images
    (``auto``: the latter if the test split is fixed). *min_replicates*: a verdict needs as many. *looks*: the numbers
    of replicates at which an adaptive study decides; the last is its maximum; empty for a study of fixed size.
    *futility*: an undecided comparison gets no more replicates once its chance of being decided by the last look,
    estimated from the pairs so far, is below this. *reserve*: the fraction of the error that the first table of a study
    of fixed size leaves for tables with more replicates; with 0 these decide nothing new. *test*: the paired t test, or
    Johnson's modified one, which allows for skewed differences. *family*: how p-values are adjusted for the number of
    comparisons, by Holm's procedure or by max-T, which uses their correlation.
    """

    metric: str = "accuracy"
    level: float = 0.95
    margin: float | None = None
    population: Population = "auto"
    min_replicates: int = 5
    looks: tuple[int, ...] = ()
    futility: float = 0.1
    reserve: float = 0.2
    test: Test = "t"
    family: Family = "holm"

    @property
    def needed_replicates(self) -> int:
        """The number of replicates below which nothing is decided; the modified t test needs ten."""
        return max(self.min_replicates, 10 if self.test == "modified-t" else 0)


MARK = 6
"""The number of characters that stand for the trials of a pair in :attr:`JudgedTable.trials`."""


class JudgedTable(NamedTuple):
    """What a table that was shown was about, for one comparison: how many *replicates* and *pairs* of finished trials.

    *trials*: a digest of the ids of each pair's trials, :data:`MARK` characters each, which tells pairs from others;
    empty in a ledger of an earlier version. *number*: which of the study's tables it was, from 1, or 0 if that is not
    known. *planned*: whether its looks were planned, None if that is not known. *verdict*: whether the rules allowed
    a verdict with so many pairs, whichever it was; a table without one spends nothing.
    """

    replicates: int
    pairs: int
    trials: str = ""
    number: int = 0
    planned: bool | None = None
    verdict: bool = True

    @property
    def with_marks(self) -> JudgedTable:
        """The same table, without its *trials* if they are the digest of an earlier version."""
        return self if len(self.trials) == MARK * self.pairs else self._replace(trials="")

    @property
    def marks(self) -> tuple[str, ...]:
        """What stands for the trials of each pair, in the order of their seeds; empty if that is not known."""
        return tuple(self.trials[place : place + MARK] for place in range(0, len(self.trials), MARK))

    def is_of(self, other: JudgedTable) -> bool:
        """Whether both are about the same pairs; without their trials, whether so many replicates had so many pairs."""
        if self.trials and other.trials:
            return self.trials == other.trials
        return self[:2] == other[:2]


@dataclass(frozen=True)
class TunedBase:
    """How the base of a study was tuned: *trials* tried values of its *settings*, for their *metric* on validation."""

    settings: tuple[str, ...]
    trials: int
    metric: str

"""Which pairs of trials a comparison has, and whether they are those of a table that was shown before."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple

from ..contracts import Contrast, JudgedTable, TrialOutcome, finished
from ..contracts.rules import MARK


class Pairs(NamedTuple):
    """The pairs of finished trials of a comparison: their *seeds*, increasing, and a *mark* for the trials of each."""

    seeds: Sequence[int] = ()
    marks: Sequence[str] = ()

    def at(self, replicates: int) -> JudgedTable:
        """Return what a table with so many *replicates* is about."""
        count = bisect_left(self.seeds, replicates)
        return JudgedTable(replicates, count, "".join(self.marks[:count]))

    def have(self, table: JudgedTable) -> bool:
        """Whether those of *table* are the first of these, with its number of replicates."""
        return table.is_of(self.at(table.replicates))

    def hold(self, table: JudgedTable) -> bool:
        """Whether those of *table* are all among these."""
        if not table.marks or not self.marks:
            return table.pairs <= len(self.seeds)
        return set(table.marks) <= set(self.marks)

    def seeds_in(self, table: JudgedTable) -> tuple[int, ...] | None:
        """Return the seeds of the pairs of *table*; None if it is not known which they are, or if one is not here."""
        there = dict(zip(self.marks, self.seeds, strict=False))
        found = tuple(there[mark] for mark in table.marks if mark in there)
        return found if found and len(found) == table.pairs else None

    def begin_with(self, table: JudgedTable) -> bool:
        """Whether the pairs of *table*, if it is known which they are, are the first of these."""
        return bool(table.marks) and tuple(self.marks[: table.pairs]) == table.marks

    def began(self, table: JudgedTable, replicates: int) -> bool:
        """Whether *table* had begun with the very pairs that there are of so many *replicates*, and no others of them.

        Its next pair must be one of these too, of a later seed: another one may have been of an earlier one.
        """
        count = bisect_left(self.seeds, replicates)
        had = table.marks
        following = had[count : count + 1]
        return bool(had) and had[:count] == tuple(self.marks[:count]) and set(following) <= set(self.marks[count:])


def ids_by_seed(results: Iterable[TrialOutcome]) -> dict[int, dict[str, str]]:
    """Return the ids of the finished trials among *results*, of one base, by seed and change; seeds increase."""
    ids: dict[int, dict[str, str]] = {}
    for result in sorted(finished(results), key=lambda each: each.seed):
        ids.setdefault(result.seed, {})[result.change] = result.trial_id
    return ids


def pairs_of(contrast: Contrast, ids: Mapping[int, Mapping[str, str]]) -> Pairs:
    """Return the pairs of *contrast*, whatever the metric; *ids* are those of :func:`ids_by_seed`."""
    found: dict[int, str] = {}
    for seed, there in ids.items():
        changes = contrast.weights_on(seed)
        if changes and all(change in there for change in changes):
            trials = " ".join(there[change] for change in sorted(changes))
            found[seed] = blake2b(f"{seed} {trials}".encode(), digest_size=MARK // 2).hexdigest()
    return Pairs(tuple(found), tuple(found.values()))

"""The looks at a study, planned and not, and what each may spend of the error.

**Without a plan.** The first table of a study of fixed size spends all of its error but the rules'
*reserve*. Each table with more replicates spends three quarters of what is left: with a reserve of a fifth, 80, 15,
3.75 ... % of the level. So ``--seeds 5``, a look, then ``--seeds 10`` errs no more often than a single table. Tables
with too few replicates for a verdict spend nothing. If all of the error was spent, further tables decide nothing new.

**With a plan** (:mod:`.sequential`), its looks spend what earlier looks without a plan have left, or all of it. A
planned look that was shown with fewer pairs than there are now, as trials that had failed were run again, has spent
what its pairs were due. It decides nothing any more, nor do the looks before it: of two looks at one number of
replicates either could reject, and both together would err in up to 6 % of studies instead of 5.

A comparison's boundaries follow from what is spent by each look (:mod:`.boundaries`). Methods for which these do not
hold, such as intervals over test images, get a part of the level at each look instead (weighted Bonferroni).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..contracts import Contrast, Rules, TrialOutcome

EXTENSION = 0.75
"""The fraction of the error left that a table with more replicates spends."""


class StudyLook(NamedTuple):
    """A look at so many *pairs*: what any level has spent by then.

    *unplanned*: the fraction of the level spent at looks without a plan. *progress*: this look's fraction of the
    replicates of the plan, 0 without one. *plan*: the fraction of the level that the whole plan may spend. *is_lost*:
    it is paid for and decides nothing, as its pairs were others.
    """

    pairs: int
    unplanned: float = 0.0
    progress: float = 0.0
    plan: float = 1.0
    is_lost: bool = False


@dataclass(frozen=True)
class LookSchedule:
    """The looks at a comparison as numbers of replicates, increasing: those *unplanned*, then those *planned*.

    *reserve*: the fraction of the level that the first unplanned look leaves for others. *min_pairs*: a look with fewer
    decides nothing, now or later. *now*: how many replicates there are, *complete* if none of their trials is to run.
    *lost*: looks that are paid for and decide nothing any more, as their pairs were others: trials that had failed were
    run again, or trials are gone. *silent*: the planned looks of which that is so, or that came before such a one;
    *paid*: the numbers of pairs with which they were shown.
    """

    unplanned: tuple[int, ...] = ()
    planned: tuple[int, ...] = ()
    reserve: float = Rules.reserve
    min_pairs: int = 2
    now: int = 0
    lost: tuple[int, ...] = ()
    complete: bool = True
    silent: tuple[int, ...] = ()
    paid: tuple[int, ...] = ()

    @classmethod
    def of(
        cls,
        rules: Rules,
        looked: Iterable[int],
        now: int,
        shown: Sequence[Rules] = (),
        judged: Iterable[tuple[int, int]] = (),
        seeds: Sequence[int] = (),
        *,
        complete: bool = True,
        over_images: bool = False,
    ) -> LookSchedule:
        """Return the schedule of a comparison by *rules*, of which there are *now* replicates, *complete* or not.

        *looked* are the numbers of replicates at which verdicts were shown without a plan, *shown* the rules of these
        tables, the first one first: what they have spent is spent, whatever the rules say since. *judged*: the same
        numbers with those of the pairs that there were; by now there are pairs on *seeds*, increasing. *over_images*:
        intervals may be over test images too, where the modified t test, which needs more replicates, is not used.
        """
        reserve = settled_reserve(rules, shown)
        needed = ((each.min_replicates if over_images else each.needed_replicates) for each in (rules, *shown))
        least = min(needed)
        before = {n for n in looked if n >= least}
        if not rules.looks:
            before = {n for n in before if n < now} | {now}
        present = {n: bisect_left(seeds, n) for n in before}
        then: dict[int, set[int]] = {}
        for n, pairs in judged:
            then.setdefault(n, set()).add(pairs)
        kept = [n for n in sorted(before) if present[n] in then.get(n, {present[n]}) or (n == now and not rules.looks)]
        counted = {present[n] for n in kept}
        lost = [n for n in sorted(before) for pairs in then.get(n, ()) if pairs not in counted]
        silent, paid = _changed(rules.looks, {n: then[n] for n in then.keys() - before if n <= now}, now, seeds)
        return cls(tuple(kept), rules.looks, reserve, least, now, tuple(lost), complete, silent, paid)

    def reached(self, seeds: Sequence[int]) -> tuple[StudyLook, ...]:
        """Return the looks that a comparison with values on *seeds* (increasing, from 0) has had.

        At a look with L replicates it has the pairs whose seed is below L: fewer than L if trials have failed. If a
        study ended between two looks, its last pairs count as a look. Looks with too few pairs are left out, unless
        there is no other.
        """
        found: dict[int, StudyLook] = {}
        for number, look in enumerate(self.unplanned, 1):
            pairs = bisect_left(seeds, look)
            found[pairs] = StudyLook(pairs, self._spent(number))
        for pairs in sorted({bisect_left(seeds, look) for look in self.planned if look not in self.silent}):
            found[pairs] = self._planned(pairs)
        looks = [found[pairs] for pairs in sorted(found) if pairs >= 2]
        looks = [look for look in looks if look.pairs >= self.min_pairs] or looks[-1:]
        return self._with_paid(looks, seeds) if self.paid and looks else tuple(looks)

    def _with_paid(self, looks: Sequence[StudyLook], seeds: Sequence[int]) -> tuple[StudyLook, ...]:
        """Return *looks* after those that are paid for: what has been spent stays spent, though pairs may be fewer.

        Those before a table had fewer pairs too, but it is not known how many; they are taken to have had the present
        ones, which moves later boundaries by little.
        """
        last = looks[-1].pairs
        found = {look.pairs: look for look in looks}
        before = [pairs for look in self.silent if (pairs := bisect_left(seeds, look)) < self.paid[-1]]
        for pairs in sorted({*before, *self.paid}):
            place = min(pairs, last - 1)
            if pairs >= self.min_pairs and place >= 2 and (place not in found or found[place].is_lost):
                found[place] = self._planned(pairs)._replace(pairs=place, is_lost=True)
        spent = 0.0
        for pairs in sorted(found):
            spent = max(spent, found[pairs].progress)
            found[pairs] = found[pairs]._replace(progress=spent)
        return tuple(found[pairs] for pairs in sorted(found))

    @property
    def next(self) -> int | None:
        """The number of replicates that a forecast speaks of: the last planned look, or twice as many as now."""
        if self.planned:
            return self.planned[-1]
        return max(2 * self.unplanned[-1], self.min_pairs) if self.unplanned else None

    def ahead(self, reached: Sequence[StudyLook]) -> tuple[StudyLook, ...]:
        """Return the looks still to come after those *reached*: the planned ones, or one at twice the replicates.

        A failed trial makes a look have fewer pairs than replicates; it is past all the same.
        """
        pairs = reached[-1].pairs
        if self.planned:
            return tuple(self._planned(look) for look in self.planned if look > max(pairs, self.now))
        if self.next is None:
            return ()
        later = max(pairs + 1, round(pairs * self.next / self.unplanned[-1]))
        return (StudyLook(later, self._spent(len(self.unplanned) + 1)),)

    def shares(self) -> tuple[tuple[int, float], ...]:
        """Return each unplanned look as its number of replicates and the fraction of the level that is its own."""
        spent = [0.0, *(self._spent(number) for number in range(1, len(self.unplanned) + 1))]
        return tuple((look, now - old) for look, old, now in zip(self.unplanned, spent, spent[1:], strict=False))

    def is_provisional(self, pending: int) -> bool:
        """Whether a table now is no look: *pending* trials are still to run, and this is none of those planned."""
        return pending > 0 and not (self.complete and self.now in self.planned)

    @property
    def before(self) -> tuple[int, ...]:
        """The unplanned looks before this table, or before the plan, each number once."""
        return tuple(sorted({*self.lost, *(self.unplanned if self.planned else self.unplanned[:-1])}))

    @property
    def tables(self) -> int:
        """How many unplanned looks there were, this one included, if it is none of a plan."""
        return len(self.lost) + len(self.unplanned)

    @property
    def left(self) -> float:
        """The fraction of the level that the looks before have left."""
        return 1 - self._of_all(self.tables if self.planned else self.tables - 1)

    @property
    def kept(self) -> float:
        """The fraction of the level that this table leaves for others with more replicates; with a plan, none."""
        return 0.0 if self.planned else 1 - self._of_all(self.tables)

    def _spent(self, number: int) -> float:
        """Return the fraction of the level spent by the unplanned look of that *number*, from 1, and those before it.

        Lost looks have spent theirs first.
        """
        return self._of_all(len(self.lost) + number) - self._of_all(len(self.lost))

    def _of_all(self, tables: int) -> float:
        """Return the fraction of the level that so many *tables* spend."""
        return 1 - self.reserve * (1 - EXTENSION) ** (tables - 1) if tables > 0 else 0.0

    def _planned(self, pairs: int) -> StudyLook:
        spent = self._spent(len(self.unplanned)) if self.unplanned else 0.0
        return StudyLook(pairs, spent, pairs / self.planned[-1], 1 - self._of_all(self.tables))


def _changed(
    planned: Sequence[int], shown: Mapping[int, Collection[int]], now: int, seeds: Sequence[int]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the *planned* looks that decide nothing, and the numbers of pairs with which they are paid for.

    *shown*: by number of replicates, the numbers of pairs of tables so far; by now there are pairs on *seeds*.
    """
    paid = {n: [pairs for pairs in every if pairs != bisect_left(seeds, n)] for n, every in shown.items()}
    last = max((n for n, pairs in paid.items() if planned and pairs), default=0)
    silent = [n for n in planned if n <= last and n != now and bisect_left(seeds, n) not in shown.get(n, ())]
    return tuple(silent), tuple(sorted({each for pairs in paid.values() for each in pairs})) if last else ()


def settled_reserve(rules: Rules, shown: Sequence[Rules]) -> float:
    """Return the reserve by which looks spend: that of the first table *shown*, or of *rules* if there was none.

    Another one afterwards would move the boundaries of looks whose results are known.
    """
    return (shown[0] if shown else rules).reserve


def seeds_of(outcomes: Iterable[TrialOutcome]) -> dict[str, set[int]]:
    """Return the seeds on which each change has finished or failed."""
    seeds: dict[str, set[int]] = {}
    for outcome in outcomes:
        seeds.setdefault(outcome.change, set()).add(outcome.seed)
    return seeds


def is_complete(contrast: Contrast, seeds: Mapping[str, Collection[int]], replicates: int) -> bool:
    """Whether all trials of so many *replicates* of *contrast* have finished or failed; see :func:`replicates_of`."""
    return all(s in seeds.get(c, ()) for s in range(replicates) for c in contrast.weights_on(s))


def replicates_of(contrast: Contrast, seeds: Mapping[str, Collection[int]]) -> int:
    """Return how many replicates *contrast* has: up to the last seed on which all its variants finished or failed.

    *seeds* are those of :func:`seeds_of`.
    """
    every = {seed for found in seeds.values() for seed in found}
    complete = (s for s in every if (used := contrast.weights_on(s)) and all(s in seeds.get(c, ()) for c in used))
    return max(complete, default=-1) + 1

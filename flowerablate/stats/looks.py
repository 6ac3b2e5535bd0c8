"""The looks at a study, planned and not, and what each may spend of the error.

**Without a plan.** The first table of a study of fixed size spends all of its error but the rules'
*reserve*. Each table with more replicates spends three quarters of what is left: with a reserve of a fifth, 80, 15,
3.75 ... % of the level. So ``--seeds 5``, a look, then ``--seeds 10`` errs no more often than a single table. Tables
with too few pairs for a verdict spend nothing. If all of the error was spent, further tables decide nothing new. Tables
are counted in the order in which they were shown. One whose pairs are others by now, as trials that had failed were run
again or a component's code was changed, has spent its part and decides nothing any more; the others keep theirs.

**With a plan** (:mod:`.sequential`), its looks spend what earlier looks without a plan have left, or all of it. A
planned look that was shown with fewer pairs than there are now, as trials that had failed were run again, has spent
what its pairs were due. It decides nothing any more, nor do the looks before it: of two looks at one number of
replicates either could reject, and both together would err in up to 6 % of studies instead of 5. Where
the pairs were replaced, as by other code, what was spent on the old ones is no longer due, whatever the new ones say.

A comparison's boundaries follow from what is spent by each look (:mod:`.boundaries`). Methods for which these do not
hold, such as intervals over test images, get a part of the level at each look instead (weighted Bonferroni).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import starmap
from typing import NamedTuple

from ..contracts import Contrast, JudgedTable, Rules, TrialOutcome
from .pairs import Pairs

EXTENSION = 0.75
"""The fraction of the error left that a table with more replicates spends."""


Key = tuple[int, int]
"""What orders the tables of a study: their number, or that of replicates in ledgers of earlier versions."""

_LAST = 1 << 30
"""The number of the table that is about to be shown."""


class StudyLook(NamedTuple):
    """A look at so many *pairs*: what any level has spent by then.

    *unplanned*: the fraction of the level spent at looks without a plan. *progress*: this look's fraction of the
    replicates of the plan, 0 without one. *plan*: the fraction of the level that the whole plan may spend. *is_lost*:
    it is paid for and decides nothing, as its pairs were others. *paid*: what the plan had spent at this progress went
    to pairs that were replaced since.
    """

    pairs: int
    unplanned: float = 0.0
    progress: float = 0.0
    plan: float = 1.0
    is_lost: bool = False
    paid: float = 0.0


@dataclass(frozen=True)
class LookSchedule:
    """The looks at a comparison as numbers of replicates, increasing: those *unplanned*, then those *planned*.

    *reserve*: the fraction of the level that the first unplanned look leaves for others. *min_pairs*: a look with fewer
    decides nothing, now or later. *now*: how many replicates there are, *complete* if none of their trials is to run,
    *decides* if there are enough pairs for a verdict. *lost*: looks that are paid for and decide nothing any more, as
    their pairs were others. *numbers*: which of all tables, lost ones too, each unplanned look is, from 1; without
    them, the first, second and so on. *keys* and *lost_keys* tell their tables from those of other comparisons.
    *silent*: the planned looks whose pairs were others, or that came before such a one; *paid*: the numbers of pairs
    with which they were shown; *offset*: the progress of the plan up to which its error went to pairs that were
    replaced. *gone*: all tables whose pairs are others by now.
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
    numbers: tuple[int, ...] = ()
    decides: bool = True
    keys: tuple[Key, ...] = ()
    lost_keys: tuple[Key, ...] = ()
    offset: float = 0.0
    gone: tuple[JudgedTable, ...] = ()

    @classmethod
    def of(
        cls,
        rules: Rules,
        looked: Iterable[int],
        now: int,
        shown: Sequence[Rules] = (),
        judged: Iterable[JudgedTable | tuple[int, int]] = (),
        pairs: Pairs | None = None,
        *,
        complete: bool = True,
        over_images: bool = False,
    ) -> LookSchedule:
        """Return the schedule of a comparison by *rules*, of which there are *now* replicates, *complete* or not.

        *looked* are the numbers of replicates at which verdicts were shown without a plan, *shown* the rules of these
        tables, the first one first: what they have spent is spent, whatever the rules say since. *judged*: what all
        tables were about. *pairs*: those that there are; by default one of each replicate. *over_images*: intervals may
        be over test images too, where the modified t test, which needs more replicates, is not used.
        """
        needed = ((each.min_replicates if over_images else each.needed_replicates) for each in (rules, *shown))
        least = min(needed)
        there = Pairs(range(now)) if pairs is None else pairs
        unplanned, planned = _tables(rules, {n for n in looked if n >= least}, judged, there, least)
        if not rules.looks:
            present = there.at(now)._replace(number=_LAST)
            unplanned = _distinct([*unplanned, present])
        kept = sorted(
            ((table, number) for number, table in enumerate(unplanned, 1) if there.have(table)),
            key=lambda each: (each[0].pairs, each[0].replicates),
        )
        lost = [table for table in unplanned if not there.have(table)]
        changed = [table for table in planned if not there.have(table)]
        replaced = [table for table in changed if not there.hold(table)]
        return cls(
            unplanned=tuple(table.replicates for table, _ in kept),
            planned=rules.looks,
            reserve=settled_reserve(rules, shown),
            min_pairs=least,
            now=now,
            lost=tuple(table.replicates for table in lost),
            complete=complete,
            silent=_silent(rules.looks, planned, changed, now, there),
            paid=tuple(sorted({table.pairs for table in changed if table not in replaced})),
            numbers=tuple(number for _, number in kept),
            decides=there.at(now).pairs >= least,
            keys=tuple(_key(table) for table, _ in kept),
            lost_keys=tuple(map(_key, lost)),
            offset=max((table.pairs / rules.looks[-1] for table in replaced), default=0.0),
            gone=(*lost, *changed),
        )

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
        return max(2 * self._latest, self.min_pairs) if self.unplanned else None

    def ahead(self, reached: Sequence[StudyLook]) -> tuple[StudyLook, ...]:
        """Return the looks still to come after those *reached*: the planned ones, or one at twice the replicates.

        A failed trial makes a look have fewer pairs than replicates; it is past all the same.
        """
        pairs = reached[-1].pairs
        if self.planned:
            return tuple(self._planned(look) for look in self.planned if look > max(pairs, self.now))
        if self.next is None:
            return ()
        later = max(pairs + 1, round(pairs * self.next / self._latest))
        return (StudyLook(later, self._spent(len(self.unplanned) + 1)),)

    @property
    def _latest(self) -> int:
        return self.now or self.unplanned[-1]

    def share(self, number: int) -> float:
        """Return the fraction of the level that is the own one of the unplanned table of that *number*, from 1."""
        return self._of_all(number) - self._of_all(number - 1)

    def is_provisional(self, pending: int) -> bool:
        """Whether a table now is no look: *pending* trials are still to run, and this is none of those planned."""
        return pending > 0 and not (self.complete and self.now in self.planned)

    @property
    def before(self) -> tuple[int, ...]:
        """The unplanned looks before this table, or before the plan, each number once."""
        keys = self.keys or ((0, n) for n in self.unplanned)
        kept = {n for n, key in zip(self.unplanned, keys, strict=True) if key[0] != _LAST}
        return tuple(sorted({*self.lost, *(n for n in kept if self.planned or n < self.now)}))

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
        """The fraction of the level that this table leaves for others with more replicates; with a plan, none.

        None either where there are too few pairs for a verdict: such a table takes none.
        """
        return 1 - self._of_all(self.tables) if self.decides and not self.planned else 0.0

    def _spent(self, looks: int) -> float:
        """Return the fraction of the level spent by so many of the unplanned looks, and one more if they are fewer."""
        numbers = (*(self.numbers or range(1, len(self.unplanned) + 1)), self.tables + 1)[:looks]
        last = max(numbers)
        return self._of_all(last) - sum(self.share(number) for number in range(1, last) if number not in numbers)

    def _of_all(self, tables: int) -> float:
        """Return the fraction of the level that so many *tables* spend."""
        return 1 - self.reserve * (1 - EXTENSION) ** (tables - 1) if tables > 0 else 0.0

    def _planned(self, pairs: int) -> StudyLook:
        spent = self._spent(len(self.unplanned)) if self.unplanned else 0.0
        return StudyLook(pairs, spent, pairs / self.planned[-1], 1 - self._of_all(self.tables), paid=self.offset)


def _tables(
    rules: Rules, looked: Collection[int], judged: Iterable[JudgedTable | tuple[int, int]], there: Pairs, least: int
) -> tuple[list[JudgedTable], list[JudgedTable]]:
    """Return the tables with verdicts so far, without a plan and with one, in the order in which they were shown.

    *looked*: the numbers of replicates of tables without a plan, of which ledgers of earlier versions say no more.
    """
    known = [table.with_marks for table in starmap(JudgedTable, judged)]
    if all(table.planned is None for table in known):
        at = {table.replicates for table in known}
        known += [there.at(n)._replace(planned=False) for n in looked if n not in at]
    known = sorted((t for t in known if t.pairs >= least and t.verdict), key=lambda t: (t.number, t.replicates))

    def is_planned(table: JudgedTable) -> bool:
        return bool(rules.looks) and (table.replicates not in looked if table.planned is None else table.planned)

    return (
        _distinct(table for table in known if not is_planned(table)),
        _distinct(table for table in known if is_planned(table)),
    )


def _distinct(tables: Iterable[JudgedTable]) -> list[JudgedTable]:
    """Return *tables* without those that are about the pairs of an earlier one."""
    found: list[JudgedTable] = []
    for table in tables:
        if not any(table.is_of(each) for each in found):
            found.append(table)
    return found


def _key(table: JudgedTable) -> Key:
    return (table.number, 0) if table.number else (0, table.replicates)


def _silent(
    looks: Sequence[int], shown: Sequence[JudgedTable], changed: Sequence[JudgedTable], now: int, there: Pairs
) -> tuple[int, ...]:
    """Return the planned *looks* that decide nothing: up to that of a table that has *changed*, but for those *shown*.

    The look that there is *now* decides.
    """
    last = max((table.replicates for table in changed), default=0)
    return tuple(n for n in looks if n <= last and n != now and not any(there.at(n).is_of(each) for each in shown))


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

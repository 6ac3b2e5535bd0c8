"""The looks at a study, planned and not, and what each may spend of the error.

**Without a plan.** The first table of a study spends all of its error but the rules' *reserve*. The second spends half
of the reserve, but at most a fifth of the error, each further one a fifth of what the one before it did: with a reserve
of a fifth, 80, 10, 2, .4 ... % of the level. Each of these parts is a test of its own (weighted Bonferroni), whatever
the numbers of replicates. So the next table may come at any size, even one that was chosen by what the last one showed,
and nothing has to be known of the tables to come. The parts add up to less than all of the level, because who
chooses the next size by the last table can come closer to a verdict than at a fixed size: how much closer, and that
all tables together err no more than the level says, is computed in ``tests/stats/test_chosen_sizes.py``. Tables
with too few pairs for a verdict spend nothing. If all of the error was spent, further tables decide nothing new. Tables
are counted in the order in which they were shown. One whose pairs are others by now, as trials that had failed were run
again or a component's code was changed, has spent its part and decides nothing any more; the others keep theirs, also
where pairs came between theirs later.

**With a plan** (:mod:`.sequential`), its looks spend all of the error together, or after tables without a plan what
all further ones could have spent, again as a test of its own: the plan too was chosen by what these had shown. A
planned look that was shown with fewer pairs than there are now, as trials that had failed were run again, has spent
what its pairs were due. Unless its pairs are the first of those, it decides nothing any more, nor do looks before it
whose pairs are others as well: of two looks at one number of replicates either could reject, and both together would
err in up to 6 % of studies instead of 5. Looks before it with the pairs that they had are as they were. Where the pairs
were replaced, as by other code, what was spent on the old ones is no longer due, whatever the new ones say.

The boundaries of planned looks follow from what each spends (:mod:`.boundaries`).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import starmap
from typing import NamedTuple, TypeVar

from ..contracts import Contrast, JudgedTable, Rules, TrialOutcome
from .pairs import Pairs

SECOND = 0.5
"""The fraction of the reserve that the second table may spend."""

SECOND_AT_MOST = 0.2
"""The largest fraction of the level that the second table may spend, however large the reserve."""

FURTHER = 0.2
"""What each further table may spend, as a fraction of what the one before it did."""

_Value = TypeVar("_Value")

Key = tuple[int, int]
"""What orders the tables of a study: their number, or that of replicates in ledgers of earlier versions."""

_LAST = 1 << 30
"""The number of the table that is about to be shown."""


class StudyLook(NamedTuple):
    """A look at so many *pairs*, and what it may spend.

    *share*: the fraction of the level for this look alone or, of a planned look, for the whole plan. *progress*: this
    look's fraction of the replicates of the plan, 0 without one. *is_lost*: it is paid for and decides nothing, as its
    pairs were others. *paid*: what the plan had spent at this progress went to pairs that were replaced since.
    *places*: which of the pairs that there are now the look had; None for the first ones.
    """

    pairs: int
    share: float = 1.0
    progress: float = 0.0
    is_lost: bool = False
    paid: float = 0.0
    places: tuple[int, ...] | None = None

    def of(self, values: Sequence[_Value]) -> Sequence[_Value]:
        """Return those of *values*, one for each pair that there is now, that this look had."""
        return values[: self.pairs] if self.places is None else [values[place] for place in self.places]


class CountedTable(NamedTuple):
    """A table without a plan at so many *replicates*, in the order in which a comparison was shown.

    *number*: which of the comparison's tables it is, from 1; 0 if it is none that counts, and so may spend nothing.
    *key* tells it from the tables of other comparisons. *decides* is false if its pairs are others by now. *seeds* are
    those of its pairs, where others have come between them; None if its pairs are the first of those that there are.
    """

    replicates: int
    number: int
    key: Key
    decides: bool = True
    seeds: tuple[int, ...] | None = None

    def places(self, seeds: Sequence[int]) -> tuple[int, ...] | None:
        """Return the places of its pairs among those on *seeds*; None if they are the first."""
        if self.seeds is None:
            return None
        had = set(self.seeds)
        return tuple(place for place, seed in enumerate(seeds) if seed in had)

    def pairs_of(self, seeds: Sequence[int]) -> int:
        """Return how many of *seeds* (increasing) it had."""
        places = self.places(seeds)
        return bisect_left(seeds, self.replicates) if places is None else len(places)

    def is_of(self, replicates: int) -> bool:
        """Whether it is about all that there are of so many *replicates*."""
        return self.decides and self.seeds is None and self.replicates >= replicates


@dataclass(frozen=True)
class LookSchedule:
    """The looks at a comparison: the *tables* without a plan, and the numbers of replicates that are *planned*.

    *reserve*: the fraction of the level that the first table leaves for others. *min_pairs*: a look with fewer decides
    nothing, now or later. *now*: how many replicates there are, *complete* if none of their trials is to run, *enough*
    if their pairs are enough for a verdict. *silent*: the planned looks whose pairs were others, or that came before
    such a one; *paid*: the numbers of pairs with which they were shown, which decide nothing but for those that are
    *whole*, the first of the pairs now; *offset*: the progress of the plan up to which its error went to pairs that
    were replaced. *gone*: all tables whose pairs are others by now.
    """

    tables: tuple[CountedTable, ...] = ()
    planned: tuple[int, ...] = ()
    reserve: float = Rules.reserve
    min_pairs: int = 2
    now: int = 0
    complete: bool = True
    enough: bool = True
    silent: tuple[int, ...] = ()
    paid: tuple[int, ...] = ()
    whole: tuple[int, ...] = ()
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
        counts: bool = True,
    ) -> LookSchedule:
        """Return the schedule of a comparison by *rules*, of which there are *now* replicates, *complete* or not.

        *looked* are the numbers of replicates at which verdicts were shown without a plan, *shown* the rules of these
        tables, the first one first: what they have spent is spent, whatever the rules say since. *judged*: what all
        tables were about. *pairs*: those that there are; by default one of each replicate. *over_images*: intervals may
        be over test images too, where the modified t test, which needs more replicates, is not used. *counts*: whether
        this table is one of those that are counted; if not, it may spend nothing, and only what earlier ones decided is
        decided.
        """
        needed = ((each.min_replicates if over_images else each.needed_replicates) for each in (rules, *shown))
        least = min(needed)
        there = Pairs(range(now)) if pairs is None else pairs
        unplanned, planned = _tables(rules, {n for n in looked if n >= least}, judged, there, least)
        counted = [_counted(table, number, there) for number, table in enumerate(unplanned, 1)]
        present = there.at(now)._replace(number=_LAST)
        if not rules.looks and not any(present.is_of(table) for table in unplanned):
            counted.append(CountedTable(now, len(counted) + 1 if counts else 0, _key(present)))
        changed = [table for table in planned if not there.have(table)]
        replaced = [table for table in changed if not there.hold(table)]
        ahead = () if counts or now in rules.looks else tuple(n for n in rules.looks if n > now)
        return cls(
            tables=tuple(sorted(counted, key=lambda table: (table.pairs_of(there.seeds), table.replicates))),
            planned=rules.looks,
            reserve=settled_reserve(rules, shown),
            min_pairs=least,
            now=now,
            complete=complete,
            enough=there.at(now).pairs >= least,
            silent=(*_silent(rules.looks, planned, changed, now, there), *ahead),
            paid=tuple(sorted({table.pairs for table in changed if table not in replaced})),
            whole=tuple(table.pairs for table in changed if there.begin_with(table)),
            offset=max((table.pairs / rules.looks[-1] for table in replaced), default=0.0),
            gone=(
                *(table for table in unplanned if not _counted(table, 0, there).decides),
                *(table for table in changed if not there.begin_with(table)),
            ),
        )

    def reached(self, seeds: Sequence[int]) -> tuple[StudyLook, ...]:
        """Return the looks that a comparison with values on *seeds* (increasing, from 0) has had.

        Those without a plan come first. At a look with L replicates it has the pairs whose seed is below L: fewer than
        L if trials have failed. If a study ended between two planned looks, its last pairs count as a look. Looks with
        too few pairs are left out, unless there is no other.
        """
        looks = [
            StudyLook(table.pairs_of(seeds), self.share(table.number), places=table.places(seeds))
            for table in self.tables
            if table.decides
        ]
        planned = sorted({bisect_left(seeds, look) for look in self.planned if look not in self.silent})
        looks = [look for look in (*looks, *map(self._planned, planned)) if look.pairs >= 2]
        looks = [look for look in looks if look.pairs >= self.min_pairs] or looks[-1:]
        return self._with_paid(looks, seeds) if self.paid and looks else tuple(looks)

    def _with_paid(self, looks: Sequence[StudyLook], seeds: Sequence[int]) -> tuple[StudyLook, ...]:
        """Return *looks* after those that are paid for: what has been spent stays spent, though pairs may be fewer.

        Those before a table had fewer pairs too, but it is not known how many; they are taken to have had the present
        ones, which moves later boundaries by little.
        """
        last = looks[-1].pairs
        found = {look.pairs: look for look in looks if look.progress}
        before = [pairs for look in self.silent if (pairs := bisect_left(seeds, look)) < self.paid[-1]]
        for pairs in sorted({*before, *self.paid}):
            place = min(pairs, last - 1)
            if pairs >= self.min_pairs and place >= 2 and (place not in found or found[place].is_lost):
                is_there = place == pairs and pairs in self.whole
                found[place] = self._planned(pairs)._replace(pairs=place, is_lost=not is_there)
        spent = 0.0
        for pairs in sorted(found):
            spent = max(spent, found[pairs].progress)
            found[pairs] = found[pairs]._replace(progress=spent)
        return (*(look for look in looks if not look.progress), *(found[pairs] for pairs in sorted(found)))

    @property
    def next(self) -> int | None:
        """The number of replicates that a forecast speaks of: the last planned look, or twice as many as now."""
        if self.planned:
            return self.planned[-1]
        return max(2 * self.now, self.min_pairs) if self.tables else None

    def ahead(self, reached: Sequence[StudyLook]) -> tuple[StudyLook, ...]:
        """Return the looks still to come after those *reached*: the planned ones, or one at twice the replicates.

        A failed trial makes a look have fewer pairs than replicates; it is past all the same.
        """
        pairs = reached[-1].pairs
        if self.planned:
            return tuple(self._planned(look) for look in self.planned if look > max(pairs, self.now))
        if self.next is None:
            return ()
        later = max(pairs + 1, round(pairs * self.next / self.now))
        return (StudyLook(later, self.share(self.counted + 1)),)

    def is_provisional(self, pending: int) -> bool:
        """Whether a table now is no look: *pending* trials are still to run, and this is none of those planned."""
        return pending > 0 and not (self.complete and self.now in self.planned)

    @property
    def before(self) -> tuple[int, ...]:
        """The numbers of replicates of the tables without a plan before this table, or before the plan."""
        past = (table for table in self.tables if table.key[0] != _LAST)
        return tuple(sorted({t.replicates for t in past if self.planned or not t.is_of(self.now)}))

    @property
    def counted(self) -> int:
        """How many tables without a plan there were, this one included, if it is none of a plan."""
        return max((table.number for table in self.tables), default=0)

    @property
    def left(self) -> float:
        """The fraction of the level that this table and further ones, or the plan, may spend together."""
        return self._rest(self.counted if self.planned else self.counted - 1)

    @property
    def kept(self) -> float:
        """The fraction of the level that the tables so far have not spent, for others with more replicates.

        With a plan there is none. None either where there are too few pairs for a verdict: such a table takes none.
        """
        spent = math.fsum(self.share(number) for number in range(self.counted + 1))
        return 1 - spent if self.enough and not self.planned else 0.0

    def share(self, number: int) -> float:
        """Return the fraction of the level that the table of that *number* may spend, from 1; none where it is 0."""
        if number <= 1:
            return 1 - self.reserve if number else 0.0
        return min(SECOND * self.reserve, SECOND_AT_MOST) * FURTHER ** (number - 2)

    def _rest(self, tables: int) -> float:
        """Return the fraction of the level that all tables after so many may spend together; before the first, all."""
        return self.share(tables + 1) / (1 - FURTHER) if tables > 0 else 1.0

    def _planned(self, pairs: int) -> StudyLook:
        return StudyLook(pairs, self._rest(self.counted), pairs / self.planned[-1], paid=self.offset)


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


def _counted(table: JudgedTable, number: int, there: Pairs) -> CountedTable:
    first = there.have(table)
    seeds = None if first else there.seeds_in(table)
    return CountedTable(table.replicates, number, _key(table), first or seeds is not None, seeds)


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

    A look whose pairs were all in that table is one of those shown, as it was part of it. The look that there is *now*
    decides.
    """
    last = max((table.replicates for table in changed), default=0)

    def is_as_it_was(look: int) -> bool:
        return any(there.at(look).is_of(table) for table in shown) or all(
            there.began(table, look) for table in changed if table.replicates >= look
        )

    return tuple(look for look in looks if look <= last and look != now and not is_as_it_was(look))


def rules_in_force(rules: Rules, told: Iterable[Rules], *, over_images: bool = False) -> Rules:
    """Return *rules* with no fewer replicates for a verdict than in any table so far, whose rules are those *told*.

    A table with fewer spent nothing, as it could decide nothing: a minimum lowered afterwards would make it decide.
    """
    needed = (each.min_replicates if over_images else each.needed_replicates for each in told)
    return replace(rules, min_replicates=max(rules.min_replicates, *needed, 0))


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

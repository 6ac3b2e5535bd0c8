"""The looks at a study, planned and not, and what each may spend of the error.

**Without a plan.** The first table of a study of fixed size spends all of its error but the rules'
*reserve*. Each table with more replicates spends three quarters of what is left: with a reserve of a fifth, 80, 15,
3.75 ... % of the level. So ``--seeds 5``, a look, then ``--seeds 10`` errs no more often than a single table. Tables
with too few pairs for a verdict spend nothing. If all of the error was spent, further tables decide nothing new. A
table whose pairs are others by now, as trials that had failed were run again or a component's code was changed, has
spent its part and decides nothing any more; those before and after it keep theirs.

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
from hashlib import blake2b
from itertools import starmap
from typing import NamedTuple

from ..contracts import Contrast, JudgedTable, Rules, TrialOutcome, finished

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


class Pairs(NamedTuple):
    """The pairs of finished trials of a comparison: their *seeds*, increasing, and the *ids* of the trials of each."""

    seeds: Sequence[int] = ()
    ids: Sequence[str] = ()

    def at(self, replicates: int) -> JudgedTable:
        """Return what a table with so many *replicates* is about."""
        count = bisect_left(self.seeds, replicates)
        trials = blake2b(" ".join(self.ids[:count]).encode(), digest_size=6).hexdigest() if self.ids else ""
        return JudgedTable(replicates, count, trials)


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
            found[seed] = " ".join(there[change] for change in sorted(changes))
    return Pairs(tuple(found), tuple(found.values()))


@dataclass(frozen=True)
class LookSchedule:
    """The looks at a comparison as numbers of replicates, increasing: those *unplanned*, then those *planned*.

    *reserve*: the fraction of the level that the first unplanned look leaves for others. *min_pairs*: a look with fewer
    decides nothing, now or later. *now*: how many replicates there are, *complete* if none of their trials is to run,
    *decides* if there are enough pairs for a verdict. *lost*: looks that are paid for and decide nothing any more, as
    their pairs were others. *numbers*: which of all tables, lost ones too, each unplanned look is, from 1; without
    them, the first, second and so on. *silent*: the planned looks whose pairs were others, or that came before such a
    one; *paid*: the numbers of pairs with which they were shown.
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
        then: dict[int, list[JudgedTable]] = {}
        for table in starmap(JudgedTable, judged):
            if table.pairs >= least:
                then.setdefault(table.replicates, []).append(table)
        before = {n for n in looked if n >= least and there.at(n).pairs >= least}
        if not rules.looks:
            before = {n for n in before if n < now} | {now}
        earlier = {n: then.pop(n) for n in list(then) if n in before or not rules.looks or n in looked}
        kept = {n for n in before if _is_shown(there.at(n), earlier.get(n)) or (n == now and not rules.looks)}
        tables = _in_order(kept, earlier, there, now if not rules.looks else None)
        silent, paid = _changed(rules.looks, {n: every for n, every in then.items() if n <= now}, now, there)
        return cls(
            unplanned=tuple(n for n, is_lost in tables if not is_lost),
            planned=rules.looks,
            reserve=settled_reserve(rules, shown),
            min_pairs=least,
            now=now,
            lost=tuple(n for n, is_lost in tables if is_lost),
            complete=complete,
            silent=silent,
            paid=paid,
            numbers=tuple(number for number, (_, is_lost) in enumerate(tables, 1) if not is_lost),
            decides=there.at(now).pairs >= least,
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

    def share(self, number: int) -> float:
        """Return the fraction of the level that is the own one of the unplanned table of that *number*, from 1."""
        return self._of_all(number) - self._of_all(number - 1)

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
        """The fraction of the level that this table leaves for others with more replicates; with a plan, none.

        None either where there are too few pairs for a verdict: such a table takes none.
        """
        return 1 - self._of_all(self.tables) if self.decides and not self.planned else 0.0

    def _spent(self, looks: int) -> float:
        """Return the fraction of the level spent by so many of the unplanned looks, and one more if they are fewer."""
        numbers = (*(self.numbers or range(1, len(self.unplanned) + 1)), self.tables + 1)
        last = numbers[looks - 1]
        return self._of_all(last) - sum(self.share(number) for number in range(1, last) if number not in numbers)

    def _of_all(self, tables: int) -> float:
        """Return the fraction of the level that so many *tables* spend."""
        return 1 - self.reserve * (1 - EXTENSION) ** (tables - 1) if tables > 0 else 0.0

    def _planned(self, pairs: int) -> StudyLook:
        spent = self._spent(len(self.unplanned)) if self.unplanned else 0.0
        return StudyLook(pairs, spent, pairs / self.planned[-1], 1 - self._of_all(self.tables))


def _is_shown(table: JudgedTable, before: Sequence[JudgedTable] | None) -> bool:
    """Whether *table* is about the pairs of one of those *before*; if none is known, about those that there are."""
    return before is None or any(each.is_of(table) for each in before)


def _in_order(
    kept: Collection[int], earlier: Mapping[int, Sequence[JudgedTable]], there: Pairs, now: int | None
) -> list[tuple[int, bool]]:
    """Return the unplanned tables in the order in which they were shown: the replicates, and whether each is lost.

    Of tables with the same number of replicates, those that are lost came first, and this one, with *now*, is the last.
    """
    counted = [there.at(n) for n in kept]
    tables: list[tuple[int, bool]] = []
    for n in sorted({*kept, *earlier}, key=lambda n: (n == now, n)):
        tables += [(n, True) for table in earlier.get(n, ()) if not any(table.is_of(each) for each in counted)]
        tables += [(n, False)] if n in kept else []
    return tables


def _changed(
    planned: Sequence[int], shown: Mapping[int, Sequence[JudgedTable]], now: int, there: Pairs
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the *planned* looks that decide nothing, and the numbers of pairs with which they are paid for.

    *shown*: the tables so far, by number of replicates; *there* are the pairs by now.
    """
    paid = {n: [table.pairs for table in every if not table.is_of(there.at(n))] for n, every in shown.items()}
    last = max((n for n, pairs in paid.items() if planned and pairs), default=0)
    silent = [n for n in planned if n <= last and n != now and not _is_shown(there.at(n), shown.get(n, ()))]
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

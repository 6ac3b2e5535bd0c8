"""A verdict that was shown stays while its pairs are there: failed trials that are run again take none away."""

import numpy as np
import pytest
from null_studies import rejected

from flowerablate.contracts import Rules
from flowerablate.stats import summarise
from flowerablate.stats.boundaries import score_of, spent
from flowerablate.stats.looks import LookSchedule, StudyLook
from flowerablate.stats.pairs import Pairs, ids_by_seed, pairs_of

PLAN = (5, 9, 13, 16, 20)
RULES = Rules(looks=PLAN)


def pairs_without(*missing, up_to):
    seeds = [seed for seed in range(up_to) if seed not in missing]
    return Pairs(seeds, [f"{seed:06}" for seed in seeds])


def planned(table, now):
    return LookSchedule.of(
        RULES, (), now, judged=[table._replace(number=1, planned=True)], pairs=pairs_without(up_to=now)
    )


def test_a_table_without_a_plan_decides_on_its_own_pairs_though_others_came_between_them():
    before = pairs_without(2, up_to=6).at(6)._replace(number=1, planned=False)
    schedule = LookSchedule.of(Rules(), [], 6, judged=[before], pairs=pairs_without(up_to=6))
    first, now = schedule.reached(range(6))
    assert first == StudyLook(5, 0.8, places=(0, 1, 3, 4, 5))
    assert now == StudyLook(6, pytest.approx(0.1))
    assert list(first.of("abcdef")) == ["a", "b", "d", "e", "f"]
    assert schedule.gone == ()
    assert schedule.before == (6,)


def test_so_it_does_where_the_metric_has_no_value_on_some_seeds():
    before = pairs_without(2, up_to=8).at(8)._replace(number=1, planned=False)
    schedule = LookSchedule.of(Rules(), [], 8, judged=[before], pairs=pairs_without(up_to=8))
    assert schedule.reached([1, 2, 3, 4, 5, 6, 7])[0] == StudyLook(6, 0.8, places=(0, 2, 3, 4, 5, 6))


def test_a_verdict_rests_on_the_pairs_of_its_table(arms, trial):
    """The retried pair says the opposite, so by all pairs alone there would be none."""
    base = [0.9, 0.91, 0.92, 0.9, 0.91, 0.92]
    trials = arms(base=base, a=[value - 0.02 - 0.001 * (seed % 3) for seed, value in enumerate(base)])
    trials = [trial("-a", 2, 0.95) if (each.change, each.seed) == ("-a", 2) else each for each in trials]
    failed = [each for each in trials if (each.change, each.seed) != ("-a", 2)]
    first = summarise(failed)
    (row,) = first.rows
    table = pairs_of(row.contrast, ids_by_seed(failed)).at(6)._replace(number=1, planned=False)
    after = summarise(trials, judged={"-a": [table]})
    assert row.verdict == after.rows[0].verdict == "helps"
    assert after.rows[0].adjusted_p == row.adjusted_p
    assert after.rows[0].reason.endswith("(paired t, of those of an earlier table)")
    assert summarise(trials).rows[0].verdict == "undecided"


def test_planned_looks_with_the_pairs_that_they_had_decide_before_a_table_that_has_changed():
    looks = planned(pairs_without(10, up_to=13).at(13), 13).reached(range(13))
    assert [(look.pairs, look.is_lost) for look in looks] == [(5, False), (9, False), (12, True), (13, False)]
    early = planned(pairs_without(7, up_to=13).at(13), 13).reached(range(13))
    assert [(look.pairs, look.is_lost) for look in early] == [(5, False), (9, True), (12, True), (13, False)]


def test_a_planned_table_whose_pairs_are_the_first_of_now_decides():
    schedule = planned(pairs_without(12, up_to=13).at(13), 13)
    looks = schedule.reached(range(13))
    assert [(look.pairs, look.is_lost) for look in looks] == [(5, False), (9, False), (12, False), (13, False)]
    assert schedule.gone == ()


def test_a_look_that_had_a_pair_which_is_gone_is_not_as_it_was():
    table = pairs_without(up_to=13).at(13)._replace(number=1, planned=True)
    schedule = LookSchedule.of(RULES, (), 13, judged=[table], pairs=pairs_without(4, up_to=13))
    assert 5 in schedule.silent


@pytest.mark.parametrize("missing", [(10,), (12,), (3, 8, 12)])
def test_what_is_kept_of_a_plan_errs_no_more(missing):
    noise = np.random.default_rng(11).standard_normal((20_000, 13))
    before = pairs_without(*missing, up_to=13)
    error = rejected(
        (noise, before.seeds, LookSchedule.of(RULES, (), 13, pairs=before).reached(before.seeds)),
        (noise, range(13), planned(before.at(13), 13).reached(range(13))),
    )
    due = float(spent(np.array(score_of(0.05, 2)), StudyLook(13, progress=13 / 20), 2))
    assert error <= due + 3 * np.sqrt(due / 20_000)

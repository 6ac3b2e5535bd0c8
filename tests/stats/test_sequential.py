"""Sequential p-values and repeated intervals."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from flowerablate.contracts import Rules
from flowerablate.stats.arms import Arms
from flowerablate.stats.effects import paired_effect
from flowerablate.stats.judging import evidence_for
from flowerablate.stats.looks import LookSchedule
from flowerablate.stats.sequential import planned_looks, repeated_interval, sequential_p

PLAN = (5, 9, 13, 16, 20)
differences = st.lists(st.floats(-1, 1, allow_subnormal=False), min_size=2, max_size=20).filter(
    lambda values: max(values) - min(values) > 1e-3
)


def at(n, plan=PLAN):
    return LookSchedule(planned=plan).reached(range(n))


varying_at_each_look = differences.filter(
    lambda values: all(max(values[: look.pairs]) - min(values[: look.pairs]) > 1e-3 for look in at(len(values)))
)


def test_looks_are_about_five_and_equally_spaced():
    assert planned_looks(5, 20) == PLAN
    assert planned_looks(6, 20) == (6, 10, 13, 17, 20)
    assert planned_looks(5, 7) == (5, 6, 7)
    assert planned_looks(8, 8) == (8,)


@pytest.mark.parametrize(("first", "last"), [(1, 20), (9, 8)])
def test_looks_that_cannot_be_are_refused(first, last):
    with pytest.raises(ValueError, match="looks from"):
        planned_looks(first, last)


@given(differences)
def test_a_single_planned_look_gives_the_paired_t_test(values):
    p = sequential_p(values, at(len(values), (len(values),)))
    assert p == pytest.approx(stats.ttest_1samp(values, 0).pvalue, rel=1e-6, abs=1e-12)


def looks_agree(values, level, sides):
    """Whether the bounds of all looks have effects in common; else the interval is that of the last look alone."""
    intervals = [repeated_interval(values[:count], at(count), level, sides=sides) for count, *_ in at(len(values))]
    return all(old[0] <= new[0] <= new[1] <= old[1] for old, new in pairwise(intervals))


@given(varying_at_each_look, st.floats(0.01, 0.5))
def test_the_interval_leaves_out_zero_just_when_p_is_at_or_below_the_level(values, alpha):
    looks = at(len(values))
    p = sequential_p(values, looks)
    low, high = repeated_interval(values, looks, 1 - alpha)
    assume(looks_agree(values, 1 - alpha, 2))
    if abs(p - alpha) > 1e-3 * alpha and low < high:
        assert (p <= alpha) == (not low <= 0 <= high)


@given(varying_at_each_look, st.floats(0.01, 0.4), st.floats(0.1, 3))
def test_the_inner_interval_lies_within_the_margin_just_when_both_one_sided_tests_reject(values, alpha, margin):
    looks = at(len(values))
    low, high = repeated_interval(values, looks, 1 - alpha, sides=1)
    assume(looks_agree(values, 1 - alpha, 1))
    above = sequential_p(values, looks, -margin, "greater")
    below = sequential_p(values, looks, margin, "less")
    if abs(above - alpha) > 1e-3 * alpha:
        assert (above <= alpha) == (low > -margin)
    if abs(below - alpha) > 1e-3 * alpha:
        assert (below <= alpha) == (high < margin)


def test_where_no_effect_is_left_the_interval_is_that_of_the_last_look():
    values = [0.0, 0.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0]
    level = 1 - 0.3984375
    assert not looks_agree(values, level, 1)
    low, high = repeated_interval(values, at(11), level, sides=1)
    assert (low + high) / 2 == pytest.approx(np.mean(values))


def test_a_look_with_a_standard_deviation_of_zero_is_judged_by_signs_and_bounds_no_interval():
    values = [0.0, 0.0, 0.0, 0.0, 0.0, 1.0]
    assert sequential_p(values, at(6), 0.25, "less") <= 0.375
    _, high = repeated_interval(values, at(6), 0.625, sides=1)
    assert high > 0.25


@given(differences, st.integers(2, 20))
def test_more_looks_never_take_back_what_an_earlier_one_found(values, n):
    n = min(n, len(values))
    if max(values[:n]) - min(values[:n]) < 1e-3 or n not in (*PLAN, len(values)):
        return
    assert sequential_p(values, at(len(values))) <= sequential_p(values[:n], at(n)) * (1 + 1e-9)


@given(differences)
def test_sides_mirror_each_other(values):
    looks = at(len(values))
    turned = [-value for value in values]
    assert sequential_p(values, looks) == sequential_p(turned, looks)
    assert sequential_p(values, looks, 0.2, "greater") == sequential_p(turned, looks, -0.2, "less")


@given(differences)
def test_units_change_nothing_but_the_interval(values):
    looks = at(len(values))
    scaled = [4 * value for value in values]
    assert sequential_p(scaled, looks) == sequential_p(values, looks)
    assert repeated_interval(scaled, looks, 0.95) == pytest.approx(
        [4 * x for x in repeated_interval(values, looks, 0.95)]
    )


def test_equal_differences_are_judged_by_their_signs():
    assert sequential_p([0.5] * 20, at(20, (20,))) == pytest.approx(2 * 2.0**-20, rel=1e-6)
    assert sequential_p([0.0] * 20, at(20)) == 1
    assert sequential_p([0.0] * 20, at(20, (20,)), -0.1, "greater") == pytest.approx(2.0**-20, rel=1e-6)
    assert sequential_p([-0.2] * 20, at(20), -0.1, "greater") == 1
    assert repeated_interval([0.5] * 20, at(20), 0.95) is None


def test_a_single_pair_rejects_nothing():
    assert sequential_p([0.5], at(1)) == 1
    assert repeated_interval([0.5], at(1), 0.95) is None


def studies_of(count, effect=0.0):
    return np.random.default_rng(3).standard_normal((count, 20)) + effect


@pytest.mark.parametrize("studies", [400, pytest.param(4000, marks=pytest.mark.slow)])
def test_however_it_is_stopped_noise_is_called_a_finding_no_more_often_than_the_level(studies):
    values = studies_of(studies)
    ps = np.array([sequential_p(list(row), at(20)) for row in values])
    for level in (0.2, 0.05):
        assert np.mean(ps <= level) == pytest.approx(level, abs=4 * np.sqrt(level / studies))
    naive = np.mean([min(stats.ttest_1samp(row[:n], 0).pvalue for n in PLAN) <= 0.05 for row in values[:1000]])
    assert naive > 0.1  # what looking five times costs without all this


def test_the_intervals_of_all_looks_cover_the_truth_together():
    inside = 0
    for row in studies_of(2000, effect=0.7):
        intervals = [repeated_interval(list(row[:n]), at(n), 0.95) for n in PLAN]
        inside += all(low <= 0.7 <= high for low, high in intervals)
    assert inside / 2000 == pytest.approx(0.95, abs=0.02)


def test_rules_with_looks_give_evidence_that_allows_for_them():
    values = tuple(0.3 + 0.1 * (-1) ** i * i / 9 for i in range(9))
    arms = Arms(tuple(range(9)), values, (0.0,) * 9, True)
    effect = paired_effect(arms.with_it, arms.without)
    evidence = evidence_for(arms, effect, Rules(looks=PLAN, margin=0.5))
    assert evidence.p > effect.p
    assert evidence.low < effect.low < effect.high < evidence.high
    assert (evidence.test, evidence.look, evidence.interval) == ("paired t", "look 2 of 5", "repeated")
    assert -0.5 < evidence.equivalence.low < evidence.equivalence.high < 0.5
    assert evidence.equivalence.p <= 0.05


def test_a_look_with_too_few_pairs_counts_as_one_of_the_plan_all_the_same():
    plan = Rules(looks=(5, 9, 13), min_replicates=5)
    seeds = (0, 1, 2, 4, 5, 6, 7, 8)  # of the first five replicates, one has failed
    arms = Arms(seeds, tuple(0.3 + seed / 100 for seed in seeds), (0.0,) * 8, True)
    evidence = evidence_for(arms, paired_effect(arms.with_it, arms.without), plan)
    assert evidence.look == "look 2 of 3"

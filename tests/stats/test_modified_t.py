"""Johnson's modified t test, and the rules that make it the test of the verdicts."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from flowerablate.contracts import Rules
from flowerablate.stats import paired_effect, summarise
from flowerablate.stats.modified_t import ModifiedT

SKEWED = [0.0, 0.1, 0.1, 0.2, 0.2, 0.3, 0.4, 0.6, 1.0, 3.0]


def p_of(differences: list[float], rounding_sd: float = 0.0) -> float | None:
    found = ModifiedT.of(differences, rounding_sd)
    return None if found is None else found.p


def test_johnsons_test_of_symmetric_differences_is_the_t_test() -> None:
    differences = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0]
    assert p_of(differences) == pytest.approx(scipy.stats.ttest_1samp(differences, 0).pvalue)
    assert p_of([0.5] * 10) is None
    assert p_of([0.5] * 10, rounding_sd=0.1) < 1e-6


def test_near_0_the_statistic_is_johnsons() -> None:
    d = np.array([0.1, 0.2, 0.2, 0.3, 0.5, 0.9, 1.4, 2.2, 3.9, 6.0])
    d = d - d.mean() + 0.05
    third = np.mean((d - d.mean()) ** 3)
    t = (d.mean() + third / (6 * d.var(ddof=1) * 10) + third * d.mean() ** 2 / (3 * d.var(ddof=1) ** 2)) / (
        d.std(ddof=1) / math.sqrt(10)
    )
    assert p_of(d.tolist()) == pytest.approx(2 * scipy.stats.t.sf(t, 9), rel=1e-3)


def test_a_clear_effect_stays_clear_however_its_differences_are_skewed() -> None:
    d = [0.029, 0.024, 0.027, 0.029, 0.025, 0.027, 0.029, 0.027, 0.026, 0.030]
    assert p_of(d) < 1e-4
    assert p_of([-value for value in d]) == pytest.approx(p_of(d))
    skewed = np.array([0.0, 0.1, 0.1, 0.2, 0.2, 0.3, 0.4, 0.6, 1.0, 3.0])
    ps = [p_of((skewed + shift).tolist()) for shift in (0.5, 1.0, 2.0, 4.0, 8.0)]
    assert ps == sorted(ps, reverse=True)


@given(st.floats(0.6, 0.99), st.floats(-3, 3))
def test_the_interval_holds_the_means_that_the_test_does_not_reject(level: float, shift: float) -> None:
    found = ModifiedT.of([value + shift for value in SKEWED])
    assert found is not None
    low, high = found.interval(level)
    assert low < high
    for bound, sign in ((low, 1), (high, -1)):
        assert found.t(bound) == pytest.approx(sign * scipy.stats.t.isf((1 - level) / 2, 9), rel=1e-6)
    assert (found.p <= 1 - level) == (not low <= 0 <= high)


def test_skewness_to_the_right_moves_the_interval_to_the_right() -> None:
    found, plain = ModifiedT.of(SKEWED), paired_effect(SKEWED, [0.0] * 10)
    assert found is not None
    low, high = found.interval(0.95)
    assert plain.low is not None
    assert plain.high is not None
    assert low > plain.low
    assert high > plain.high


def test_it_is_the_test_of_the_verdicts_if_the_study_says_so_from_ten_pairs_on(arms) -> None:
    base, other = [0.8 + 0.01 * value for value in SKEWED], [0.8] * 10
    (row,) = summarise(arms(base=base, x=other), rules=Rules(test="modified-t")).rows
    assert row.evidence.test == "modified t"
    assert row.evidence.p == pytest.approx(p_of(list(row.effect.differences)))
    assert row.interval == "modified t"
    assert row.effect.low == pytest.approx(ModifiedT.of(row.effect.differences).interval(0.95)[0])
    few = summarise(arms(base=base[:9], x=other[:9]), rules=Rules(test="modified-t")).rows[0]
    assert (few.verdict, few.reason) == ("undecided", "n = 9: a verdict by modified t needs 10 replicates")


LATER = [0.93, 0.931, 0.929, 0.93, 0.93, 0.93, 0.87, 0.99, 0.85, 0.97]
"""Five clear differences from .9, then five that say little."""


def test_a_table_below_ten_pairs_spends_nothing_and_decides_nothing_later(arms) -> None:
    trials = arms(base=LATER, x=[0.9] * 10)
    rules = Rules(test="modified-t")
    once, again = (summarise(trials, rules=rules, looked=looked).rows[0] for looked in ((), (5,)))
    assert (again.verdict, again.adjusted_p) == ("undecided", once.adjusted_p)
    assert [look.pairs for look in again.evidence.looks] == [10]


def test_what_the_plain_test_had_shown_before_is_paid_for_and_decides_nothing(arms) -> None:
    trials = arms(base=LATER, x=[0.9] * 10)
    row = summarise(trials, rules=Rules(test="modified-t"), looked=(5,), shown=(Rules(),)).rows[0]
    assert row.verdict == "undecided"
    assert row.evidence.decisive_pairs == 10
    assert row.evidence.nominal(0.05) == pytest.approx(0.1 * 0.05)


def test_its_margin_is_tested_on_both_sides(arms) -> None:
    base = [0.8 + 0.001 * value for value in SKEWED]
    (row,) = summarise(arms(base=base, x=[0.8] * 10), rules=Rules(test="modified-t", margin=0.01)).rows
    found = ModifiedT.of(row.effect.differences)
    assert row.evidence.equivalence.below_p == pytest.approx(scipy.stats.t.cdf(found.t(0.01), 9))
    assert row.evidence.equivalence.above_p == pytest.approx(scipy.stats.t.sf(found.t(-0.01), 9))
    assert row.verdict in ("helps", "negligible")


def test_its_thin_interval_is_of_its_own_kind(arms) -> None:
    base = [0.8 + 0.01 * value for value in SKEWED]
    rows = summarise(arms(base=base, x=[0.8] * 10, y=[0.81] * 10), rules=Rules(test="modified-t")).rows
    found = ModifiedT.of(rows[0].effect.differences)
    assert rows[0].family_interval == pytest.approx(found.interval(1 - 0.8 * 0.05 / 2))


def test_where_differences_are_skewed_it_errs_less_often_than_t(arms) -> None:
    wrong = {"t": 0, "modified-t": 0}
    for number in range(300):
        differences = np.random.default_rng(number).exponential(1.0, 10) - 1
        for test in wrong:
            rules = Rules(test=test, reserve=0.0)
            (row,) = summarise(arms(base=(0.8 + 0.02 * differences).tolist(), x=[0.8] * 10), rules=rules).rows
            wrong[test] += row.verdict != "undecided"
    assert wrong["modified-t"] < 0.8 * wrong["t"]

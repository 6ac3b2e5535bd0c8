"""The difference of two effects."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from flowerablate.stats import difference_of_effects, difference_of_paired_effects, paired_effect

values = st.lists(st.floats(0, 1).map(lambda value: round(value, 3)), min_size=2, max_size=8)


def effect_of(differences):
    return paired_effect([1 + difference for difference in differences], [1.0] * len(differences))


@given(values, values)
def test_independent_effects_are_compared_by_welchs_interval(first: list[float], second: list[float]) -> None:
    found = difference_of_effects(effect_of(first), effect_of(second))
    assert found.mean == pytest.approx(math.fsum(first) / len(first) - math.fsum(second) / len(second), abs=1e-12)
    if len({*first}) == 1 or len({*second}) == 1:
        return
    expected = stats.ttest_ind(first, second, equal_var=False).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-6, abs=1e-9)
    assert found.pairs is None


def test_with_standard_deviations_of_zero_there_is_no_interval() -> None:
    found = difference_of_effects(effect_of([0.1, 0.1]), effect_of([0.05, 0.05]))
    assert (found.low, found.high, found.df) == (None, None, None)
    assert difference_of_effects(effect_of([0.1]), effect_of([0.05, 0.07])).low is None


def test_paired_effects_are_compared_seed_by_seed_over_the_common_seeds() -> None:
    first, second = {0: 0.1, 1: 0.2, 2: 0.15, 9: 5.0}, {0: 0.05, 1: 0.1, 2: 0.08, 7: 3.0}
    found = difference_of_paired_effects(first, second, 0.95)
    assert found is not None
    expected = stats.ttest_1samp([0.05, 0.1, 0.07], 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert (found.pairs, found.df) == (3, 2)
    assert difference_of_paired_effects({0: 0.1}, {1: 0.1}, 0.95) is None


def test_equal_differences_are_compared_with_the_standard_deviation_of_rounding() -> None:
    equal = paired_effect([0.93] * 5, [0.90] * 5, rounding_sd=0.002)
    unequal = paired_effect([0.93, 0.93, 0.93, 0.93, 0.94], [0.90] * 5, rounding_sd=0.002)
    other = paired_effect([0.91] * 5, [0.90] * 5, rounding_sd=0.002)
    for found in (equal, unequal):
        difference = difference_of_effects(found, other)
        assert difference.low is not None
        assert difference.low > 0
    seeds = dict(enumerate(equal.differences)), dict(enumerate(other.differences))
    paired = difference_of_paired_effects(*seeds, 0.95, rounding_sd=math.hypot(0.002, 0.002))
    assert paired is not None
    expected = stats.t.ppf(0.975, 4) * 0.002 * math.sqrt(2 / 5)
    assert (paired.low, paired.high) == pytest.approx((0.02 - expected, 0.02 + expected))

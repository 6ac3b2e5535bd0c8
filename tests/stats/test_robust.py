"""Median and interquartile mean against SciPy, and how often their intervals cover the truth."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats.mstats import trimmed_mean_ci

from flowerablate.stats import paired_effect, robust_effect
from flowerablate.stats.robust import MIN_PAIRS

enough = st.lists(st.integers(-1000, 1000).map(lambda right: right / 1000), min_size=MIN_PAIRS, max_size=40)


@given(enough)
def test_the_values_are_those_of_numpy_and_scipy(differences: list[float]) -> None:
    robust = robust_effect(differences, 0.95)
    assert robust is not None
    assert robust.median.value == pytest.approx(np.median(differences), abs=1e-12)
    assert robust.iqm.value == pytest.approx(scipy.stats.trim_mean(differences, 0.25), abs=1e-12)


@given(enough, st.sampled_from([0.9, 0.95]))
def test_the_interval_of_the_interquartile_mean_is_scipys_of_the_trimmed_mean(differences, level: float) -> None:
    robust = robust_effect(differences, level)
    assert robust is not None
    cut = (len(differences) // 4 + 1e-9) / len(differences)  # the fraction that is cut, at most a quarter
    low, high = trimmed_mean_ci(differences, (cut, cut), alpha=1 - level)
    assert (robust.iqm.low, robust.iqm.high) == pytest.approx((low, high), abs=1e-8)


@given(st.integers(MIN_PAIRS, 60), st.sampled_from([0.9, 0.95, 0.99]))
def test_the_medians_interval_runs_between_the_order_statistics_that_scipy_takes(n: int, level: float) -> None:
    robust = robust_effect([float(value) for value in range(1, n + 1)], level)
    assert robust is not None
    interval = scipy.stats.quantile_test(np.arange(1, n + 1), p=0.5).confidence_interval(level)
    assert (robust.median.low, robust.median.high) == (interval.low, interval.high)


def test_a_level_that_ten_values_cannot_reach_gives_no_interval_of_the_median() -> None:
    robust = robust_effect([float(value) for value in range(10)], 0.999)  # 1 - 2 / 2^10 is less
    assert robust is not None
    assert (robust.median.value, robust.median.low, robust.median.high) == (4.5, None, None)


@given(enough, st.integers(0, 2**32))
def test_the_order_of_replicates_changes_nothing(differences: list[float], seed: int) -> None:
    shuffled = random.Random(seed).sample(differences, len(differences))
    assert robust_effect(shuffled, 0.95) == robust_effect(differences, 0.95)


def test_nine_pairs_are_too_few_and_ten_are_enough() -> None:
    differences = [0.01 * value for value in range(10)]
    assert robust_effect(differences[:9], 0.95) is None
    assert paired_effect(differences, [0.0] * 10).robust == robust_effect(differences, 0.95)


def test_one_odd_replicate_moves_the_mean_and_not_the_middle() -> None:
    differences = [0.01, -0.01, 0.0, 0.005, -0.005, 0.002, -0.002, 0.001, -0.001, 0.8]
    effect = paired_effect(differences, [0.0] * 10)
    assert effect.mean == pytest.approx(0.08)
    assert effect.robust is not None
    assert abs(effect.robust.iqm.value) < 0.002


LOW_QUARTER = scipy.stats.norm.ppf(0.25)
DRAWS = {
    "normal": (lambda rng, n: rng.standard_normal(n), 0.0, 0.0),
    "heavy tails": (lambda rng, n: rng.standard_t(2, n), 0.0, 0.0),
    "skew": (
        lambda rng, n: rng.lognormal(size=n),
        1.0,
        2 * math.exp(0.5) * (scipy.stats.norm.cdf(-LOW_QUARTER - 1) - scipy.stats.norm.cdf(LOW_QUARTER - 1)),
    ),
}
"""How differences are drawn, and the true median and interquartile mean."""


@pytest.mark.parametrize("n", [10, 20])
@pytest.mark.parametrize("kind", DRAWS)
def test_both_intervals_cover_the_middle_in_about_95_of_100_studies(n: int, kind: str) -> None:
    draw, true_median, true_iqm = DRAWS[kind]
    rng = np.random.default_rng(n)
    studies, median, iqm = 2000, 0, 0
    for _ in range(studies):
        robust = robust_effect(draw(rng, n).tolist(), 0.95)
        assert robust is not None
        median += robust.median.low <= true_median <= robust.median.high
        iqm += robust.iqm.low <= true_iqm <= robust.iqm.high
    assert median / studies >= 0.935
    assert (0.90 if kind == "skew" else 0.925) <= iqm / studies <= 0.97

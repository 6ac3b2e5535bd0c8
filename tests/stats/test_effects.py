"""Formulas against SciPy and published examples, and the properties that no implementation may lack."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
import scipy.stats
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from flowerablate.stats import Effect, minimum_detectable_effect, paired_effect, sign_flip_test
from flowerablate.stats.effects import DRAWS, sign_flip_floor

SLEEP = (
    [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0],
    [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4],
)
"""Student's sleep data (1908)."""

MAIZE = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]
"""Darwin's maize: differences of heights in eighths of an inch, as Fisher used them (1935)."""

# Accuracies as they come: a whole number of images out of a thousand.
accuracies = st.integers(0, 1000).map(lambda right: right / 1000)
pairs = st.lists(st.tuples(accuracies, accuracies), min_size=1, max_size=12)


def effect_of(arms: list[tuple[float, float]]) -> Effect:
    return paired_effect([base for base, _ in arms], [variant for _, variant in arms])


def test_students_sleep_data_give_the_published_interval_and_p() -> None:
    effect = paired_effect(*SLEEP)
    assert effect.mean == pytest.approx(-1.58)
    assert effect.low == pytest.approx(-2.4598858, abs=1e-7)
    assert effect.high == pytest.approx(-0.7001142, abs=1e-7)
    assert effect.t_p == pytest.approx(0.002833, abs=1e-6)


def test_darwins_maize_gives_fishers_count_of_sign_patterns() -> None:
    assert sign_flip_test(MAIZE) == (2 * 863 / 2**15, True)


@given(pairs)
def test_interval_and_t_test_are_those_of_scipy(arms: list[tuple[float, float]]) -> None:
    effect = effect_of(arms)
    assume(effect.has_t_test)
    reference = scipy.stats.ttest_rel(*zip(*arms, strict=True))
    interval = reference.confidence_interval(0.95)
    assert effect.t_p == pytest.approx(reference.pvalue, rel=1e-6, abs=1e-12)
    assert (effect.low, effect.high) == pytest.approx((interval.low, interval.high), rel=1e-6, abs=1e-9)


@settings(max_examples=25)
@given(st.lists(st.tuples(accuracies, accuracies), min_size=2, max_size=9))
def test_sign_flip_p_is_that_of_scipys_exact_permutation_test(arms: list[tuple[float, float]]) -> None:
    base, variant = np.array(arms).T
    # Whole numbers of images, so that no tie is lost to rounding in the reference.
    reference = scipy.stats.permutation_test(
        (np.rint(base * 1000), np.rint(variant * 1000)),
        lambda x, y, axis: np.sum(x - y, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=np.inf,
    )
    assert effect_of(arms).sign_flip_p == pytest.approx(min(1.0, reference.pvalue))


def test_sampled_sign_flip_agrees_with_the_normal_limit_and_is_reproducible() -> None:
    differences = [0.4 + math.sin(7.0 * index) for index in range(80)]
    p, exact = sign_flip_test(differences)
    z = sum(differences) / math.sqrt(sum(d * d for d in differences))
    assert not exact
    assert p == pytest.approx(2 * scipy.stats.norm.sf(abs(z)), abs=0.002)
    assert sign_flip_test(differences[::-1]) == (p, False)


def test_sampled_sign_flip_never_says_zero() -> None:
    p, exact = sign_flip_test([1.0] * 70)
    assert (p, exact) == (1 / (DRAWS + 1), False)


def test_sampled_and_exact_sign_flips_agree_where_they_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    exact, _ = sign_flip_test(MAIZE)
    monkeypatch.setattr("flowerablate.stats.effects.EXACT_UP_TO", 14)
    sampled, _ = sign_flip_test(MAIZE)
    assert sampled == pytest.approx(exact, abs=5 * math.sqrt(exact / DRAWS))


@given(pairs)
def test_swapping_the_arms_turns_the_effect_round(arms: list[tuple[float, float]]) -> None:
    forth, back = effect_of(arms), effect_of([(variant, base) for base, variant in arms])
    assert back.mean == -forth.mean
    assert back.sign_flip_p == forth.sign_flip_p
    assert (back.t_p, back.sd, back.mde) == (forth.t_p, forth.sd, forth.mde)
    if forth.low is not None and forth.high is not None:
        assert (back.low, back.high) == (-forth.high, -forth.low)


@given(pairs)
def test_the_interval_contains_the_mean_and_agrees_with_the_t_test(arms: list[tuple[float, float]]) -> None:
    effect = effect_of(arms)
    assume(effect.low is not None and effect.high is not None and effect.t_p is not None)
    assert effect.low < effect.mean < effect.high
    assume(abs(effect.t_p - 0.05) > 1e-9)
    assert (effect.low > 0 or effect.high < 0) == (effect.t_p < 0.05)


@given(pairs, st.integers(0, 2**32))
def test_the_order_of_replicates_changes_nothing(arms: list[tuple[float, float]], seed: int) -> None:
    shuffled = random.Random(seed).sample(arms, len(arms))
    one, other = effect_of(arms), effect_of(shuffled)
    assert sorted(one.differences) == sorted(other.differences)
    for name in ("base_mean", "mean", "sd", "low", "high", "t_p", "sign_flip_p", "mde", "correlation"):
        assert getattr(one, name) == getattr(other, name)


@given(pairs, st.integers(-1000, 1000).map(lambda number: number / 1000))
def test_a_shift_of_both_arms_leaves_the_effect(arms: list[tuple[float, float]], shift: float) -> None:
    one, other = effect_of(arms), effect_of([(base + shift, variant + shift) for base, variant in arms])
    assert other.mean == pytest.approx(one.mean, abs=1e-9)
    assert other.sign_flip_p == one.sign_flip_p
    assert other.has_t_test == one.has_t_test
    if one.t_p is not None:
        assert other.t_p == pytest.approx(one.t_p, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("n", [2, 3, 8])
def test_the_minimum_detectable_effect_is_found_in_four_of_five_studies(n: int) -> None:
    rng = np.random.default_rng(3)
    d = minimum_detectable_effect(1.0, n) + rng.standard_normal((20_000, n))
    found = np.mean(scipy.stats.ttest_1samp(d, 0, axis=1).pvalue <= 0.05)
    assert found == pytest.approx(0.8, abs=3 * math.sqrt(0.8 * 0.2 / 20_000))


def test_correlation_is_pearsons_and_missing_where_it_means_nothing() -> None:
    assert paired_effect(*SLEEP).correlation == pytest.approx(scipy.stats.pearsonr(*SLEEP).statistic)
    assert paired_effect([0.1, 0.2], [0.3, 0.5]).correlation is None
    assert paired_effect([0.1, 0.1, 0.1], [0.3, 0.5, 0.4]).correlation is None


def test_one_pair_has_no_interval_and_no_test() -> None:
    effect = paired_effect([0.9], [0.8])
    assert effect.mean == pytest.approx(0.1)
    assert (effect.sd, effect.low, effect.high, effect.t_p, effect.mde, effect.p) == (None,) * 6
    assert effect.sign_flip_p == 1


@pytest.mark.parametrize("n", [2, 3, 5, 9])
def test_equal_differences_have_no_t_test_and_only_the_sign_flip_remains(n: int) -> None:
    base = [0.80 + 0.011 * index for index in range(n)]
    effect = paired_effect(base, [value - 0.03 for value in base])
    assert (effect.low, effect.high, effect.t_p, effect.mde) == (None,) * 4
    assert effect.sd == 0
    assert effect.p == effect.sign_flip_p == sign_flip_floor(n)


def test_rounding_of_a_float32_metric_counts_as_a_standard_deviation_of_zero() -> None:
    base = [float(np.float32(right / 154)) for right in (120, 116)]
    variant = [float(np.float32(right / 154)) for right in (116, 112)]
    effect = paired_effect(base, variant)
    assert effect.differences[0] != effect.differences[1]
    assert not effect.has_t_test


def test_differences_that_are_only_rounding_are_no_differences() -> None:
    base = [0.1 + 0.2 for _ in range(8)]
    assert paired_effect(base, [0.3] * 8).p == 1


@pytest.mark.parametrize(
    ("base", "variant"), [([], []), ([0.1], [0.1, 0.2]), ([math.nan, 0.1], [0.1, 0.2]), ([0.1], [math.inf])]
)
def test_what_cannot_be_compared_is_refused(base: list[float], variant: list[float]) -> None:
    with pytest.raises(ValueError, match=r"pair|finite"):
        paired_effect(base, variant)


def test_a_level_outside_zero_to_one_is_refused() -> None:
    with pytest.raises(ValueError, match="level"):
        paired_effect([0.1, 0.2], [0.1, 0.3], level=95)


@pytest.mark.parametrize("n", [2, 3, 5, 10])
def test_the_interval_covers_the_truth_in_about_95_of_100_studies(n: int) -> None:
    rng = np.random.default_rng(n)
    covered = 0
    studies = 600
    for _ in range(studies):
        split = rng.normal(0.85, 0.03, n)  # shared by both arms, as in a real pair
        base, variant = split + rng.normal(0, 0.01, n), split - 0.02 + rng.normal(0, 0.01, n)
        effect = paired_effect(base.tolist(), variant.tolist())
        assert effect.low is not None
        assert effect.high is not None
        covered += effect.low <= 0.02 <= effect.high
    assert 0.92 <= covered / studies <= 0.98

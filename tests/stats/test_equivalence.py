"""TOST against statsmodels, by hand, and by what it must never do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from statsmodels.stats.weightstats import ttost_paired

from flowerablate.stats import equivalence_test, paired_effect

accuracies = st.integers(0, 1000).map(lambda right: right / 1000)
pairs = st.lists(st.tuples(accuracies, accuracies), min_size=2, max_size=12)
margins = st.floats(0.001, 1)


@given(pairs, margins)
def test_both_one_sided_tests_are_those_of_statsmodels(arms: list[tuple[float, float]], margin: float) -> None:
    base, variant = np.array(arms).T
    effect = paired_effect(base.tolist(), variant.tolist())
    assume(effect.has_t_test)
    test = equivalence_test(effect, margin)
    assert test is not None
    p, (_, above, _), (_, below, _) = ttost_paired(base, variant, -margin, margin)
    assert (test.above_p, test.below_p) == pytest.approx((above, below), rel=1e-6, abs=1e-12)
    assert test.p == pytest.approx(p, rel=1e-6, abs=1e-12)


def test_an_example_by_hand() -> None:
    # d = 1, 2, 3 hundredths: mean 2, s_d 1, se 1 / sqrt(3). Against 5: t = 3 sqrt(3) = 5.196 and 7 sqrt(3) = 12.12.
    test = equivalence_test(paired_effect([0.91, 0.92, 0.93], [0.90, 0.90, 0.90]), 0.05)
    assert test is not None
    # With two degrees of freedom P(T > t) = 1/2 - t / (2 sqrt(t^2 + 2)), so t = 5.196 gives .01755, t = 12.12 .00337.
    assert test.below_p == pytest.approx(0.5 - 5.19615 / (2 * (27 + 2) ** 0.5), abs=1e-6)
    assert test.above_p == pytest.approx(0.5 - 12.12436 / (2 * (147 + 2) ** 0.5), abs=1e-6)
    assert test.p == test.below_p
    # t(.95, 2) = 2.919986, over sqrt(3) = 1.685854 hundredths
    assert (test.low, test.high) == pytest.approx((0.02 - 0.01685854, 0.02 + 0.01685854), abs=1e-8)


@given(pairs, margins)
def test_the_interval_lies_within_the_margin_just_when_the_test_says_so(arms, margin) -> None:
    test = equivalence_test(paired_effect(*zip(*arms, strict=True)), margin)
    assert test is not None
    assume(test.low is not None and test.high is not None and abs(test.p - 0.05) > 1e-9)
    assert (-margin < test.low and test.high < margin) == (test.p < 0.05)


@given(pairs, margins, st.floats(1.001, 5))  # what is wider by a last bit only, the rounding of Student's t decides
def test_a_wider_margin_is_never_harder_to_keep(arms, margin: float, factor: float) -> None:
    effect = paired_effect(*zip(*arms, strict=True))
    narrow, wide = equivalence_test(effect, margin), equivalence_test(effect, factor * margin)
    assert narrow is not None
    assert wide is not None
    assert wide.p <= narrow.p


@given(pairs, margins)
def test_swapping_the_arms_swaps_the_sides(arms: list[tuple[float, float]], margin: float) -> None:
    base, variant = zip(*arms, strict=True)
    forth, back = (equivalence_test(paired_effect(*each), margin) for each in ((base, variant), (variant, base)))
    assert forth is not None
    assert back is not None
    assert (forth.above_p, forth.below_p) == pytest.approx((back.below_p, back.above_p))


@pytest.mark.parametrize("n", [2, 5])
def test_equal_differences_are_judged_by_their_signs(n: int) -> None:
    base = [0.80 + 0.011 * index for index in range(n)]
    effect = paired_effect(base, [value - 0.03 for value in base])
    inside, outside, at = (equivalence_test(effect, margin) for margin in (0.05, 0.02, 0.03))
    assert inside is not None
    assert outside is not None
    assert at is not None
    assert (inside.above_p, inside.below_p, inside.low) == (2.0**-n, 2.0**-n, None)
    assert (outside.above_p, outside.below_p) == (2.0**-n, 1.0)
    assert at.below_p == 1.0


def test_a_single_pair_has_no_test() -> None:
    assert equivalence_test(paired_effect([0.9], [0.9]), 0.1) is None


@pytest.mark.parametrize("margin", [0.0, -0.1, float("nan"), float("inf")])
def test_a_margin_must_be_positive(margin: float) -> None:
    with pytest.raises(ValueError, match="margin must be positive"):
        equivalence_test(paired_effect([0.9, 0.8], [0.7, 0.9]), margin)


@pytest.mark.parametrize("n", [2, 3, 8])
def test_an_effect_at_the_margin_is_rarely_called_equivalent(n: int) -> None:
    rng = np.random.default_rng(n)
    wrong, studies = 0, 600
    for _ in range(studies):
        split = rng.normal(0.85, 0.03, n)
        effect = paired_effect((split + 0.01 + rng.normal(0, 0.005, n)).tolist(), split.tolist())
        test = equivalence_test(effect, 0.01)
        wrong += test is not None and test.p <= 0.05
    assert wrong / studies <= 0.077  # .05 and three standard errors

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowerablate.stats import equivalence_test, minimum_detectable_effect, paired_effect
from flowerablate.stats.forecast import HORIZON, until_difference, until_negligible

VAGUE = paired_effect([0.90, 0.91, 0.92], [0.89, 0.92, 0.88])
"""d = .01, -.01, .04"""


def test_the_missing_replicates_are_the_fewest_whose_detectable_effect_is_small_enough() -> None:
    more = until_difference(VAGUE, 0.05)
    assert more is not None
    assert VAGUE.sd is not None
    assert minimum_detectable_effect(VAGUE.sd, VAGUE.n + more) <= VAGUE.mean
    assert minimum_detectable_effect(VAGUE.sd, VAGUE.n + more - 1) > VAGUE.mean


def test_a_stricter_level_needs_more_replicates() -> None:
    for forecast in (until_difference, lambda effect, alpha: until_negligible(effect, 0.05, alpha)):
        few, many = forecast(VAGUE, 0.05), forecast(VAGUE, 0.05 / 10)
        assert few is not None
        assert many is not None
        assert many > few


@given(st.floats(0.02, 0.2), st.floats(1.01, 3))
def test_a_wider_margin_needs_no_more_replicates(margin: float, factor: float) -> None:
    narrow, wide = (until_negligible(VAGUE, width, 0.05) for width in (margin, factor * margin))
    assert (math.inf if wide is None else wide) <= (math.inf if narrow is None else narrow)


def test_what_lies_outside_the_margin_will_not_become_negligible() -> None:
    assert until_negligible(VAGUE, VAGUE.mean / 2, 0.05) is None


def test_equal_differences_go_by_the_signs() -> None:
    equal = paired_effect([0.90, 0.85], [0.80, 0.75])
    assert until_difference(equal, 0.05) == 4  # 2 / 2^6 = .031
    assert until_negligible(equal, 0.2, 0.05) == 3  # 2^-5 = .031
    nothing = paired_effect([0.9, 0.8], [0.9, 0.8])
    assert until_difference(nothing, 0.05) is None


def test_what_is_too_far_ahead_is_not_promised() -> None:
    assert until_difference(paired_effect([0.90, 0.80, 0.85], [0.80, 0.899, 0.85]), 0.05) is None
    assert until_negligible(VAGUE, VAGUE.mean * 1.001, 0.05) is None
    assert HORIZON == 100


@pytest.mark.parametrize(("mean", "margin"), [(0.0, 1.0), (0.4, 1.2)])
def test_with_the_replicates_it_names_equivalence_is_shown_in_about_four_of_five_studies(mean, margin) -> None:
    rng = np.random.default_rng(5)
    pilot = rng.standard_normal(4)
    pilot = (pilot - pilot.mean()) / pilot.std(ddof=1) + mean
    more = until_negligible(paired_effect(pilot.tolist(), [0.0] * 4), margin, 0.05)
    assert more is not None
    n, studies, shown = 4 + more, 600, 0
    for _ in range(studies):
        test = equivalence_test(paired_effect(rng.normal(mean, 1, n).tolist(), [0.0] * n), margin)
        shown += test is not None and test.p <= 0.05
    assert 0.75 <= shown / studies <= 0.92

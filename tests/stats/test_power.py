"""The power of t tests."""

from __future__ import annotations

import numpy as np
import pytest

from flowerablate.stats.power import detectable_noncentrality, one_sided_power, two_sided_power


@pytest.mark.parametrize("df", [1, 2.5, 4, 19, 300])
@pytest.mark.parametrize("alpha", [0.05, 0.005])
@pytest.mark.parametrize("effect", [0.0, 1.0, 3.0, 8.0])
def test_power_is_that_of_statsmodels(df: float, alpha: float, effect: float) -> None:
    power = pytest.importorskip("statsmodels.stats.power")
    for found, alternative in ((two_sided_power, "two-sided"), (one_sided_power, "larger")):
        expected = power.ttest_power(effect, 1, alpha, df, alternative)  # one pair: the effect is in standard errors
        if np.isfinite(expected):
            assert found(effect, df, alpha) == pytest.approx(expected, abs=2e-5)


@pytest.mark.parametrize("df", [1, 4, 50])
def test_without_an_effect_the_power_is_the_level(df: float) -> None:
    assert two_sided_power(0.0, df, 0.05) == pytest.approx(0.05, abs=1e-5)
    assert one_sided_power(0.0, df, 0.05) == pytest.approx(0.05, abs=1e-5)


def test_what_is_detectable_has_the_power_that_was_asked_for() -> None:
    for df in (1.0, 3.7, 30.0):
        for alpha in (0.05, 0.0005):
            found = detectable_noncentrality(df, alpha)
            assert two_sided_power(found, df, alpha) == pytest.approx(0.8, abs=1e-6)
            assert detectable_noncentrality(df, alpha, 0.9) > found
    assert detectable_noncentrality(1e6, 0.05) == pytest.approx(1.959964 + 0.841621, abs=1e-4)


def test_a_test_that_rejects_as_often_without_an_effect_detects_any() -> None:
    assert detectable_noncentrality(4, 0.9) == 0
    with pytest.raises(ValueError, match="between 0 and 1"):
        detectable_noncentrality(4, 0.0)

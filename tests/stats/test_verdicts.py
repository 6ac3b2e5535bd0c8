from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowerablate.stats import decide, minimum_detectable_effect, paired_effect
from flowerablate.stats.verdicts import HORIZON, lower_is_better_by_name, more_replicates, pairs_to_reach

CLEAR = paired_effect([0.90, 0.91, 0.92], [0.80, 0.82, 0.81])
"""d = .10, .09, .11"""
CLEAR_LOSS = paired_effect([0.80, 0.82, 0.81], [0.90, 0.91, 0.92])
VAGUE = paired_effect([0.90, 0.91, 0.92], [0.89, 0.92, 0.88])
"""d = .01, -.01, .04"""


@pytest.mark.parametrize(
    ("effect", "swap", "lower_is_better", "word"),
    [
        (CLEAR, False, False, "helps"),
        (CLEAR_LOSS, False, False, "hurts"),
        (CLEAR, True, False, "base wins"),
        (CLEAR_LOSS, True, False, "swap wins"),
        (CLEAR, False, True, "hurts"),
        (CLEAR_LOSS, True, True, "base wins"),
        (VAGUE, False, False, "undecided"),
        (VAGUE, True, True, "undecided"),
    ],
)
def test_the_word_follows_from_sign_direction_and_kind_of_change(effect, swap, lower_is_better, word) -> None:
    assert decide(effect, effect.p, swap=swap, lower_is_better=lower_is_better).verdict == word


def test_the_adjusted_p_decides_and_not_the_raw_one() -> None:
    assert CLEAR.p is not None
    assert CLEAR.p < 0.05
    assert decide(CLEAR, 0.051, swap=False, factor=10).verdict == "undecided"
    assert decide(CLEAR, 0.05, swap=False).verdict == "helps"


def test_one_pair_asks_for_more_seeds() -> None:
    decision = decide(paired_effect([0.9], [0.1]), None, swap=False)
    assert (decision.verdict, decision.reason) == ("undecided", "n = 1: no interval; run more seeds")


def test_two_equal_differences_never_decide() -> None:
    effect = paired_effect([0.90, 0.85], [0.80, 0.75])
    decision = decide(effect, effect.p, swap=False)
    assert decision.verdict == "undecided"
    assert decision.reason == "all differences are equal, so no interval; about 4 more replicates would decide"


def test_equal_differences_decide_once_the_exact_sign_flip_test_can() -> None:
    base = [0.80 + 0.01 * index for index in range(6)]
    effect = paired_effect(base, [value - 0.05 for value in base])
    decision = decide(effect, effect.p, swap=False)
    assert decision.verdict == "helps"
    assert "sign flip" in decision.reason


def test_a_change_without_any_difference_is_doubted() -> None:
    effect = paired_effect([0.9] * 10, [0.9] * 10)
    decision = decide(effect, effect.p, swap=False)
    assert decision.verdict == "undecided"
    assert "does the change do anything?" in decision.reason


def test_the_missing_replicates_are_the_fewest_whose_detectable_effect_is_small_enough() -> None:
    more = more_replicates(VAGUE, 0.05)
    assert more is not None
    assert VAGUE.sd is not None
    assert minimum_detectable_effect(VAGUE.sd, VAGUE.n + more) <= VAGUE.mean
    assert minimum_detectable_effect(VAGUE.sd, VAGUE.n + more - 1) > VAGUE.mean
    assert decide(VAGUE, VAGUE.p, swap=False).reason == f"about {more} more replicates would decide"


def test_a_stricter_level_needs_more_replicates() -> None:
    few, many = more_replicates(VAGUE, 0.05), more_replicates(VAGUE, 0.05 / 10)
    assert few is not None
    assert many is not None
    assert many > few


def test_far_away_decisions_are_not_counted() -> None:
    effect = paired_effect([0.90, 0.80, 0.85], [0.80, 0.899, 0.85])
    decision = decide(effect, effect.p, swap=False)
    assert decision.more is None
    assert decision.reason == f"more than {HORIZON} more replicates would be needed"


@given(st.floats(1e-6, 0.5))
def test_pairs_to_reach_is_the_first_n_whose_smallest_p_is_within_the_level(alpha: float) -> None:
    n = pairs_to_reach(alpha)
    assert 2 / 2**n <= alpha * (1 + 1e-12)
    assert 2 / 2 ** (n - 1) > alpha * (1 - 1e-12)


@pytest.mark.parametrize(("metric", "lower"), [("loss", True), ("log_loss", True), ("accuracy", False), ("auc", False)])
def test_losses_and_errors_are_better_when_lower(metric: str, lower: bool) -> None:
    assert lower_is_better_by_name(metric) is lower


@pytest.mark.parametrize("images", [30, 100, 1000])
@pytest.mark.parametrize("n", [2, 3, 6])
def test_a_change_that_does_nothing_is_rarely_judged_however_coarse_the_metric(n: int, images: int) -> None:
    rng = np.random.default_rng(100 * n + images)
    studies = 250
    wrong = 0
    for _ in range(studies):
        split = rng.normal(0.85, 0.02, n)
        base, variant = (np.rint(images * (split + rng.normal(0, 0.02, n))) / images for _ in range(2))
        effect = paired_effect(base.tolist(), variant.tolist())
        wrong += decide(effect, effect.p, swap=False).verdict != "undecided"
    assert wrong / studies <= 0.09  # .05 and three standard errors

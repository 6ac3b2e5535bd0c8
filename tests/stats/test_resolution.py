"""The resolution of a metric, and differences that it makes look equal."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowerablate.contracts import Contrast, Rules, TrialResult
from flowerablate.stats import paired_effect, summarise
from flowerablate.stats.resolution import TEST_IMAGES, resolution_of, rounding_sd


@pytest.fixture
def counted(trial):
    """Trials whose accuracy is a number of right answers on so many test images."""

    def make(images, **right):
        return [
            trial("" if change == "base" else f"-{change}", seed, count / images, facts={TEST_IMAGES: float(images)})
            for change, counts in right.items()
            for seed, count in enumerate(counts)
        ]

    return make


def test_the_step_of_an_accuracy_is_one_image(counted) -> None:
    assert resolution_of(counted(300, base=[250, 251]), "accuracy") == 1 / 300
    assert resolution_of([*counted(300, base=[250]), *counted(200, x=[150])], "accuracy") == 1 / 200


def test_a_step_that_is_not_known_is_the_smallest_distance_between_two_values(counted, trial) -> None:
    between = [*counted(300, base=[250, 253]), *counted(300, x=[250.5])]
    assert resolution_of(between, "accuracy") == pytest.approx(0.5 / 300)
    three = [trial("", 0, 0.9), trial("", 1, 0.97), trial("-x", 0, 0.95)]
    assert resolution_of(three, "accuracy") == pytest.approx(0.02)
    for noise in (1e-9, 5e-7):  # as from another order of summation
        assert resolution_of([trial("", 0, 0.9), trial("-x", 0, 0.9 + noise)], "accuracy") == 0
    assert resolution_of(counted(300, base=[250]), "log_loss") == 0


def test_equal_differences_are_judged_like_nearly_equal_ones(counted) -> None:
    base = [90, 91, 92, 90, 89]
    verdicts = [
        summarise(counted(100, base=base, x=[count - less for count, less in zip(base, lost, strict=True)])).rows[0]
        for lost in ([3, 3, 3, 3, 3], [3, 3, 3, 3, 4], [3, 3, 3, 4, 4], [0, 0, 0, 0, 0])
    ]
    assert [row.verdict for row in verdicts] == ["helps", "helps", "helps", "undecided"]
    equal, nearly, less_nearly, none = (row.effect for row in verdicts)
    assert equal.t_p < nearly.t_p < less_nearly.t_p < none.t_p == 1
    assert equal.sd == 0
    assert equal.assumed_sd == pytest.approx(0.01 / math.sqrt(12))
    assert equal.high - equal.low < nearly.high - nearly.low
    assert "sign flip" not in verdicts[0].reason


@pytest.mark.parametrize("lost", [[0, 0], [5, 5], [1, 1, 1], [0, 0, 0, 1], [-2, -2, -2, -2, -2]])
def test_every_row_of_two_pairs_or_more_has_an_interval(counted, lost) -> None:
    (row,) = summarise(counted(100, base=[80] * len(lost), x=[80 - less for less in lost])).rows
    assert row.effect.low < row.effect.mean < row.effect.high
    assert row.effect.assumed_sd == pytest.approx(max(row.effect.sd, 0.01 / math.sqrt(12)))


def test_planned_looks_know_the_resolution_too(counted) -> None:
    base = [90, 91, 92, 90, 89]
    results = counted(100, base=base, x=[count - 3 for count in base])
    (row,) = summarise(results, rules=Rules(looks=(5, 10))).rows
    assert row.effect.low is not None
    assert row.evidence.test == "paired t"


def test_a_contrast_of_many_variants_rounds_less() -> None:
    assert rounding_sd(0.01) == pytest.approx(0.01 / math.sqrt(12))
    assert rounding_sd(0.01, 4.0) == pytest.approx(math.sqrt(2) * 0.01 / math.sqrt(12))
    main_effect = Contrast("a", "main effect", dict.fromkeys("abcd", 0.5), "a")
    assert sum(weight**2 for weight in main_effect.weights.values()) == 1


def test_the_floor_decides_more_and_makes_no_more_false_findings_than_the_level() -> None:
    random = np.random.default_rng(5)
    found = {0.0: 0, rounding_sd(0.02): 0}
    for _ in range(4000):
        shared = random.binomial(50, 0.01, 3)
        base, variant = ((shared + random.binomial(50, 0.01, 3)) / 50 for _ in range(2))
        for floor in found:
            found[floor] += paired_effect(base.tolist(), variant.tolist(), rounding_sd=floor).p <= 0.05
    without, with_floor = (count / 4000 for count in found.values())
    assert without < with_floor < 0.05


@given(st.integers(-6, 6), st.integers(3, 12), st.sampled_from([100, 0]))
def test_a_difference_that_moves_away_from_the_others_makes_no_test_surer(size, n, images) -> None:
    """From equal differences, of a known step or not: neither «it helps» nor «it is negligible» gets easier."""
    lost = [size] * n
    moved = [*lost[1:], size + (1 if size <= 0 else -1)]

    def judged(less):
        facts = {TEST_IMAGES: 100.0} if images else {}
        base = [90 + seed % 2 for seed in range(len(less))]
        arms = {"": base, "-x": [right - each for right, each in zip(base, less, strict=True)]}
        trials = [
            TrialResult(f"{change}{seed}", "b", change, seed, {"accuracy": count / 100}, {}, 1, 1, False, facts=facts)
            for change, counts in arms.items()
            for seed, count in enumerate(counts)
        ]
        others = [replace(trial, change="-y", trial_id=f"y{trial.seed}") for trial in trials if trial.change]
        return summarise([*trials, *others], rules=Rules(margin=0.02)).rows[0].evidence

    equal, apart = judged(lost), judged(moved)
    if size:
        assert equal.p <= apart.p
    if size == 0:
        assert equal.equivalence_p <= apart.equivalence_p


def test_a_float32_is_on_the_grid_and_ones_alone_say_nothing(trial) -> None:
    single = float(np.float32(87 / 154))
    facts = {TEST_IMAGES: 154.0}
    assert resolution_of([trial("", 0, single, facts=facts)], "accuracy") == 1 / 154
    assert resolution_of([trial("", 0, 1.0, facts=facts), trial("", 1, 1.0, facts=facts)], "accuracy") == 0


def test_noise_of_floats_has_no_verdict(arms) -> None:
    base = [0.9, 0.91, 0.92, 0.89, 0.93]
    (row,) = summarise(arms(base=base, a=[value + 5e-7 for value in base])).rows
    assert row.effect.is_zero
    assert row.verdict == "undecided"

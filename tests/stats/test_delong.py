"""DeLong's areas against all pairs of images, scikit-learn, and the bootstrap."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from flowerablate.stats.delong import (
    area_per_image,
    delong,
    macro_area_per_image,
    midranks,
    structural_components,
)

# Coarse scores, so that ties are frequent.
images = st.lists(st.tuples(st.booleans(), st.integers(0, 6).map(lambda score: score / 6)), min_size=4, max_size=30)
with_both = images.filter(lambda drawn: 0 < sum(truth for truth, _ in drawn) < len(drawn))


def of_all_pairs(truth: list[bool], scores: list[float]) -> tuple[float, list[float], list[float]]:
    """The definition, pair by pair."""
    positives = [score for is_one, score in zip(truth, scores, strict=True) if is_one]
    negatives = [score for is_one, score in zip(truth, scores, strict=True) if not is_one]

    def wins(positive: float, negative: float) -> float:
        return 1.0 if positive > negative else 0.5 if positive == negative else 0.0

    beaten = [sum(wins(p, n) for n in negatives) / len(negatives) for p in positives]
    beating = [sum(wins(p, n) for p in positives) / len(positives) for n in negatives]
    area = sum(wins(p, n) for p, n in itertools.product(positives, negatives)) / len(positives) / len(negatives)
    return area, beaten, beating


def drawn(
    seed: int, count: int, *, gains: tuple[float, ...] = (1.0, 0.8)
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Truth and correlated scores of several models of *count* images."""
    rng = np.random.default_rng(seed)
    truth = rng.random(count) < 0.35
    shared = rng.normal(size=count)
    return truth, np.stack([gain * truth + 0.7 * shared + 0.7 * rng.normal(size=count) for gain in gains])


def test_a_small_example_by_hand() -> None:
    area, beaten, beating = structural_components(
        [True, True, True, False, False, False], [0.8, 0.4, 0.6, 0.3, 0.5, 0.4]
    )
    assert area == pytest.approx(5 / 6)
    assert beaten == pytest.approx([1, 0.5, 1])
    assert beating == pytest.approx([1, 2 / 3, 5 / 6])
    variance = delong([True, True, True, False, False, False], [0.8, 0.4, 0.6, 0.3, 0.5, 0.4]).covariance
    assert variance == pytest.approx(np.array([[(1 / 12) / 3 + (1 / 36) / 3]]))


@given(with_both)
def test_components_are_those_of_all_pairs(drawn: list[tuple[bool, float]]) -> None:
    truth, scores = [one for one, _ in drawn], [score for _, score in drawn]
    area, beaten, beating = structural_components(truth, scores)
    expected = of_all_pairs(truth, scores)
    assert area == pytest.approx(expected[0])
    assert beaten == pytest.approx(expected[1])
    assert beating == pytest.approx(expected[2])


@given(with_both)
def test_the_area_is_that_of_scikit_learn(drawn: list[tuple[bool, float]]) -> None:
    truth, scores = [one for one, _ in drawn], [score for _, score in drawn]
    assert structural_components(truth, scores)[0] == pytest.approx(roc_auc_score(truth, scores))


@given(st.lists(st.integers(0, 5).map(float), min_size=1, max_size=20))
def test_midranks_are_those_of_scipy(values: list[float]) -> None:
    assert midranks(np.array(values)).tolist() == scipy.stats.rankdata(values).tolist()


def test_only_the_order_of_scores_matters() -> None:
    truth, scores = drawn(1, 80)
    one, other = delong(truth, scores), delong(truth, np.exp(3 * scores))
    assert np.array_equal(one.values, other.values)
    assert np.array_equal(one.covariance, other.covariance)


def test_the_variance_of_an_area_and_of_a_difference_are_those_of_the_bootstrap() -> None:
    truth, scores = drawn(2, 240)
    rng = np.random.default_rng(3)
    kinds = [np.flatnonzero(truth), np.flatnonzero(~truth)]
    areas = []
    for _ in range(2000):
        again = np.concatenate([rng.choice(kind, len(kind)) for kind in kinds])
        areas.append([structural_components(truth[again], row[again])[0] for row in scores])
    found = delong(truth, scores)
    assert found.covariance == pytest.approx(np.cov(np.array(areas).T), rel=0.1)
    difference, error = found.difference(0, 1)
    assert difference == pytest.approx(roc_auc_score(truth, scores[0]) - roc_auc_score(truth, scores[1]))
    assert error == pytest.approx(np.std(np.diff(np.array(areas), axis=1)), rel=0.06)


def test_a_model_does_not_differ_from_itself() -> None:
    truth, scores = drawn(4, 50)
    assert delong(truth, [scores[0], scores[0]]).difference(0, 1) == (0.0, 0.0)


@pytest.mark.parametrize("seed", range(5))
def test_per_image_the_area_is_a_mean_with_delongs_variance(seed: int) -> None:
    truth, scores = drawn(seed, 60)
    parts = np.stack([area_per_image(truth, row) for row in scores])
    whole = delong(truth, scores)
    assert parts.mean(axis=1) == pytest.approx(whole.values)
    assert np.cov(parts) / 60 == pytest.approx(whole.covariance)
    assert math.sqrt(np.var(parts[0] - parts[1], ddof=1) / 60) == pytest.approx(whole.difference(0, 1)[1])


def test_of_several_classes_the_area_is_the_mean_of_one_against_the_rest() -> None:
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 3, 90)
    probabilities = rng.dirichlet([1, 1, 1], 90) * 0.6 + 0.4 * np.eye(3)[labels] * rng.random((90, 1))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    parts = macro_area_per_image(labels, probabilities)
    assert parts.mean() == pytest.approx(roc_auc_score(labels, probabilities, multi_class="ovr", average="macro"))
    two = probabilities[:, :2] / probabilities[:, :2].sum(axis=1, keepdims=True)
    assert macro_area_per_image(labels % 2, two).mean() == pytest.approx(roc_auc_score(labels % 2, two[:, 1]))


@pytest.mark.parametrize(
    ("truth", "scores", "message"),
    [
        ([True, True], [0.1, 0.2], "a positive and a negative"),
        ([True, False], [0.1, math.nan], "not a number"),
        ([True, False], [0.1, 0.2, 0.3], "one score for each"),
    ],
)
def test_where_there_is_no_area_it_says_so(truth: list[bool], scores: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        structural_components(truth, scores)


def test_a_single_positive_has_an_area_but_no_variance() -> None:
    truth, scores = [True, False, False], [0.5, 0.2, 0.7]
    assert area_per_image(truth, scores).mean() == pytest.approx(0.5)
    with pytest.raises(ValueError, match="two positive and two negative"):
        delong(truth, scores)


@pytest.mark.slow
def test_two_equally_good_models_are_told_apart_in_one_of_twenty_test_sets() -> None:
    hits = 0
    for seed in range(4000):
        truth, scores = drawn(seed, 100, gains=(1.0, 1.0))
        difference, error = delong(truth, scores).difference(0, 1)
        hits += abs(difference) > 1.959964 * error
    assert 0.04 < hits / 4000 < 0.065  # standard error .0034; the normal approximation is a little liberal

"""A feature that tells the class is told from one that does not."""

import numpy as np
import pytest

from flowerablate.data.check.shortcuts import separation

NUMBERS = np.random.default_rng(5)
LABELS = np.repeat([0, 1, 2], 100)


def test_a_feature_that_is_the_class_separates_perfectly():
    found = separation(LABELS.astype(float), LABELS)
    assert found.auc == pytest.approx(1.0)
    assert found.surprising


def test_noise_is_never_surprising():
    found = [separation(NUMBERS.normal(size=300), LABELS) for _ in range(50)]
    assert not any(each.surprising for each in found)


def test_a_constant_tells_nothing():
    found = separation(np.ones(300), LABELS)
    assert found.auc == 0.5
    assert not found.surprising


def test_a_class_between_the_others_is_found_too():
    """A class of square images among flat and tall ones: no threshold finds it, a histogram does."""
    aspect = np.where(LABELS == 1, 1.0, np.where(NUMBERS.random(300) < 0.5, 0.6, 1.6)) + NUMBERS.normal(0, 0.02, 300)
    found = separation(aspect, LABELS)
    assert found.label == 1
    assert found.auc > 0.95


def test_the_area_of_two_shifted_bells_is_what_theory_says():
    """Two normal distributions one deviation apart: area Phi(1 / sqrt 2) = .7602 (a histogram gives a little less)."""
    labels = np.repeat([0, 1], 5000)
    found = separation(NUMBERS.normal(size=10000) + labels, labels)
    assert found.auc == pytest.approx(0.7602, abs=0.015)


def test_a_handful_of_images_is_not_judged():
    assert separation(np.arange(12.0), np.repeat([0, 1], 6)) is None


def test_the_same_images_give_the_same_figure():
    values = NUMBERS.normal(size=300) + 0.5 * LABELS
    assert separation(values, LABELS) == separation(values.copy(), LABELS.copy())

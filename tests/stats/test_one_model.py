"""Metrics of one model with intervals over its images."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowerablate.contracts import Metric, MetricInfo
from flowerablate.stats.delong import delong, macro_area_per_image
from flowerablate.stats.one_model import (
    by_class,
    calibration_error,
    confusion_matrix,
    estimate_metric,
    reliability,
    wilson,
)

PERCENT = MetricInfo("m", percent=True)


@given(st.integers(1, 500), st.data())
def test_wilsons_interval_is_that_of_statsmodels(of, data):
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    right = data.draw(st.integers(0, of))
    low, high = proportion.proportion_confint(right, of, 0.05, "wilson")
    found = wilson(right, of)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-9)
    assert found.low <= found.value <= found.high


def test_a_share_of_nothing_is_not_defined():
    assert math.isnan(wilson(0, 0).value)


def drawn(count=60, classes=2):
    numbers = np.random.default_rng(3)
    labels = np.arange(count) % classes
    scores = numbers.standard_normal((count, classes)) + 1.5 * np.eye(classes)[labels]
    return labels, np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)


def test_the_area_under_the_curve_has_delongs_interval():
    labels, p = drawn()
    areas = delong(labels == 1, p[:, 1])
    metric = Metric(lambda y, q: float(macro_area_per_image(y, q).mean()), macro_area_per_image)
    found = estimate_metric(metric, PERCENT, labels, p)
    half = 1.959964 * math.sqrt(areas.covariance[0, 0])
    assert found.value == pytest.approx(areas.values[0])
    assert found.low == pytest.approx(areas.values[0] - half, abs=1e-6)
    assert found.high == pytest.approx(min(1, areas.values[0] + half), abs=1e-6)


def test_a_share_of_right_answers_has_wilsons_and_other_metrics_a_bootstrap_that_repeats():
    labels, p = drawn()

    def right(y, q):
        return (q.argmax(axis=1) == y).astype(float)

    fraction = estimate_metric(Metric(lambda y, q: float(right(y, q).mean()), right), PERCENT, labels, p)
    assert fraction.how == "Wilson"
    other = Metric(lambda y, q: float(np.median(q[np.arange(len(y)), y])))
    one, again = (estimate_metric(other, PERCENT, labels, p) for _ in range(2))
    assert one == again
    assert one.how == "bootstrap"
    assert one.low < one.value < one.high


def test_what_shows_no_chance_has_no_interval_rather_than_one_without_width():
    labels = np.array([0] * 30 + [1] * 3)
    p = np.stack([1.0 - labels, 1.0 * labels], axis=1)

    def area(y, q):
        return macro_area_per_image(y, q) if len(np.unique(y)) == 2 else np.full(len(y), np.nan)

    perfect = estimate_metric(Metric(lambda y, q: float(area(y, q).mean()), area), PERCENT, labels, p)
    found = [perfect, estimate_metric(Metric(lambda y, q: 1.0), PERCENT, labels, p)]
    assert [(one.value, one.how) for one in found] == [(1.0, "mean over images"), (1.0, "bootstrap")]
    assert all(math.isnan(one.low) and math.isnan(one.high) for one in found)


def test_a_risk_of_nothing_is_no_share():
    labels, p = drawn()
    free = Metric(lambda y, q: 0.0, lambda y, q: np.zeros(len(y)))
    assert math.isnan(estimate_metric(free, MetricInfo("nats"), labels, p).high)


def test_a_metric_that_is_not_defined_has_no_interval():
    labels, p = drawn()
    found = estimate_metric(Metric(lambda y, q: math.nan), PERCENT, labels, p)
    assert math.isnan(found.value)
    assert math.isnan(found.low)


def test_sensitivity_and_specificity_are_counted_from_the_confusion_matrix():
    labels, predicted = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 1, 0])
    counts = confusion_matrix(labels, predicted, 3)
    assert counts.tolist() == [[2, 1, 0], [0, 2, 0], [1, 0, 0]]
    zero, one, two = by_class(counts, ("a", "b", "c"))
    assert (zero.images, zero.sensitivity.value, zero.specificity.value) == (
        3,
        pytest.approx(2 / 3),
        pytest.approx(2 / 3),
    )
    assert (one.sensitivity.value, one.precision.value) == (1.0, pytest.approx(2 / 3))
    assert two.sensitivity.value == 0
    assert math.isnan(two.precision.value)


def test_the_bins_of_confidence_hold_every_image_once():
    labels, p = drawn(200, 3)
    bins = reliability(labels, p)
    assert sum(bin.images for bin in bins) == 200
    assert all(bin.low < bin.confidence <= bin.high for bin in bins)
    mean = sum(bin.images * bin.accuracy for bin in bins) / 200
    assert mean == pytest.approx((p.argmax(axis=1) == labels).mean())
    assert calibration_error(bins) >= 0


def test_a_model_that_is_as_right_as_it_says_has_no_calibration_error():
    p = np.tile([0.75, 0.25], (4, 1))
    assert calibration_error(reliability(np.array([0, 0, 0, 1]), p)) == pytest.approx(0)

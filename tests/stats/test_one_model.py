"""Metrics of one model with intervals over its images."""

import math
from dataclasses import replace

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


def area_metric(classes=2):
    """The area under the ROC curve as a metric, the mean over classes of one against the rest."""
    wanted = [1] if classes == 2 else range(classes)
    return Metric(
        lambda y, q: float(macro_area_per_image(y, q).mean()),
        macro_area_per_image,
        areas=lambda y, q: [(y == one, q[:, one]) for one in wanted],
    )


def test_a_mean_over_images_whose_parts_are_delongs_has_delongs_interval():
    labels, p = drawn()
    areas = delong(labels == 1, p[:, 1])
    metric = Metric(lambda y, q: float(macro_area_per_image(y, q).mean()), macro_area_per_image)
    found = estimate_metric(metric, PERCENT, labels, p)
    half = 1.959964 * math.sqrt(areas.covariance[0, 0])
    assert found.value == pytest.approx(areas.values[0])
    assert found.low == pytest.approx(areas.values[0] - half, abs=1e-6)
    assert found.high == pytest.approx(min(1, areas.values[0] + half), abs=1e-6)


def test_the_limits_of_an_area_are_those_that_newcombes_equation_names():
    labels, p = drawn()
    found = estimate_metric(area_metric(), PERCENT, labels, p)
    area, m, n = found.value, 30, 30
    assert found.how == "Newcombe, images"
    assert found.low < area < found.high < 1
    for t in (found.low, found.high):
        variance = t * (1 - t) / (m * n) * (1 + ((m + n) / 2 - 1) * ((1 - t) / (2 - t) + t / (1 + t)))
        assert (area - t) ** 2 == pytest.approx(1.959964**2 * variance, rel=1e-5)


def test_a_perfect_area_has_an_interval_that_more_images_narrow():
    few, many = (
        estimate_metric(area_metric(), PERCENT, labels, np.eye(2)[labels])
        for labels in (np.arange(10) % 2, np.arange(100) % 2)
    )
    assert (few.value, few.high, many.high) == (1, 1, 1)
    assert 0.5 < few.low < many.low < 1


def test_the_mean_of_several_areas_gains_what_delongs_covariances_say():
    labels, p = drawn(90, 3)
    found = estimate_metric(area_metric(3), PERCENT, labels, p)
    one = [estimate_metric(area_metric(), PERCENT, (labels == k).astype(int), np.stack([1 - p[:, k], p[:, k]], 1))
           for k in range(3)]  # fmt: skip
    assert found.value == pytest.approx(np.mean([each.value for each in one]))
    assert found.high - found.low < min(each.high - each.low for each in one)
    assert estimate_metric(area_metric(3), PERCENT, labels, np.eye(3)[labels]).low < 1


def copies(times):
    """Each of 30 images several times, in a group of its own."""
    labels, p = drawn(30)
    groups = [f"p{number}" for number in range(30) for _ in range(times)]
    return np.repeat(labels, times), np.repeat(p, times, axis=0), groups


def right(labels, p):
    return (p.argmax(axis=1) == labels).astype(float)


METRICS = {
    "Newcombe": area_metric(),
    "Wilson": Metric(lambda y, q: float(right(y, q).mean()), right),
    "mean": Metric(lambda y, q: float((q**2).sum(1).mean()), lambda y, q: (q**2).sum(1)),
    "bootstrap": Metric(lambda y, q: float(np.median(q[np.arange(len(y)), y]))),
}


@pytest.mark.parametrize("how", METRICS)
def test_a_copy_of_an_image_says_nothing_new_if_it_is_in_the_same_group(how):
    once, often = (
        estimate_metric(METRICS[how], PERCENT, labels, p, groups=groups) for labels, p, groups in map(copies, (1, 4))
    )
    assert "30 groups" in often.how
    assert often.value == pytest.approx(once.value)
    rounding = {"Newcombe": 0.02, "mean": 1e-9, "Wilson": 0.01, "bootstrap": 1e-9}[how]
    assert (often.low, often.high) == pytest.approx((once.low, once.high), abs=rounding)
    labels, p, _ = copies(4)
    apart = estimate_metric(METRICS[how], PERCENT, labels, p)
    assert apart.high - apart.low < 0.75 * (often.high - often.low)


@pytest.mark.parametrize("how", ["Newcombe", "Wilson", "mean"])
def test_images_of_one_patient_alone_allow_no_interval(how):
    labels, p = drawn()
    found = estimate_metric(METRICS[how], PERCENT, labels, p, groups=["the one"] * 60)
    assert math.isfinite(found.value)
    assert math.isnan(found.low)


def test_where_all_answers_are_right_each_patient_counts_once():
    labels = np.arange(40) % 2
    found = estimate_metric(
        METRICS["Wilson"], PERCENT, labels, np.eye(2)[labels], groups=[str(k // 4) for k in range(40)]
    )
    assert (found.value, found.high, found.how) == (1, 1, "Wilson, 10 groups")
    assert found.low == pytest.approx(1 - 2.262157**2 / (10 + 2.262157**2), abs=1e-6)


def test_the_fractions_of_a_class_go_by_patients_too():
    labels = np.repeat([0, 1], 40)
    predicted = np.where(np.arange(80) % 16 < 4, 1 - labels, labels)  # the answers of a patient are all alike
    groups = [str(k // 4) for k in range(80)]
    alone, grouped = by_class(labels, predicted, ("a", "b")), by_class(labels, predicted, ("a", "b"), groups=groups)
    assert grouped[1].sensitivity.value == alone[1].sensitivity.value
    assert grouped[1].sensitivity.how == "Wilson, 10 groups"
    assert grouped[1].sensitivity.low < alone[1].sensitivity.low


def test_a_share_of_right_answers_has_wilsons_and_other_metrics_a_bootstrap_that_repeats():
    labels, p = drawn()

    assert estimate_metric(METRICS["Wilson"], PERCENT, labels, p).how == "Wilson"
    one, again = (estimate_metric(METRICS["bootstrap"], PERCENT, labels, p) for _ in range(2))
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


def test_rounding_of_sums_is_no_chance_either():
    labels, p = drawn()
    noisy = Metric(lambda y, q: 1 + float(q[0, 0] - 0.5) * 4e-16)
    assert len({noisy.value(labels, p[start:]) for start in range(20)}) > 1
    assert math.isnan(estimate_metric(noisy, PERCENT, labels, p).high)


@pytest.mark.parametrize("how", ["mean", "bootstrap"])
def test_no_interval_goes_beyond_the_limits_of_its_metric(how):
    labels, p = drawn(12)
    risks = -np.log(p[np.arange(12), labels]) * (np.arange(12) == 3)
    risk = Metric(
        (lambda y, q: float(risks.mean())) if how == "mean" else (lambda y, q: float(q[:, 0].max() - 0.95)),
        (lambda y, q: risks) if how == "mean" else None,
    )
    free = estimate_metric(risk, MetricInfo("nats"), labels, p)
    assert free.low < 0
    held = estimate_metric(replace(risk, limits=(0.0, math.inf)), MetricInfo("nats"), labels, p)
    assert (held.value, held.low, held.high) == (free.value, 0.0, free.high)
    below = estimate_metric(replace(risk, limits=(-math.inf, free.high - 1e-3)), MetricInfo("nats"), labels, p)
    assert (below.low, below.high) == (free.low, free.high - 1e-3)


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
    assert confusion_matrix(labels, predicted, 3).tolist() == [[2, 1, 0], [0, 2, 0], [1, 0, 0]]
    zero, one, two = by_class(labels, predicted, ("a", "b", "c"))
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

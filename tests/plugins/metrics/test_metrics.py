"""Our metrics against scikit-learn, or against their definition written out image by image."""

from __future__ import annotations

import math
import warnings
from pathlib import Path

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st

from flowerablate.contracts import MetricContext, MetricInfo
from flowerablate.discovery import discover
from flowerablate.errors import StudyError
from flowerablate.ledger import Predictions
from flowerablate.stats.one_model import estimate_metric

METRICS = {name: component.spec for name, component in discover().registry.slot("metric").items()}
NEED_EVERY_CLASS = ("balanced_accuracy", "macro_f1", "roc_auc", "average_precision")


def metric(name, classes, **params):
    spec = METRICS[name]
    defaults = {param.name: param.default for param in spec.params}
    return spec.build(MetricContext(classes), **{**defaults, **params})


def value(name, labels, probabilities, **params):
    return metric(name, probabilities.shape[1], **params).value(labels, probabilities)


def predictions(seed, classes, images=80, sharpness=1.0, digits=None):
    """Labels of all classes, in uneven numbers, and probabilities that know something of them."""
    random = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(classes), random.integers(0, classes, images - classes) ** 2 % classes])
    logits = random.normal(size=(images, classes)) + 1.2 * np.eye(classes)[labels]
    if digits is not None:
        logits = logits.round(digits)  # many ties
    weights = np.exp(sharpness * logits)
    return labels.astype(np.int64), weights / weights.sum(axis=1, keepdims=True)


CASES = [
    pytest.param(*predictions(seed, classes, sharpness=sharpness, digits=digits), id=f"{classes}-{sharpness}-{digits}")
    for seed, (classes, sharpness, digits) in enumerate(
        [(2, 1.0, None), (2, 20.0, 0), (3, 1.0, 0), (5, 3.0, None), (12, 0.1, None)]
    )
]


def extremes(classes):
    """Labels and predictions that are perfect, sure and wrong, wrong once, or about perfect."""
    labels = np.arange(12 * classes) % classes
    perfect, wrong = np.eye(classes)[labels], np.eye(classes)[(labels + 1) % classes]
    once = np.where(np.arange(len(labels))[:, None] == 5, wrong, perfect)
    weights = perfect + np.random.default_rng(1).uniform(0, 0.4, perfect.shape)
    return [(labels, p) for p in (perfect, wrong, once, weights / weights.sum(axis=1, keepdims=True))]


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("name", METRICS)
def test_the_interval_of_a_metric_stays_within_its_range(name, grouped, classes):
    spec = METRICS[name]
    info = MetricInfo(name, spec.lower_is_better, spec.percent)
    most = {"log_loss": 36.1, "brier": 1 if classes == 2 else 2}.get(name, 1)
    for labels, p in extremes(classes):
        groups = [f"patient {number // 4}" for number in range(len(labels))] if grouped else None
        found = estimate_metric(metric(name, classes), info, labels, p, resamples=100, groups=groups)
        assert math.isnan(found.low) == math.isnan(found.high)
        assert math.isnan(found.low) or 0 <= found.low <= found.high <= most


def against_the_rest(score):
    def mean(labels, p):
        if p.shape[1] == 2:
            return score(labels, p[:, 1])
        return np.mean([score(labels == one, p[:, one]) for one in range(p.shape[1])])

    return mean


SKLEARN = {
    "accuracy": lambda labels, p: sklearn.metrics.accuracy_score(labels, p.argmax(1)),
    "balanced_accuracy": lambda labels, p: sklearn.metrics.balanced_accuracy_score(labels, p.argmax(1)),
    "sensitivity": lambda labels, p: sklearn.metrics.recall_score(labels == 1, p.argmax(1) == 1),
    "specificity": lambda labels, p: sklearn.metrics.recall_score(labels != 1, p.argmax(1) != 1),
    "precision": lambda labels, p: sklearn.metrics.precision_score(
        labels == 1, p.argmax(1) == 1, zero_division=float("nan")
    ),
    "macro_f1": lambda labels, p: sklearn.metrics.f1_score(
        labels, p.argmax(1), average="macro", labels=range(p.shape[1]), zero_division=0.0
    ),
    "roc_auc": lambda labels, p: (
        sklearn.metrics.roc_auc_score(labels, p[:, 1])
        if p.shape[1] == 2
        else sklearn.metrics.roc_auc_score(labels, p, multi_class="ovr", average="macro")
    ),
    "average_precision": lambda labels, p: (
        sklearn.metrics.average_precision_score(labels, p[:, 1])
        if p.shape[1] == 2
        else sklearn.metrics.average_precision_score(np.eye(p.shape[1])[labels], p, average="macro")
    ),
    "log_loss": lambda labels, p: sklearn.metrics.log_loss(labels, p, labels=range(p.shape[1])),
    "brier": lambda labels, p: (
        sklearn.metrics.brier_score_loss(labels, p[:, 1])
        if p.shape[1] == 2
        else np.mean(((p - np.eye(p.shape[1])[labels]) ** 2).sum(axis=1))
    ),
}


@pytest.mark.parametrize("name", SKLEARN)
@pytest.mark.parametrize(("labels", "p"), CASES)
def test_a_metric_is_what_scikit_learn_says(name, labels, p):
    assert value(name, labels, p) == pytest.approx(float(SKLEARN[name](labels, p)), rel=1e-12, nan_ok=True)


def test_the_positive_class_can_be_any():
    labels, p = predictions(3, 5, sharpness=3.0)
    for one in range(5):
        expected = sklearn.metrics.recall_score(labels == one, p.argmax(1) == one)
        assert value("sensitivity", labels, p, positive=one) == expected
    with pytest.raises(StudyError, match="positive = 5 is not a class; choose from 0 to 4"):
        metric("sensitivity", 5, positive=5)


@pytest.mark.parametrize(("name", "label"), [("sensitivity", 0), ("specificity", 1)])
def test_a_share_of_no_images_is_not_defined(name, label):
    labels, p = np.full(4, label), np.full((4, 2), 0.5)
    assert math.isnan(value(name, labels, p))


# --------------------------------------------------------------------- by their definitions, image by image


def recall(labels, said, one):
    return sum(s == one for lab, s in zip(labels, said, strict=True) if lab == one) / sum(labels == one)


def f1(labels, said, one):
    pairs = list(zip(labels, said, strict=True))
    both = sum(lab == s == one for lab, s in pairs)
    return 2 * both / (sum(lab == one for lab, _ in pairs) + sum(s == one for _, s in pairs))


def pairs_in_order(labels, scores):
    """The share of pairs (one of the class, one of the rest) that the scores order rightly, ties counted half."""
    inside, outside = scores[labels], scores[~labels]
    return np.mean([[1.0 if a > b else 0.5 if a == b else 0.0 for b in outside] for a in inside])


def stepwise_precision(labels, scores):
    """The sum over thresholds of precision times the rise in recall."""
    total, before = 0.0, 0.0
    for threshold in sorted(set(scores), reverse=True):
        chosen = scores >= threshold
        now = (labels & chosen).sum() / labels.sum()
        total += (now - before) * (labels & chosen).sum() / chosen.sum()
        before = now
    return total


def one_against_the_rest(score, labels, p):
    wanted = [1] if p.shape[1] == 2 else range(p.shape[1])
    return np.mean([score(labels == one, p[:, one]) for one in wanted])


def binned_gap(labels, p, bins):
    """Equation 3 of Guo et al. (2017), bin by bin."""
    total = 0.0
    for number in range(1, bins + 1):
        members = [
            (row.max(), row.argmax() == label)
            for label, row in zip(labels, p, strict=True)
            if (number - 1) / bins < row.max() <= number / bins
        ]
        if members:
            confidence = sum(c for c, _ in members) / len(members)
            right = sum(r for _, r in members) / len(members)
            total += len(members) / len(labels) * abs(right - confidence)
    return total


BY_HAND = {
    "accuracy": lambda labels, p: sum(p.argmax(1) == labels) / len(labels),
    "balanced_accuracy": lambda labels, p: np.mean([recall(labels, p.argmax(1), k) for k in range(p.shape[1])]),
    "macro_f1": lambda labels, p: np.mean([f1(labels, p.argmax(1), k) for k in range(p.shape[1])]),
    "roc_auc": lambda labels, p: one_against_the_rest(pairs_in_order, labels, p),
    "average_precision": lambda labels, p: one_against_the_rest(stepwise_precision, labels, p),
    "log_loss": lambda labels, p: (
        -np.mean([math.log(max(row[label], 2.0**-52)) for label, row in zip(labels, p, strict=True)])
    ),
    "calibration_error": lambda labels, p: binned_gap(labels, p, 15),
}


@pytest.mark.parametrize("name", BY_HAND)
@pytest.mark.parametrize(("labels", "p"), CASES)
def test_a_metric_is_what_its_definition_says(name, labels, p):
    assert value(name, labels, p) == pytest.approx(float(BY_HAND[name](labels, p)), rel=1e-10)


@given(st.integers(0, 10_000), st.integers(2, 6), st.integers(2, 40), st.integers(0, 2))
@settings(max_examples=60, deadline=None)
def test_the_calibration_error_is_that_of_its_equation_for_any_number_of_bins(seed, classes, bins, digits):
    labels, p = predictions(seed, classes, images=40, digits=digits)
    assert value("calibration_error", labels, p, bins=bins) == pytest.approx(binned_gap(labels, p, bins), abs=1e-12)


def test_a_confidence_on_the_edge_of_two_bins_is_in_the_lower_one():
    labels = np.array([0, 1, 0, 0])
    p = np.array([[0.75, 0.25], [0.75, 0.25], [0.76, 0.24], [1.0, 0.0]])
    # (0.5, 0.75] holds two images, half of them right; (0.75, 1] the others, both right
    assert value("calibration_error", labels, p, bins=4) == pytest.approx((2 * 0.25 + 2 * (1 - 0.88)) / 4)


# -------------------------------------------------------------------------------------- what is at the edges


@pytest.mark.parametrize("name", NEED_EVERY_CLASS)
@pytest.mark.parametrize("classes", [2, 4])
def test_what_needs_every_class_is_nan_without_one_and_says_nothing_on_the_way(name, classes):
    labels, p = predictions(3, classes)
    kept = labels != 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert math.isnan(value(name, labels[kept], p[kept]))
    per_image = metric(name, classes).per_image
    assert per_image is None or np.isnan(per_image(labels[kept], p[kept])).all()


@pytest.mark.parametrize("name", sorted(set(METRICS) - {*NEED_EVERY_CLASS, "sensitivity"}))
def test_what_is_taken_image_by_image_does_not_mind_a_missing_class(name):
    labels, p = predictions(3, 4)
    kept = labels != 1
    assert math.isfinite(value(name, labels[kept], p[kept]))


def test_a_class_that_is_never_named_has_no_f1_and_counts():
    labels, p = np.array([0, 0, 1, 1]), np.tile([0.9, 0.1], (4, 1))
    assert value("macro_f1", labels, p) == pytest.approx((2 / 3 + 0) / 2)
    assert value("balanced_accuracy", labels, p) == 0.5


def test_of_two_classes_the_second_is_the_positive_one():
    labels, p = predictions(11, 2)
    rank_of_second = sklearn.metrics.average_precision_score(labels, p[:, 1])
    rank_of_first = sklearn.metrics.average_precision_score(labels == 0, p[:, 0])
    assert value("average_precision", labels, p) == pytest.approx(rank_of_second)
    assert abs(rank_of_second - rank_of_first) > 0.01


def test_an_image_of_probability_zero_costs_36_nats_and_no_more():
    assert value("log_loss", np.array([0]), np.array([[0.0, 1.0]])) == pytest.approx(36.04, abs=0.01)


@pytest.mark.parametrize("name", ["accuracy", "log_loss", "brier", "roc_auc"])
@pytest.mark.parametrize(("labels", "p"), CASES)
def test_means_over_images_say_what_each_image_adds(name, labels, p):
    made = metric(name, p.shape[1])
    assert made.per_image(labels, p).shape == labels.shape
    assert made.per_image(labels, p).mean() == pytest.approx(made.value(labels, p), rel=1e-12)


@pytest.mark.parametrize("name", sorted(METRICS))
def test_probabilities_that_were_kept_as_float32_give_nearly_the_same(name):
    labels, p = predictions(5, 3, images=200)
    kept = Predictions(tuple(map(str, range(200))), labels, p.astype(np.float32), ("a", "b", "c"))
    assert value(name, labels, kept.normalised) == pytest.approx(value(name, labels, p), abs=2e-6)


def test_probabilities_near_one_keep_their_order_through_float32():
    p = np.array([[1e-9, 1 - 1e-9], [1e-11, 1 - 1e-11], [0.5, 0.5]])
    labels = np.array([0, 1, 0])
    kept = Predictions(("a", "b", "c"), labels, p.astype(np.float32), ("x", "y"))
    assert len(set(kept.probabilities[:2, 1])) == 1
    assert value("roc_auc", labels, kept.normalised) == 1.0


def test_the_directions_are_those_of_the_literature():
    lower = {name for name, spec in METRICS.items() if spec.lower_is_better}
    assert lower == {"log_loss", "brier", "calibration_error"}
    plain = {name for name, spec in METRICS.items() if not spec.percent}
    assert plain == {"log_loss", "brier"}


def test_the_documentation_has_each_metric_with_its_direction():
    text = (Path(__file__).parents[3] / "docs" / "reference" / "metrics.md").read_text(encoding="utf-8")
    for name, spec in METRICS.items():
        row = next(line for line in text.splitlines() if line.startswith(f"| `{name}` |"))
        assert f"| {'lower' if spec.lower_is_better else 'higher'} |" in row
        assert ("| yes" in row) == (metric(name, 2).per_image is not None)

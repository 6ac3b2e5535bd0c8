"""The suite finds what it promises to find: each fault below is one that a plugin author could make."""

from __future__ import annotations

import numpy as np
import pytest

import flowerablate as fa
from flowerablate.testing import check_metric


def right(labels, probabilities):
    return (probabilities.argmax(axis=1) == labels).astype(float)


def share_right(labels, probabilities):
    return float(right(labels, probabilities).mean())


def spec(value, per_image=None, **traits):
    return fa.MetricSpec("odd", "Odd.", build=lambda context: fa.Metric(value, per_image), **traits)


def sharpens_in_place(labels, probabilities):
    probabilities **= 2
    return share_right(labels, probabilities)


def weighted_by_place(labels, probabilities):
    return float((right(labels, probabilities) * np.arange(len(labels))).mean())


def fails_without_the_first_class(labels, probabilities):
    if 0 not in labels:
        raise ZeroDivisionError("no image of class 0")
    return share_right(labels, probabilities)


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        (fa.MetricSpec("odd", "Odd.", build=lambda context: share_right), "must return a Metric, not function"),
        (spec(lambda labels, probabilities: np.float32(0.5)), "must return a float, not float32"),
        (spec(lambda labels, probabilities: float("nan")), "returns nan for ordinary predictions"),
        (spec(sharpens_in_place), "changes labels or probabilities in place"),
        (spec(weighted_by_place), "depends on the order of the images"),
        (spec(share_right, lower_is_better=True), "declares lower_is_better, but returns 1 for perfect"),
        (spec(lambda *given: 1 - share_right(*given)), "lower_is_better=False, higher is better, but returns 0"),
        (
            fa.MetricSpec("odd", "Odd.", build=lambda context: fa.Metric(share_right, limits=(0.0, 0.9))),
            "returns 1, which is not within its limits, 0 to 0.9",
        ),
        (spec(lambda *given: 0.5), "returns 0.5 for perfect and for always wrong predictions"),
        (spec(share_right, lambda *given: right(*given)[:5]), "must return an array with one number per image"),
        (spec(share_right, lambda *given: 2 * right(*given)), "omit per_image if value is not its mean"),
        (spec(fails_without_the_first_class), "ZeroDivisionError: no image of class 0; return nan instead"),
    ],
)
def test_a_faulty_metric_is_reported_with_its_fix(metric, message):
    with pytest.raises(AssertionError, match=message):
        check_metric(metric)


def test_a_good_metric_passes():
    check_metric(spec(share_right, right))
    check_metric(spec(lambda *given: 1 - share_right(*given), lower_is_better=True))


def entropy(labels, probabilities):
    return -(probabilities * np.log(np.maximum(probabilities, 1e-12))).sum(axis=1)


def confidence(labels, probabilities):
    return probabilities.max(axis=1)


@pytest.mark.parametrize(("each", "traits"), [(entropy, {"lower_is_better": True}), (confidence, {})])
def test_a_metric_that_looks_at_no_labels_passes_if_it_tells_sure_from_unsure_predictions(each, traits):
    check_metric(spec(lambda *given: float(each(*given).mean()), each, **traits))


def test_a_metric_that_looks_at_labels_only_where_predictions_are_unsure_is_held_to_them():
    def odd(labels, probabilities):
        return float(
            (confidence(labels, probabilities) + (probabilities[:, 0] * (1 - probabilities[:, 0]) * labels)).mean()
        )

    with pytest.raises(AssertionError, match="for perfect and for always wrong predictions"):
        check_metric(spec(odd))


def test_each_choice_of_a_metric_is_tried():
    def build(context, mean):
        return fa.Metric(share_right if mean == "plain" else weighted_by_place)

    mean = fa.Param("mean", "plain", "kind of mean", choices=("plain", "weighted"))
    with pytest.raises(AssertionError, match="with mean = 'weighted', 2 classes depends on the order"):
        check_metric(fa.MetricSpec("odd", "Odd.", build=build, params=(mean,)))


def margin(labels, logits):
    rows = np.arange(len(labels))
    others = logits.copy()
    others[rows, labels] = -np.inf
    return logits[rows, labels] - others.max(axis=1)


def of_logits(function, **traits):
    def build(context):
        return fa.Metric(lambda *given: float(function(*given).mean()), function, needs="logits")

    return fa.MetricSpec("odd", "Odd.", build, percent=False, **traits)


def test_a_metric_that_needs_logits_is_tried_on_logits():
    check_metric(of_logits(margin))
    with pytest.raises(AssertionError, match="declares lower_is_better, but returns 30 for perfect"):
        check_metric(of_logits(margin, lower_is_better=True))


def test_a_metric_that_changes_logits_in_place_is_reported():
    def spoils(labels, logits):
        logits -= logits.max(axis=1, keepdims=True)
        return margin(labels, logits)

    with pytest.raises(AssertionError, match="changes labels or logits in place"):
        check_metric(of_logits(spoils))


def test_a_metric_can_need_probabilities_or_logits_and_nothing_else():
    with pytest.raises(fa.PluginError, match="a metric needs probabilities or logits, not 'features'"):
        fa.Metric(share_right, needs="features")

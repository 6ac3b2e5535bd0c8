"""Check of metrics, on made-up labels, probabilities and logits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..contracts import Metric, MetricContext, MetricSpec, Value
from ..errors import one_line
from .check_settings import build, each_setting, named

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_IMAGES = 60

_ROUNDING = 1e-9


def check_metric(spec: MetricSpec, *, params: Mapping[str, Value] | None = None) -> None:
    """Compute *spec* on made-up predictions for two and five classes: with its defaults, each feature off, each choice.

    A metric that needs logits gets logits. Checks that the value is a finite float within the metric's limits; that
    labels and scores are not changed; that the order of the images does not matter; that the means of ``per_image`` and
    of ``areas``, if there are any, equal the value; that perfect predictions are no worse than chance in the stated
    direction, and better than predictions that are always wrong; and that the value is a float, possibly nan, if no
    image belongs to one of the classes. A metric that does not look at the labels, such as the mean entropy, cannot
    tell right from wrong: it must tell sure predictions from unsure ones instead.
    """
    for when, chosen in each_setting(spec, params):
        for classes in (2, 5):
            metric = build(spec, MetricContext(classes), chosen, when)
            what = f"{named(spec)}{when}, {classes} classes"
            assert isinstance(metric, Metric), f"{what}: build must return a Metric, not {type(metric).__name__}"
            _check_metric(spec, metric, what, classes)


def _check_metric(spec: MetricSpec, metric: Metric, what: str, classes: int) -> None:
    import numpy as np

    random = np.random.default_rng(20)
    labels = np.arange(_IMAGES, dtype=np.int64) % classes
    chance = _scores(metric, random.dirichlet(np.ones(classes), _IMAGES))
    value = _value(metric, labels, chance, what)
    assert math.isfinite(value), f"{what} returns {value} for ordinary predictions"
    order = random.permutation(_IMAGES)
    other = _value(metric, labels[order], chance[order], what)
    assert math.isclose(value, other, rel_tol=1e-9, abs_tol=1e-12), (
        f"{what} depends on the order of the images: {value} and {other}"
    )
    _check_per_image(metric, labels, chance, value, what)
    _check_areas(metric, labels, chance, value, what)
    _value(metric, labels[labels > 0], chance[labels > 0], f"{what}, no image of the first class")
    sure = _scores(metric, np.eye(classes)[labels])
    perfect = _value(metric, labels, sure, what)
    wrong = _value(metric, labels, _scores(metric, np.eye(classes)[(labels + 1) % classes]), what)
    if perfect != value and all(_ignores_labels(metric, labels, scores, classes, what) for scores in (chance, sure)):
        return
    direction = "lower_is_better" if spec.lower_is_better else "lower_is_better=False, higher is better"
    sign = -1 if spec.lower_is_better else 1
    for name, worse in (("chance", value), ("always wrong", wrong)):
        assert sign * perfect >= sign * worse, (
            f"{what} declares {direction}, but returns {perfect:.4g} for perfect predictions and {worse:.4g} for {name}"
        )
    assert sign * perfect > sign * wrong, f"{what} returns {perfect:.4g} for perfect and for always wrong predictions"


def _ignores_labels(
    metric: Metric, labels: NDArray[np.int64], scores: NDArray[np.float64], classes: int, what: str
) -> bool:
    """Whether the value is the same whatever the right answers are."""
    value = _value(metric, labels, scores, what)
    return all(_value(metric, (labels + shift) % classes, scores, what) == value for shift in range(1, classes))


def _scores(metric: Metric, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the scores that the metric needs; the logit of a class with probability 0 is -30."""
    import numpy as np

    if metric.needs == "probabilities":
        return probabilities
    logits: NDArray[np.float64] = np.log(np.maximum(probabilities, np.exp(-30.0)))
    return logits


def _value(metric: Metric, labels: NDArray[np.int64], scores: NDArray[np.float64], what: str) -> float:
    kept = labels.copy(), scores.copy()
    try:
        value = metric.value(labels, scores)
    except Exception as error:
        raise AssertionError(f"{what}: value fails with {one_line(error)}; return nan instead") from error
    assert isinstance(value, float), f"{what}: value must return a float, not {type(value).__name__}"
    unchanged = (labels == kept[0]).all() and (scores == kept[1]).all()
    assert unchanged, f"{what} changes labels or {metric.needs} in place; other metrics need them too"
    low, high = metric.limits
    is_beyond = value < low - _ROUNDING or value > high + _ROUNDING
    assert not is_beyond, f"{what} returns {value:.6g}, which is not within its limits, {low:g} to {high:g}"
    return value


def _check_per_image(
    metric: Metric, labels: NDArray[np.int64], scores: NDArray[np.float64], value: float, what: str
) -> None:
    if metric.per_image is None:
        return
    kept = labels.copy(), scores.copy()
    each = metric.per_image(labels, scores)
    unchanged = (labels == kept[0]).all() and (scores == kept[1]).all()
    assert unchanged, f"{what}: per_image changes labels or {metric.needs} in place"
    assert getattr(each, "shape", None) == labels.shape, (
        f"{what}: per_image must return an array with one number per image"
    )
    mean = float(each.mean())
    assert math.isclose(mean, value, rel_tol=1e-9, abs_tol=1e-12), (
        f"{what}: the mean of per_image is {mean}, but value is {value}; omit per_image if value is not its mean"
    )


def _check_areas(
    metric: Metric, labels: NDArray[np.int64], scores: NDArray[np.float64], value: float, what: str
) -> None:
    if metric.areas is None:
        return
    from ..stats.delong import structural_components

    areas = metric.areas(labels, scores)
    mean = sum(structural_components(positive, score)[0] for positive, score in areas) / max(1, len(areas))
    assert math.isclose(mean, value, rel_tol=1e-9, abs_tol=1e-12), (
        f"{what}: the mean of areas is {mean}, but value is {value}; omit areas if value is not their mean"
    )

"""Metrics of a classifier, computed from the labels and the probabilities of the test images.

Classes are in the order of the data set; of two classes the second is the positive one. A metric that needs images of
every class is undefined (nan) if the test images lack a class. docs/reference/metrics.md has the formulas and their
sources. scikit-learn is imported when a metric that needs it is built.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypedDict

import flowerablate as fa

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowerablate.contracts import Register

_BINS = fa.Param("bins", 15, "number of confidence bins of equal width", 2, 1000)

_POSITIVE = fa.Param("positive", 1, "index of the positive class, in the data set's order, from 0", 0, 9999)


class _Reading(TypedDict):
    lower_is_better: bool
    percent: bool


_BETTER: _Reading = {"lower_is_better": False, "percent": True}
_RISK: _Reading = {"lower_is_better": True, "percent": False}


@fa.hookimpl
def flowerablate_register(register: Register) -> None:
    """Register the metrics of decisions, of rankings and of probabilities."""

    def add(name: str, summary: str, build: Callable[..., fa.Metric], reading: _Reading) -> None:
        register(fa.MetricSpec(name, summary, build, **reading))

    add("accuracy", "Fraction of images whose most probable class is right.", build_accuracy, _BETTER)
    add("balanced_accuracy", "Mean over the classes of recall.", build_balanced_accuracy, _BETTER)
    add("macro_f1", "Mean over the classes of F1, the harmonic mean of precision and recall.", build_macro_f1, _BETTER)
    summary = "Area under the ROC curve; for several classes, the mean of one against the rest."
    add("roc_auc", summary, build_roc_auc, _BETTER)
    summary = "Average precision; for several classes, the mean of one against the rest."
    add("average_precision", summary, build_average_precision, _BETTER)
    add("log_loss", "Mean negative log probability of the right class, in nats.", build_log_loss, _RISK)
    add("brier", "Mean squared distance between the probabilities and the truth.", build_brier, _RISK)
    for name, summary, build in (
        (
            "sensitivity",
            "Fraction of the images of the positive class that are recognised; also called recall.",
            build_sensitivity,
        ),
        (
            "specificity",
            "Fraction of the other images that are not predicted to be of the positive class.",
            build_specificity,
        ),
        ("precision", "Fraction of the images predicted to be of the positive class that are of it.", build_precision),
    ):
        register(fa.MetricSpec(name, summary, build, (_POSITIVE,), **_BETTER))
    register(
        fa.MetricSpec(
            "calibration_error",
            "Expected calibration error: difference between confidence and accuracy, binned by confidence.",
            build_calibration_error,
            (_BINS,),
            lower_is_better=True,
            percent=True,
        )
    )


def _mean_of(per_image: Callable[[Any, Any], Any], most: float = 1.0) -> fa.Metric:
    """Return the metric that is the mean of *per_image*, summed exactly; each of these is between 0 and *most*."""
    import math

    return fa.Metric(lambda labels, p: math.fsum(per_image(labels, p)) / len(labels), per_image, limits=(0.0, most))


def _needs_every_class(
    context: fa.MetricContext, value: Callable[[Any, Any], Any], per_image: Callable[[Any, Any], Any] | None = None
) -> fa.Metric:
    """Return the metric *value*, which is nan, as is *per_image* for each image, if a class has no image."""
    import numpy as np

    def complete(labels: Any) -> bool:
        return len(np.unique(labels)) == context.classes

    def checked(labels: Any, p: Any) -> float:
        return float(value(labels, p)) if complete(labels) else float("nan")

    if per_image is None:
        return fa.Metric(checked)
    return fa.Metric(checked, lambda labels, p: per_image(labels, p) if complete(labels) else np.full(len(p), np.nan))


def _confusion(labels: Any, p: Any) -> Any:
    """Return how many images of each class (rows) were predicted to be of each class (columns)."""
    import numpy as np

    classes = p.shape[1]
    return np.bincount(labels * classes + p.argmax(axis=1), minlength=classes**2).reshape(classes, classes)


def build_accuracy(context: fa.MetricContext) -> fa.Metric:
    """Return the fraction of images whose most probable class (the first, if several tie) is right."""
    return _mean_of(lambda labels, p: (p.argmax(axis=1) == labels).astype(float))


def build_balanced_accuracy(context: fa.MetricContext) -> fa.Metric:
    """Return the mean recall of the classes (Brodersen et al. 2010, ICPR).

    Computed here, because scikit-learn's input checks take 50 times as long when images are left out one by one.
    """

    def value(labels: Any, p: Any) -> Any:
        table = _confusion(labels, p)
        return (table.diagonal() / table.sum(axis=1)).mean()

    return _needs_every_class(context, value)


def build_macro_f1(context: fa.MetricContext) -> fa.Metric:
    """Return the mean over the classes of 2 TP / (2 TP + FP + FN), computed here as above."""

    def value(labels: Any, p: Any) -> Any:
        table = _confusion(labels, p)
        return (2 * table.diagonal() / (table.sum(axis=0) + table.sum(axis=1))).mean()

    return _needs_every_class(context, value)


def build_sensitivity(context: fa.MetricContext, positive: int) -> fa.Metric:
    """Return TP / (TP + FN) of the class *positive*; nan if no image is of it."""
    return _of_one_class(context, positive, lambda right, of_class, predicted, rest: (right, of_class))


def build_specificity(context: fa.MetricContext, positive: int) -> fa.Metric:
    """Return TN / (TN + FP) of the class *positive*; nan if all images are of it."""
    return _of_one_class(context, positive, lambda right, of_class, predicted, rest: (rest - predicted + right, rest))


def build_precision(context: fa.MetricContext, positive: int) -> fa.Metric:
    """Return TP / (TP + FP) of the class *positive*; nan if no image is predicted to be of it."""
    return _of_one_class(context, positive, lambda right, of_class, predicted, rest: (right, predicted))


def _of_one_class(
    context: fa.MetricContext, positive: int, fraction: Callable[[int, int, int, int], tuple[int, int]]
) -> fa.Metric:
    """Return the metric whose numerator and denominator are the result of *fraction*.

    Its arguments are the numbers of images of the class that are predicted to be of it, of images of the class, of
    images predicted to be of the class, and of images of other classes. An image is predicted to be of its most
    probable class, the first if several tie.
    """
    if positive >= context.classes:
        raise fa.StudyError(f"positive = {positive} is not a class; choose from 0 to {context.classes - 1}")

    def value(labels: Any, p: Any) -> float:
        table = _confusion(labels, p)
        of_class, predicted = int(table[positive].sum()), int(table[:, positive].sum())
        part, whole = fraction(int(table[positive, positive]), of_class, predicted, len(labels) - of_class)
        return part / whole if whole else float("nan")

    return fa.Metric(value)


def build_roc_auc(context: fa.MetricContext) -> fa.Metric:
    """Return the area under the ROC curve: that of the second class, or the mean of all, each against the rest.

    It is the chance that an image of the class gets a higher probability of it than an image of the rest, ties counted
    as half (Hanley & McNeil 1982); the mean over classes is unweighted. The values per image are those of DeLong et al.
    (1988).
    """
    from sklearn.metrics import roc_auc_score

    from flowerablate.stats.delong import macro_area_per_image

    return _one_against_the_rest(context, roc_auc_score, macro_area_per_image)


def build_average_precision(context: fa.MetricContext) -> fa.Metric:
    """Return the mean of the precisions at each recall, weighted by the increase in recall, without interpolation.

    For two classes it is that of the second, otherwise the unweighted mean of all, each against the rest.
    """
    from sklearn.metrics import average_precision_score

    return _one_against_the_rest(context, average_precision_score)


def _one_against_the_rest(
    context: fa.MetricContext,
    score: Callable[[Any, Any], Any],
    per_image: Callable[[Any, Any], Any] | None = None,
) -> fa.Metric:
    wanted = [1] if context.classes == 2 else range(context.classes)

    def against_the_rest(labels: Any, p: Any) -> Any:
        return [(labels == one, p[:, one]) for one in wanted]

    def value(labels: Any, p: Any) -> Any:
        return sum(score(truth, scores) for truth, scores in against_the_rest(labels, p)) / len(wanted)

    found = _needs_every_class(context, value, per_image)
    return replace(found, areas=against_the_rest) if per_image else found


def build_log_loss(context: fa.MetricContext) -> fa.Metric:
    """Return the mean of -log p of the right class; p is at least 2.2e-16, so that an image contributes 36 at most."""

    import sys
    from math import log

    def per_image(labels: Any, p: Any) -> Any:
        import numpy as np

        right = np.take_along_axis(p, labels[:, None], axis=1)[:, 0]
        return -np.log(np.maximum(right, sys.float_info.epsilon))

    return _mean_of(per_image, -log(sys.float_info.epsilon))


def build_brier(context: fa.MetricContext) -> fa.Metric:
    """Return the Brier score (Brier 1950): the mean over images of the squared distance between p and the truth.

    The distance is summed over the classes, so that the maximum is 2. For two classes, as is usual, it is that of the
    second class alone, and the maximum is 1.
    """
    first = 1 if context.classes == 2 else 0

    def per_image(labels: Any, p: Any) -> Any:
        import numpy as np

        return ((p - np.eye(context.classes)[labels]) ** 2)[:, first:].sum(axis=1)

    return _mean_of(per_image, 2.0 - first)


def build_calibration_error(context: fa.MetricContext, bins: int) -> fa.Metric:
    """Return the expected calibration error (Naeini et al. 2015, AAAI; Guo et al. 2017, ICML, equation 3).

    Images are binned by confidence, the probability of the most probable class: bin m of M holds ((m - 1) / M, m / M].
    The error is the mean over the images of |accuracy - mean confidence| of their bin.
    """

    def value(labels: Any, p: Any) -> float:
        import numpy as np

        confidence, right = p.max(axis=1), p.argmax(axis=1) == labels
        place = np.digitize(confidence, np.arange(1, bins) / bins, right=True)
        gaps = np.bincount(place, weights=right - confidence, minlength=bins)
        return float(np.abs(gaps).sum() / len(labels))

    return fa.Metric(value)

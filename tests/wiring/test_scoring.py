"""Metrics are taken of what the ledger keeps: at the end of a trial, or whenever they are asked for."""

from __future__ import annotations

import logging
import math

import numpy as np
import pytest
from pipelines import make_pipeline

from flowerablate import Metric, MetricSpec, Param, PluginError, StudyError
from flowerablate.contracts import (
    MetricInfo,
    Rules,
    Trial,
    TrialFailure,
    TrialResult,
    Variant,
)
from flowerablate.discovery import discover
from flowerablate.errors import LedgerError
from flowerablate.ledger import Ledger, Predictions, StudyNote
from flowerablate.ledger.predictions import write_predictions
from flowerablate.reading.kept_metrics import reading, undefined, with_metrics
from flowerablate.registry import Owner
from flowerablate.wiring.assemble import Assembler
from flowerablate.wiring.scoring import choose_metrics

PIPELINE = make_pipeline()
LABELS = np.array([0, 1, 0, 1])
PROBABILITIES = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.3, 0.7]], dtype=np.float32)
PREDICTIONS = Predictions(("a", "b", "c", "d"), LABELS, PROBABILITIES, ("daisy", "rose"))


def share_right(labels, probabilities):
    return float((probabilities.argmax(axis=1) == labels).mean())


def wild(labels, probabilities):
    raise ZeroDivisionError("division\nby zero")


def assembler(tmp_path, version="1.0"):
    registry = discover().registry
    bonus = Param("bonus", 0.0, "added to the fraction")
    specs = [
        MetricSpec("wild", "Fails.", build=lambda context: Metric(wild)),
        MetricSpec("bare", "No metric.", build=lambda context: share_right),
        MetricSpec(
            "mine",
            "Fraction of correct ones.",
            build=lambda context, bonus: Metric(lambda *given: share_right(*given) + bonus),
            params=(bonus,),
            lower_is_better=True,
            percent=False,
        ),
    ]
    registry.add(specs, Owner("roses", "flowerablate-roses", version))
    return Assembler(registry, tmp_path, tmp_path)


@pytest.fixture
def ours(tmp_path):
    return assembler(tmp_path)


@pytest.fixture
def ledger(tmp_path):
    """A ledger with one finished trial that has an old accuracy, and its predictions."""
    ledger = Ledger(tmp_path / "study")
    trial = Trial("one", "base0", 0, Variant("", PIPELINE))
    ledger.enter([trial], {"": {}}, StudyNote("base0", ("one",)))
    folder = ledger.folder(trial)
    write_predictions(folder.path, PREDICTIONS)
    folder.finish(result({"accuracy": 0.25, "loss": 0.5}), {})
    return ledger


def result(metrics, owners=()):
    return TrialResult("one", "base0", "", 0, metrics, {}, 1, 1, False, owners=owners)


def completed(ledger, metrics):
    return with_metrics(ledger.results("base0"), ledger, "base0", metrics)[0]


# ------------------------------------------------------------------------------------ what a study names


def test_the_primary_metric_comes_first_and_none_twice(ours):
    metrics = choose_metrics("brier", ["accuracy", "brier", "mine,bonus=1", "mine,bonus=1.0"], ours)
    assert metrics.names == ("brier", "accuracy", "mine,bonus=1.0")
    assert metrics.infos["mine,bonus=1.0"] == MetricInfo("mine,bonus=1.0", lower_is_better=True, percent=False)


@pytest.mark.parametrize(
    ("primary", "secondary", "message"),
    [
        ("acuracy", [], "metrics.primary: no metric is called 'acuracy'; did you mean 'accuracy'"),
        ("accuracy", ["briar"], "metrics.secondary: no metric is called 'briar'; did you mean 'brier'"),
    ],
)
def test_an_unknown_metric_is_named_with_its_place_and_the_nearest(ours, primary, secondary, message):
    with pytest.raises(StudyError, match=message):
        choose_metrics(primary, secondary, ours)


def test_a_metric_that_is_none_is_refused_when_it_is_built(ours):
    with pytest.raises(PluginError, match=r"metric 'bare' of roses .* built a function, not a Metric"):
        choose_metrics("bare", [], ours).build_all(2)


# ------------------------------------------------------------------------------- what is taken of predictions


def test_all_metrics_are_taken_of_the_same_predictions(ours):
    metrics = choose_metrics("accuracy", ["brier", "mine,bonus=1"], ours)
    assert metrics.measure(PREDICTIONS) == pytest.approx(
        {"accuracy": 0.75, "brier": (0.01 + 0.04 + 0.36 + 0.09) / 4, "mine,bonus=1.0": 1.75}
    )


def test_a_metric_that_fails_costs_no_trial_but_is_said(ours, caplog):
    metrics = choose_metrics("accuracy", ["wild"], ours)
    with caplog.at_level(logging.WARNING):
        assert metrics.measure(PREDICTIONS) == {"accuracy": 0.75}
    message = "metric 'wild' of roses (flowerablate-roses 1.0) failed: ZeroDivisionError: division by zero"
    assert caplog.messages == [message]
    with pytest.raises(PluginError, match="division by zero"):
        metrics.value("wild", PREDICTIONS)


def test_a_model_whose_numbers_ran_away_is_taken_to_say_nothing(ours):
    odd = Predictions(("a", "b"), np.array([0, 1]), np.array([[np.nan, 0.5], [0, 1]], np.float32), ("x", "y"))
    np.testing.assert_array_equal(odd.normalised, [[0.5, 0.5], [0.0, 1.0]])
    assert choose_metrics("log_loss", [], ours).measure(odd)["log_loss"] == pytest.approx(math.log(2) / 2)


# ----------------------------------------------------------------------------- what a report adds to results


def test_what_a_result_lacks_is_taken_of_the_kept_predictions(ours, ledger):
    metrics = choose_metrics("brier", [], ours)
    found = completed(ledger, metrics)
    assert found.metrics == {"accuracy": 0.25, "loss": 0.5, **metrics.measure(PREDICTIONS)}
    assert ledger.results("base0")[0].metrics == {"accuracy": 0.25, "loss": 0.5}


def test_a_value_of_another_version_of_the_metric_is_computed_again_and_one_of_this_is_kept(ours, ledger, tmp_path):
    folder = ledger.trials_of("base0")[0][1]
    metrics = choose_metrics("mine", [], ours)
    folder.finish(result({"mine": 0.1}, metrics.owners(["mine"])), {})
    assert completed(ledger, metrics).metrics["mine"] == 0.1
    newer = choose_metrics("mine", [], assembler(tmp_path, "2.0"))
    found = completed(ledger, newer)
    assert found.metrics["mine"] == 0.75
    assert [str(owned.owner) for owned in found.owners] == ["roses (flowerablate-roses 2.0)"]


def test_without_predictions_a_value_is_kept_as_it_is_and_a_missing_one_is_an_error(ours, ledger):
    (ledger.trials_of("base0")[0][1].path / "predictions.npz").unlink()
    assert completed(ledger, choose_metrics("accuracy", [], ours)).metrics["accuracy"] == 0.25
    with pytest.raises(LedgerError, match=r"predictions\.npz is missing; remove the trial's folder"):
        completed(ledger, choose_metrics("accuracy", ["brier"], ours))


def test_a_failed_trial_has_no_metrics(ours, ledger):
    failed = TrialFailure("two", "base0", "", 1, "boom")
    assert with_metrics([failed], ledger, "base0", choose_metrics("brier", [], ours)) == [failed]


def test_a_metric_that_is_not_defined_everywhere_is_noted():
    results = [result({"roc_auc": math.nan, "accuracy": 1.0}), result({"roc_auc": 0.5, "accuracy": 1.0})]
    notes = undefined([*results, TrialFailure("two", "base0", "", 1, "boom")], ["accuracy", "roc_auc"])
    assert notes == ["roc_auc is not defined in 1 trial, left out: their test images may lack a class."]


# ------------------------------------------------------------------------------------ how a report reads them

NOTE = StudyNote("base0", rules=Rules(metric="brier"), secondary=("accuracy",))


def test_a_report_reads_the_study_by_its_primary_metric_or_by_the_one_that_is_asked(ours):
    assert reading(NOTE, None, ours).primary == "brier"
    asked = reading(NOTE, "calibration_error,bins=15", ours)
    assert (asked.primary, asked.secondary) == ("calibration_error", ("accuracy",))
    assert asked.infos["calibration_error"].lower_is_better


def test_the_training_loss_can_be_read_though_no_component_makes_it(ours, ledger):
    read = reading(NOTE, "loss", ours)
    assert read.infos["loss"] == MetricInfo("loss", lower_is_better=True, percent=False)
    assert read.metrics.names == ("accuracy",)
    assert completed(ledger, read.metrics).metrics["loss"] == 0.5


def test_a_metric_whose_plugin_is_gone_is_read_as_the_ledger_noted_it(ours, ledger):
    gone = MetricInfo("cost,price=10", lower_is_better=True, percent=False)
    note = StudyNote("base0", rules=Rules(metric=gone.name), metrics=(gone,))
    ledger.enter([], {}, note)
    read = reading(ledger.note("base0"), None, ours)
    assert (read.infos, read.metrics.names) == ({gone.name: gone}, ())


def test_an_unknown_metric_of_a_report_is_an_error_with_the_nearest(ours):
    with pytest.raises(StudyError, match="no metric is called 'briar'; did you mean 'brier'"):
        reading(NOTE, "briar", ours)

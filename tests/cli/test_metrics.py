"""The metrics of a study, on the command line."""

import json
import re

import numpy as np

PLUGIN = """
import flowerablate as fa

@fa.hookimpl
def flowerablate_register_metric(register):
    factor = fa.Param("factor", 1.0, "cost of an error", low=0.0)
    register(fa.MetricSpec("cost", "Cost.", build, (factor,), lower_is_better=True, percent=False))

def build(context, factor):
    def per_image(labels, probabilities):
        return factor * (probabilities.argmax(axis=1) != labels)

    return fa.Metric(lambda labels, p: float(per_image(labels, p).mean()), per_image)
"""


def means(document):
    return [row["base_mean"] for row in (document["base"], *document["rows"])]


def test_the_primary_metric_is_shown_and_others_are_taken_of_the_same_trials(command, image_folder, folder):
    words = ("run", "tiny.toml", "--data", image_folder, "--disable", "flip", "--set", "train.epochs=1")
    first = command(*words, "--set", "metrics.primary=log_loss", "--set", 'metrics.secondary=["roc_auc"]')
    assert first.returncode == 0, first.stderr
    assert len(re.findall(r"seed \d  log_loss \d\.\d{3}", first.stderr)) == 4
    assert "log_loss on the test split" in first.stdout
    again = command(*words)
    assert "4 of 4 trials are finished already" in again.stderr
    assert "accuracy on the test split" in again.stdout
    kept = json.loads(next((folder / "runs" / "tiny" / "trials").glob("*/result.json")).read_text())
    assert set(kept["metrics"]) == {"log_loss", "roc_auc", "loss"}
    document = json.loads(command("report", "--metric", "loss", "--format", "json").stdout)
    assert document["lower_is_better"] is True


def test_a_report_takes_a_metric_that_did_not_exist_when_the_study_ran(command, finished_study, folder):
    accuracy = json.loads(command("report", "--format", "json").stdout)
    (folder / "flowerablate_local.py").write_text(PLUGIN)
    cost = json.loads(command("report", "--format", "json", "--metric", "cost,factor=10").stdout)
    assert (cost["metric"], cost["lower_is_better"]) == ("cost,factor=10.0", True)
    assert all(abs(10 * (1 - a) - c) < 1e-12 for a, c in zip(means(accuracy), means(cost), strict=True))
    misspelt = command("report", "--metric", "cots")
    assert misspelt.returncode == 1
    assert "error: metric: no metric is called 'cots'; did you mean 'cost'?" in misspelt.stderr


def test_an_unknown_primary_metric_stops_a_study_before_it_begins(command, image_folder, folder):
    done = command("run", "tiny.toml", "--data", image_folder, "--set", "metrics.primary=acuracy")
    assert (done.returncode, done.stdout) == (1, "")
    assert "metrics.primary: no metric is called 'acuracy'; did you mean 'accuracy'?" in done.stderr
    assert not (folder / "runs").exists()


def test_a_column_of_a_metric_that_the_study_does_not_have_is_taken_of_the_predictions(command, finished_study):
    done = command("report", "--columns", "variant,secondary,metric=log_loss,verdict")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^-flip +[+-]?\d\.\d{3} ", done.stdout, flags=re.MULTILINE)
    assert "did you mean 'log_loss'" in command("report", "--columns", "secondary,metric=logloss").stderr


FROM_LOGITS = """
import flowerablate as fa

@fa.hookimpl
def flowerablate_register_metric(register):
    register(fa.MetricSpec("nll", "Cross-entropy of the logits.", build, lower_is_better=True, percent=False))

def build(context):
    import numpy as np

    def per_image(labels, logits):
        largest = logits.max(axis=1)
        together = largest + np.log(np.exp(logits - largest[:, None]).sum(axis=1))
        return together - logits[np.arange(len(labels)), labels]

    return fa.Metric(lambda labels, logits: float(per_image(labels, logits).mean()), per_image, needs="logits")
"""


def test_a_metric_from_logits_goes_through_run_report_and_evaluate(command, image_folder, folder):
    (folder / "flowerablate_local.py").write_text(FROM_LOGITS)
    words = ("run", "tiny.toml", "--data", image_folder, "--disable", "flip")
    done = command(*words, "--set", "metrics.primary=nll", "--set", "train.best_by=nll")
    assert done.returncode == 0, done.stderr
    assert "nll on the test split" in done.stdout
    trials = folder / "runs" / "tiny" / "trials"
    for trial in trials.iterdir():
        kept = json.loads((trial / "result.json").read_text())
        # The loss of the study is the same cross-entropy, taken by torch in float32.
        assert abs(kept["metrics"]["nll"] - kept["metrics"]["loss"]) < 1e-5
        history = [epoch["metrics"]["nll"] for epoch in json.loads((trial / "history.json").read_text())]
        assert kept["best_epoch"] == 1 + history.index(min(history))
    document = json.loads(command("report", "--metric", "nll", "--format", "json").stdout)
    assert document["lower_is_better"] is True
    images = command("report", "--metric", "nll", "--population", "images", "--format", "json")
    assert images.returncode == 0, images.stderr
    shown = command("evaluate", "tiny", image_folder, "--metric", "nll", "--format", "json")
    assert shown.returncode == 0, shown.stderr
    found = json.loads(shown.stdout)["metrics"]["nll"]
    assert found["low"] < found["value"] < found["high"]


def test_a_metric_from_logits_says_in_one_line_why_old_predictions_cannot_give_it(command, image_folder, folder):
    command("run", "tiny.toml", "--data", image_folder, "--disable", "flip", "--set", "train.epochs=1")
    (folder / "flowerablate_local.py").write_text(FROM_LOGITS)
    assert command("report", "--metric", "nll").returncode == 0
    for path in (folder / "runs" / "tiny" / "trials").glob("*/predictions.npz"):
        arrays = dict(np.load(path))
        del arrays["logits"]
        np.savez(path, **arrays)
    done = command("report", "--metric", "nll")
    assert done.returncode == 1
    assert "error: a metric of logits cannot be computed: these predictions come from a version" in done.stderr
    assert command("report").returncode == 0

"""The metrics of a study, on the command line."""

import json
import re

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


def test_the_primary_metric_is_shown_and_others_are_taken_of_the_same_trials(command, picture_folder, folder):
    words = ("run", "tiny.toml", "--data", picture_folder, "--disable", "flip", "--set", "train.epochs=1")
    first = command(*words, "--set", "metrics.primary=log_loss", "--set", 'metrics.secondary=["roc_auc"]')
    assert first.returncode == 0, first.stderr
    assert len(re.findall(r"seed \d  log_loss \d\.\d{3}", first.stderr)) == 4
    assert "log_loss on the test split" in first.stdout
    again = command(*words)
    assert "4 of 4 trials are in the ledger already" in again.stderr
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


def test_an_unknown_primary_metric_stops_a_study_before_it_begins(command, picture_folder, folder):
    done = command("run", "tiny.toml", "--data", picture_folder, "--set", "metrics.primary=acuracy")
    assert (done.returncode, done.stdout) == (1, "")
    assert "metrics.primary: no metric is called 'acuracy'; did you mean 'accuracy'?" in done.stderr
    assert not (folder / "runs").exists()


def test_a_column_of_a_metric_that_the_study_does_not_have_is_taken_of_the_predictions(command, finished_study):
    done = command("report", "--columns", "variant,secondary,metric=log_loss,verdict")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^-flip +[+-]?\d\.\d{3} ", done.stdout, flags=re.MULTILINE)
    assert "did you mean 'log_loss'" in command("report", "--columns", "secondary,metric=logloss").stderr

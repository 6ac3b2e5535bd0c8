"""What the trackers wrote, read back by pandas' like, by TensorBoard's own reader and by MLflow's client."""

import csv
import math
import sys
from multiprocessing import get_context

import pytest

import flowerablate as fa
from flowerablate.contracts import TrackedTrial, TrackerContext, TrialFailure, TrialResult
from flowerablate.discovery import discover

TRIAL = TrackedTrial("a" * 20, "flowers", "-flip", 3, {"model": "resnet8", "optimizer.lr": 0.1, "scale": (0.3, 1.0)})
OTHER = TrackedTrial("b" * 20, "flowers", "base", 3, {"model": "resnet8"})


def values(epoch):
    return {"train_loss": 1 / epoch, "validation_accuracy": 0.5 + epoch / 10, "learning_rate": 0.1}


def result(trial, failure="", **metrics):
    if failure:
        return TrialFailure(trial.id, "b", trial.variant, trial.seed, failure)
    return TrialResult(trial.id, "b", trial.variant, trial.seed, metrics, {}, 2, 3, False)


@pytest.fixture
def tracker(tmp_path):
    """Build a tracker by name, as often as wanted, always in the same folder."""

    def build(name, **params):
        spec = discover().registry.find("tracker", name).spec
        defaults = {param.name: param.default for param in spec.params}
        return spec.build(TrackerContext("flowers", tmp_path / "ledger"), **{**defaults, **params})

    return build


def play(tracker, trial, epochs, finish=None):
    tracker.trial_started(trial)
    for epoch in epochs:
        tracker.epoch_done(trial, epoch, values(epoch))
    if finish is not None:
        tracker.trial_finished(trial, finish)
    tracker.close()


def interrupted_and_resumed(build, name, **params):
    play(build(name, **params), TRIAL, (1, 2))
    play(build(name, **params), TRIAL, (2, 3), result(TRIAL, accuracy=0.875))
    play(build(name, **params), OTHER, (1,), result(OTHER, "it is broken"))


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_csv_is_tidy_and_has_no_line_twice(tracker, tmp_path):
    interrupted_and_resumed(tracker, "csv")
    table = rows(tmp_path / "ledger" / "tracking.csv")
    losses = [row for row in table if row["name"] == "train_loss" and row["trial"] == TRIAL.id]
    assert [(row["epoch"], float(row["value"])) for row in losses] == [("1", 1.0), ("2", 0.5), ("3", 1 / 3)]
    assert {(row["study"], row["variant"], row["seed"], row["part"]) for row in losses} == {
        ("flowers", "-flip", "3", "training")
    }
    (accuracy,) = [row for row in table if row["part"] == "test"]
    assert (accuracy["name"], float(accuracy["value"]), accuracy["epoch"]) == ("accuracy", 0.875, "2")
    assert len(table) == 3 * 3 + 1 + 3


def test_csv_mends_a_line_that_was_cut_off(tracker, tmp_path):
    path = tmp_path / "some.csv"
    play(tracker("csv", path=str(path)), TRIAL, (1, 2))
    whole = path.read_bytes()
    for cut in (1, 10, 60, 150):
        path.write_bytes(whole[:-cut])
        play(tracker("csv", path=str(path)), TRIAL, (2,))
        assert path.read_bytes() == whole


def test_csv_refuses_a_file_that_is_not_its_own(tracker, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(fa.StudyError, match="other columns"):
        play(tracker("csv", path=str(path)), TRIAL, (1,))
    assert path.read_text() == "a,b\n1,2\n"


def _one_process(path, number):
    from flowerablate_trackers.csv_file import CsvTracker

    play(CsvTracker(path), TrackedTrial(f"{number}", "flowers", "base", number), range(1, 6))


def test_csv_takes_lines_of_several_processes(tmp_path):
    path = tmp_path / "shared.csv"
    workers = [get_context("fork").Process(target=_one_process, args=(path, number)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    table = rows(path)
    assert len(table) == 4 * 5 * 3
    assert len({(row["trial"], row["epoch"], row["name"]) for row in table}) == len(table)


def test_tensorboard_reads_the_curves_without_the_repeated_epoch(tracker, tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    interrupted_and_resumed(tracker, "tensorboard")
    (folder,) = (tmp_path / "ledger" / "tensorboard" / "-flip").iterdir()
    assert folder.name == "seed-3-aaaaaaaa"
    events = EventAccumulator(str(folder)).Reload()
    losses = [(event.step, event.value) for event in events.Scalars("train/loss")]
    assert losses == [(1, 1.0), (2, 0.5), (3, pytest.approx(1 / 3))]
    assert [event.step for event in events.Scalars("training/learning_rate")] == [1, 2, 3]
    assert [(event.step, event.value) for event in events.Scalars("test/accuracy")] == [(2, 0.875)]
    assert "_hparams_/session_start_info" in events.summary_metadata
    settings = events.summary_metadata["_hparams_/session_start_info"].plugin_data.content
    assert b"optimizer.lr" in settings
    assert b"resnet8" in settings


@pytest.fixture
def client(tmp_path):
    for library in ("mlflow", "sqlalchemy", "alembic"):
        pytest.importorskip(library)
    from mlflow.tracking import MlflowClient

    return lambda: MlflowClient(f"sqlite:///{tmp_path / 'ledger' / 'mlflow.db'}")


def test_mlflow_has_a_run_for_each_trial(tracker, client):
    interrupted_and_resumed(tracker, "mlflow")
    experiment = client().get_experiment_by_name("flowers")
    runs = {run.data.tags["flowerablate.trial"]: run for run in client().search_runs([experiment.experiment_id])}
    assert set(runs) == {TRIAL.id, OTHER.id}
    run = runs[TRIAL.id]
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "-flip seed 3"
    assert run.data.params == {
        "variant": "-flip", "seed": "3", "model": "resnet8", "optimizer.lr": "0.1", "scale": "(0.3, 1.0)",
    }  # fmt: skip
    losses = client().get_metric_history(run.info.run_id, "train_loss")
    assert [(point.step, point.value) for point in losses] == [(1, 1.0), (2, 0.5), (3, pytest.approx(1 / 3))]
    assert run.data.metrics["test_accuracy"] == 0.875
    assert runs[OTHER.id].info.status == "FAILED"
    assert runs[OTHER.id].data.tags["flowerablate.failure"] == "it is broken"


def test_mlflow_marks_an_interrupted_trial(tracker, client):
    play(tracker("mlflow", experiment="mine"), TRIAL, (1,))
    experiment = client().get_experiment_by_name("mine")
    (run,) = client().search_runs([experiment.experiment_id])
    assert run.info.status == "KILLED"


def test_mlflow_takes_figures_that_are_no_numbers_and_odd_names(tracker, client):
    odd = tracker("mlflow")
    odd.trial_started(TRIAL)
    odd.epoch_done(TRIAL, 1, {"train_loss": math.nan})
    odd.trial_finished(TRIAL, result(TRIAL, **{"error,bins=3": 0.25}))
    experiment = client().get_experiment_by_name("flowers")
    (run,) = client().search_runs([experiment.experiment_id])
    assert run.data.metrics["test_error_bins_3"] == 0.25
    assert math.isnan(run.data.metrics["train_loss"])


@pytest.mark.parametrize(("name", "module"), [("tensorboard", "tensorboard"), ("mlflow", "mlflow")])
def test_a_missing_library_is_said_with_the_cure(tracker, monkeypatch, name, module):
    import flowerablate_trackers

    monkeypatch.setattr(flowerablate_trackers, "find_spec", lambda wanted: None if wanted == module else sys)
    with pytest.raises(fa.StudyError, match=rf"pip install 'flowerablate\[{name}\]'"):
        tracker(name)

"""``flowerablate run --tracker``: a study is followed, and stays the study that it was."""

import csv
import json
import re
import shlex
import signal
from pathlib import Path

import pytest

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "trackers.md"

WORDS = ("run", "tiny.toml", "--disable", "light", "--seeds", 1)


def ids(folder):
    return sorted(path.parent.name for path in folder.glob("runs/tiny/trials/*/result.json"))


def rows(folder, name="tracking.csv"):
    with (folder / "runs" / "tiny" / name).open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_tracked_run_tells_every_epoch_and_has_the_ids_of_one_that_is_not(command, folder, image_folder):
    data = ("--data", image_folder)
    assert command(*WORDS, *data).returncode == 0
    plain = ids(folder)
    (folder / "runs").rename(folder / "before")
    done = command(*WORDS, *data, "--tracker", "csv")
    assert done.returncode == 0, done.stderr
    assert ids(folder) == plain
    table = rows(folder)
    losses = [row for row in table if row["name"] == "train_loss"]
    assert sorted((row["variant"], row["epoch"]) for row in losses) == [
        ("-light", "1"), ("-light", "2"), ("base", "1"), ("base", "2"),
    ]  # fmt: skip
    for row in losses:
        history = json.loads((folder / f"runs/tiny/trials/{row['trial']}/history.json").read_text())
        assert float(row["value"]) == history[int(row["epoch"]) - 1]["train_loss"]
    assert {row["variant"] for row in table if row["part"] == "test"} == {"base", "-light"}


def test_a_study_names_its_trackers(command, folder, image_folder):
    study = (folder / "tiny.toml").read_text()
    (folder / "tiny.toml").write_text(study + '[trackers.mine]\nuse = "csv"\npath = "runs/tiny/mine.csv"\n')
    assert command(*WORDS, "--data", image_folder).returncode == 0
    assert rows(folder, "mine.csv")


def test_an_interrupted_trial_goes_on_without_a_line_twice(command, folder, image_folder, monkeypatch):
    from flowerablate.execute import trial as trial_module

    class Stopping(trial_module._Steps):
        def step_done(self, epoch, step, steps):
            super().step_done(epoch, step, steps)
            if epoch == 2:
                signal.raise_signal(signal.SIGINT)

    words = (*WORDS, "--data", image_folder, "--tracker", "csv")
    with monkeypatch.context() as patch:
        patch.setattr(trial_module, "_Steps", Stopping)
        assert command(*words).returncode == 130
    assert {row["epoch"] for row in rows(folder)} == {"1"}
    assert command(*words).returncode == 0
    keys = [(row["trial"], row["part"], row["epoch"], row["name"]) for row in rows(folder)]
    assert len(set(keys)) == len(keys)
    assert {row["epoch"] for row in rows(folder)} == {"1", "2"}


def test_a_tracker_that_cannot_write_does_not_end_the_study(command, folder, image_folder):
    (folder / "file").write_text("in the way")
    done = command(*WORDS, "--data", image_folder, "--tracker", "csv,path=file/tracking.csv")
    assert done.returncode == 0
    assert done.stderr.count("tracker csv failed") == 1
    assert len(ids(folder)) == 2


@pytest.mark.parametrize(
    ("tracker", "said"),
    [("cvs", "did you mean 'csv'?"), ("csv,pth=x", "did you mean 'path'?"), ("csv,path", "parameter=value")],
)
def test_wrong_words_are_refused_before_anything_is_trained(command, folder, image_folder, tracker, said):
    done = command(*WORDS, "--data", image_folder, "--tracker", tracker)
    assert done.returncode == 1
    assert said in done.stderr
    assert not ids(folder)


def test_a_dry_run_writes_nothing(command, folder, image_folder):
    assert command(*WORDS, "--data", image_folder, "--tracker", "csv", "--dry-run").returncode == 0
    assert not (folder / "runs").exists()


@pytest.mark.slow
def test_every_line_of_the_document_that_runs_a_study_can_be_run(command, folder, image_folder):
    text = DOCUMENT.read_text()
    lines = re.findall(r"^ *flowerablate run\b(.*)$", text, flags=re.MULTILINE)
    assert len(lines) == 2
    for words in lines:
        assert command("run", *shlex.split(words), "--dry-run").returncode == 0
    (tables,) = re.findall(r"```toml\n(.*?)```", text, flags=re.DOTALL)
    (folder / "study.toml").write_text(tables)
    assert command("run", "--dry-run", "--data", image_folder).returncode == 0

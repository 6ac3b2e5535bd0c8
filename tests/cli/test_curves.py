"""``flowerablate curves``, and a study whose training uses all that it can."""

import json
import shutil

import pytest

RECIPE = (
    *("--set", "train.precision=bfloat16", "--set", "train.accumulate=2", "--set", "train.clip_norm=1"),
    *("--set", "train.decay=weights", "--set", "train.ema=0.9", "--set", "train.best_by=macro_f1"),
)


@pytest.fixture(scope="module")
def runs(tmp_path_factory, make_images, tiny_study, train_study):
    here = tmp_path_factory.mktemp("recipe")
    make_images(here / "images")
    return train_study(here, tiny_study(), "--disable=train.ema", "--seeds=1", *RECIPE)


@pytest.fixture
def trained(runs, folder):
    shutil.copytree(runs, folder / "runs")
    return folder


def test_the_curves_of_a_study_are_drawn(command, trained):
    done = command("curves", "tiny", "--out", "all.svg")
    assert done.returncode == 0, done.stderr
    assert "wrote all.svg" in done.stderr
    text = (trained / "all.svg").read_text()
    assert "base, 1 seed" in text
    assert "-train.ema, 1 seed" in text
    assert command("curves", "--variant", "base", "--metric", "macro_f1", "--out", "one.svg").returncode == 0
    one = (trained / "one.svg").read_text()
    assert "validation macro_f1" in one
    assert "-train.ema" not in one
    for words, said in (
        (("--variant", "bass"), "no trial of variant 'bass' has finished; did you mean 'base'?"),
        (("--metric", "brier"), "no trial computed 'brier' in training"),
        (("--out", "all.jpg"), "use all.png"),
    ):
        failed = command("curves", *words)
        assert failed.returncode == 1
        assert said in failed.stderr, failed.stderr
    assert not list(trained.glob("*.jpg"))


def test_the_history_holds_the_metrics_and_the_result_the_steps_of_the_optimizer(trained):
    for result in (trained / "runs" / "tiny" / "trials").glob("*/result.json"):
        history = json.loads((result.parent / "history.json").read_text())
        assert [sorted(epoch["metrics"]) for epoch in history] == [["accuracy", "macro_f1"]] * 2
        said = json.loads(result.read_text())
        assert said["best_by"] == {"name": "macro_f1", "lower_is_better": False, "percent": True}
        scores = [epoch["metrics"]["macro_f1"] for epoch in history]
        assert said["validation"]["macro_f1"] == scores[said["best_epoch"] - 1] == max(scores)
        assert said["facts"]["steps per epoch"] == -(-(said["facts"]["training images"] // 4) // 2)


@pytest.mark.parametrize(
    ("setting", "said"),
    [("train.best_by=macro_f2", "train.best_by"), ("train.precision=float16", "float16 needs a GPU")],
)
def test_a_training_that_cannot_be_is_refused_at_once(command, folder, image_folder, setting, said, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    failed = command("run", "tiny.toml", "--data", image_folder, "--disable", "flip", "--set", setting)
    assert failed.returncode == 1
    assert said in failed.stderr, failed.stderr
    assert not list(folder.glob("runs/*/trials/*/result.json"))

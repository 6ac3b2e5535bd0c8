"""Bars on a terminal, lines in a pipe; a notebook is tried in ``test_notebook.py``."""

import io
from types import SimpleNamespace

import pytest
from rich.console import Console

from flowerablate.api.progress import Display
from flowerablate.contracts import MetricInfo, TrialFailure, TrialResult

PIPELINE = SimpleNamespace(train=SimpleNamespace(epochs=2), retune=())


def trial(seed):
    return SimpleNamespace(
        id=str(seed), seed=seed, variant=SimpleNamespace(label="-flip", change="-flip", pipeline=PIPELINE)
    )


def watch(console, monkeypatch):
    monkeypatch.setattr("flowerablate.api.progress.candidates", lambda pipeline: [((), pipeline)])
    with Display(console) as display:
        display.metric = MetricInfo("accuracy", percent=True)
        display.preparing("packing images", 1, 2)
        display.study_started(3, 1)
        display.trial_started(trial(0))
        display.step_done(trial(0), 1, 1, 4)
        metrics, costs = {"accuracy": 0.75}, {"seconds": 1.25}
        display.trial_finished(trial(0), TrialResult("one", "base0", "-flip", 0, metrics, {}, 1, 1, True, costs))
        display.trial_finished(trial(1), TrialFailure("two", "base0", "-flip", 1, "no [room]"))
        display.remarked("[not] markup")


def test_in_a_pipe_there_is_a_line_for_each_trial_and_no_bar(monkeypatch):
    told = io.StringIO()
    watch(Console(file=told, width=80), monkeypatch)
    assert told.getvalue().splitlines() == [
        "1 of 3 trials are finished already",
        "2/3  -flip  seed 0  accuracy 75.0 %  1.2 s  collapsed",
        "3/3  -flip  seed 1  failed: no [room]",
        "[not] markup",
    ]


@pytest.mark.parametrize("words", ["study", "-flip  seed 0", "3/3"])
def test_a_terminal_has_bars_too(monkeypatch, words):
    told = io.StringIO()
    watch(Console(file=told, width=80, force_terminal=True, color_system=None), monkeypatch)
    assert words in told.getvalue()
    assert "━" in told.getvalue()


def test_a_trial_is_shown_with_its_place_where_there_are_several(monkeypatch):
    monkeypatch.setattr("flowerablate.api.progress.candidates", lambda pipeline: [((), pipeline)])
    told = io.StringIO()
    with Display(Console(file=told, width=80)) as display:
        display.study_started(1, 0)
        display.trial_started(trial(0))
        display.trial_placed(trial(0), "cuda:1")
        (bar,) = (task for task in display._progress.tasks if task.description.startswith("-flip"))
        assert bar.description == "-flip  seed 0  on cuda:1"
        display.epoch_done(trial(0), 1, {"train_loss": 0.5})
        assert bar.description == "-flip  seed 0  on cuda:1  epoch 1, loss 0.500"
        display.trial_finished(trial(0), TrialFailure("one", "base0", "-flip", 0, "no room"))
    assert told.getvalue() == "1/1  -flip  seed 0  on cuda:1  failed: no room\n"


def test_the_time_left_of_the_study_counts_the_trials_that_run_at_once(monkeypatch):
    monkeypatch.setattr("flowerablate.api.progress.candidates", lambda pipeline: [((), pipeline)])
    clock = [100.0]
    monkeypatch.setattr("flowerablate.api.progress.time.monotonic", lambda: clock[0])
    display = Display(Console(file=io.StringIO(), width=80))
    display.study_started(6, 0)
    assert display.seconds_left() is None
    display.trial_started(trial(0))
    display.trial_started(trial(1))
    clock[0] += 4
    for seed in (0, 1):
        result = TrialResult(str(seed), "base0", "-flip", seed, {}, {}, 1, 1, False, {"seconds": 4.0})
        display.trial_finished(trial(seed), result)
    display.trial_started(trial(2))
    display.trial_started(trial(3))
    assert display.seconds_left() == pytest.approx(8.0)
    display.step_done(trial(2), 1, 1, 4)
    display.step_done(trial(3), 1, 1, 4)
    clock[0] += 1
    display.step_done(trial(2), 1, 4, 4)
    display.step_done(trial(3), 1, 4, 4)
    assert display.seconds_left() == pytest.approx(4 / 3 + 4)
    whole = next(task for task in display._progress.tasks if display.is_whole(task.id))
    column = display._progress.columns[-1]
    assert column.render(whole).plain == "0:00:06"

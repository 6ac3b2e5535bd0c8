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
        "1 of 3 trials are in the ledger already",
        "2/3  -flip  seed 0  accuracy 0.750  1.2 s  collapsed",
        "3/3  -flip  seed 1  failed: no [room]",
        "[not] markup",
    ]


@pytest.mark.parametrize("words", ["study", "-flip  seed 0", "3/3"])
def test_a_terminal_has_bars_too(monkeypatch, words):
    told = io.StringIO()
    watch(Console(file=told, width=80, force_terminal=True, color_system=None), monkeypatch)
    assert words in told.getvalue()
    assert "━" in told.getvalue()

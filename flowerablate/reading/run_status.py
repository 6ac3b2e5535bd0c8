"""How far the latest run of a study is, read from the folders of its trials: by any process, at any time."""

from __future__ import annotations

import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..contracts import SECONDS, TrainingSpec, TrialFailure, label_of
from ..jobs.events import events_in
from ..jobs.same_process import still_runs
from ..jobs.time_left import Pace, seconds_left
from ..ledger import Ledger, StudyNote, TrialFolder

_SILENT = 600.0
"""Seconds without an event after which a trial on another machine counts as interrupted."""


@dataclass(frozen=True)
class RunningTrial:
    """A trial that is training now: where, since when (seconds), and how far. Epochs and steps count from 1.

    *epochs*: how many there will be; None if that is not known before. *loss*: that of the last epoch in training.
    """

    trial_id: str
    variant: str
    seed: int
    host: str
    pid: int
    seconds: float
    epoch: int
    epochs: int | None
    step: int
    steps: int
    loss: float | None


@dataclass(frozen=True)
class RunStatus:
    """How far the latest run of a study is: of its *trials*, some are *done*, *running*, *failed*; the rest is left.

    *seconds_left*: expected until all are done, from what finished trials took, how far the running ones are, and how
    many run at once; None if none is running, or nothing is known of them yet.
    """

    study: str
    trials: int
    done: int
    running: tuple[RunningTrial, ...]
    failed: tuple[TrialFailure, ...]
    seconds_left: float | None

    @property
    def left(self) -> int:
        """How many trials have not begun, or were interrupted."""
        return self.trials - self.done - len(self.running) - len(self.failed)


def run_status(ledger: Ledger, note: StudyNote) -> RunStatus:
    """Return how far the run is that *note* records."""
    folders = ledger.trials_in(note)
    now, done = time.time(), 0
    failed, running, paces, took = [], [], [], []
    for folder in folders:
        change = next((claim.change for claim in folder.claims if claim.base_id == note.base_id), "")
        if folder.complete:
            done += 1
            took.append(folder.result_of(note.base_id, change))
        elif folder.failed:
            failed.append(folder.failure_of(note.base_id, change))
        elif events := _events_of_running(folder):
            running.append(_running(folder, change, events))
            paces.append(_pace(running[-1].epochs, events))
    waiting = len(folders) - done - len(failed) - len(running)
    seconds = [result.cost(SECONDS) or 0.0 for result in took]
    expected = seconds_left(seconds, paces, waiting, len(running), now) if running or not waiting else None
    return RunStatus(ledger.root.name, len(folders), done, tuple(running), tuple(failed), expected)


def _events_of_running(folder: TrialFolder) -> list[dict[str, Any]]:
    events = events_in(folder.path)
    return events if events and _alive(events) else []


def _pace(epochs: int | None, events: Sequence[dict[str, Any]]) -> Pace:
    """Return how fast a trial goes that has this many *epochs*; one whose number is not known has none of its own."""
    pace = Pace(float(events[0]["time"]))
    for event in events:
        if epochs is None:
            break
        if event["event"] == "step_done":
            pace.reached(float(event["time"]), (event["epoch"] - 1 + event["step"] / event["steps"]) / epochs)
        elif event["event"] == "epoch_done":
            pace.reached(float(event["time"]), event["epoch"] / epochs)
    return pace


def _running(folder: TrialFolder, change: str, events: Sequence[dict[str, Any]]) -> RunningTrial:
    epochs = [event for event in events if event["event"] == "epoch_done"]
    steps = [event for event in events if event["event"] == "step_done"]
    last: dict[str, Any] = steps[-1] if steps else {"epoch": 1, "step": 0, "steps": 0}
    if epochs and epochs[-1]["epoch"] >= last["epoch"]:
        last = {"epoch": epochs[-1]["epoch"], "step": last["steps"], "steps": last["steps"]}
    loss = epochs[-1]["values"].get("train_loss") if epochs else None
    pipeline = folder.record["pipeline"]
    return RunningTrial(
        folder.path.name,
        label_of(change),
        folder.seed,
        str(events[0]["host"]),
        int(events[0]["pid"]),
        max(0.0, time.time() - float(events[0]["time"])),
        int(last["epoch"]),
        None if pipeline.get("retune") else int(pipeline["components"][TrainingSpec.slot]["params"]["epochs"]),
        int(last["step"]),
        int(last["steps"]),
        loss,
    )


def _alive(events: Sequence[dict[str, Any]]) -> bool:
    first = events[0]
    if first["host"] != platform.node():
        return time.time() - float(events[-1]["time"]) < _SILENT
    return still_runs(int(first["pid"]), str(first.get("process_began", "")))

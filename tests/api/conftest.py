"""A study that trains in a moment, and one that has been trained."""

import shutil
from pathlib import Path

import pytest

from flowerablate.api.running import report
from flowerablate.api.study import Study
from flowerablate.execute.observer import SilentObserver


class Remembering(SilentObserver):
    """Remembers the trials that begin, and stops the run in the one that it is told to."""

    def __init__(self, stop_in=None):
        self.begun, self.finished, self.steps, self.remarks = [], [], 0, []
        self._stop_in = stop_in

    def trial_started(self, trial):
        self.begun.append((trial.variant.label, trial.seed))

    def step_done(self, trial, epoch, step, steps):
        self.steps += 1
        if len(self.begun) == self._stop_in and epoch == 2:
            raise KeyboardInterrupt

    def trial_finished(self, trial, result):
        self.finished.append(result)

    def remarked(self, text):
        self.remarks.append(text)


@pytest.fixture
def remembering():
    return Remembering


@pytest.fixture
def runs(trained_study, tmp_path):
    """A copy of the runs with the study ``tiny``, which a test may change."""
    return shutil.copytree(trained_study.runs, tmp_path / "runs")


@pytest.fixture
def study(trained_study):
    """The study ``tiny`` that was trained by the command line."""
    return Study.read(trained_study.runs.parent / "tiny.toml", trained_study.images)


@pytest.fixture
def result(trained_study):
    return report("tiny", runs=trained_study.runs)


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path) -> Path:
    """Give each test a working directory of its own: the names of this room write there."""
    return tmp_path

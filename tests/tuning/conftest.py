"""A study of little noise images, ready to be tuned in a moment."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pipelines import small_study

from flowerablate.discovery import discover
from flowerablate.jobs.events import events_in
from flowerablate.study.read import read_study
from flowerablate.study.resolve import resolve
from flowerablate.study.schema import StudyFile
from flowerablate.study.templates import default_study
from flowerablate.tuning.storage import OpenTrial, Trials, TuningTrial
from flowerablate.tuning.tuning_plan import TuningPlan, plan_tuning
from flowerablate.wiring.assemble import Assembler


@pytest.fixture
def assembler(tmp_path: Path, own_cache: Path) -> Assembler:
    return Assembler(discover(tmp_path).registry, tmp_path, own_cache)


@pytest.fixture
def base(assembler: Assembler):
    """The default pipeline, trained by SGD with Nesterov momentum."""
    keys = {"optimizer": {"use": "nesterov", "lr": 0.1}}
    return resolve(read_study(default_study(), None, (), keys), assembler.lookup)


@pytest.fixture
def make_study(image_folder: Path) -> Callable[..., StudyFile]:
    """Make the small study: ``make_study(**keys)``."""

    def make(**keys: object) -> StudyFile:
        return small_study(image_folder, **keys)

    return make


@pytest.fixture
def make_plan(assembler: Assembler, make_study: Callable[..., StudyFile]) -> Callable[..., TuningPlan]:
    """Make a plan of the small study: ``make_plan("optimizer.lr", seeds=2, pruner="none", **keys)``."""

    def make(*search: str, seeds: int = 1, pruner: str = "none", **keys: object) -> TuningPlan:
        return plan_tuning(make_study(**keys), search, seeds, pruner, assembler)

    return make


@pytest.fixture
def open_trials(assembler: Assembler, tmp_path: Path) -> Callable[..., Trials]:
    """Open the trials of a plan in a folder of their own: ``open_trials(plan, "name")``."""

    def open_(plan: TuningPlan, name: str = "tune") -> Trials:
        return Trials(plan, assembler, tmp_path / name, f"sqlite:///{tmp_path / 'tune.db'}")

    return open_


class Watcher:
    """Notes what is told, and stops the tuning like Ctrl-C, in an epoch of a trial or after so many trials."""

    def __init__(self, stop_at: tuple[int, int] | None = None, stop_after: int = 0) -> None:
        self.rows: list[TuningTrial] = []
        self.epochs: list[tuple[int, int]] = []
        self.pids: dict[int, int] = {}
        self._stop_at, self._stop_after = stop_at, stop_after

    def preparing(self, what: str, done: int, total: int) -> None:
        pass

    def remarked(self, text: str) -> None:
        pass

    def trial_started(self, trial: OpenTrial, epochs: int) -> None:
        events = events_in(trial.folder)
        if events:
            self.pids[trial.number] = events[0]["pid"]

    def step_done(self, trial: OpenTrial, epoch: int, step: int, steps: int) -> None:
        self.epochs.append((trial.number, epoch))
        if (trial.number, epoch) == self._stop_at:
            self._stop_at = None
            raise KeyboardInterrupt

    def trial_finished(self, row: TuningTrial, best: TuningTrial | None) -> None:
        self.rows.append(row)
        if len(self.rows) == self._stop_after:
            raise KeyboardInterrupt


@pytest.fixture
def watcher() -> type[Watcher]:
    """The observer of the tests: ``watcher(stop_at=(trial, epoch), stop_after=trials)``."""
    return Watcher

"""A study of small noise images and a narrow network: a trial trains in a moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pipelines import small_study
from untrained import Pretending

import flowerablate as fa
from flowerablate.contracts import Job, Trial, TrialOutcome
from flowerablate.discovery import discover
from flowerablate.execute import adaptive, preparing, runner
from flowerablate.execute.execution import Execution
from flowerablate.execute.observer import RunObserver
from flowerablate.execute.plan import Plan, plan_study
from flowerablate.execute.prepared import Prepared
from flowerablate.jobs.worker_places import WorkerPlace
from flowerablate.ledger import Ledger
from flowerablate.train import device
from flowerablate.wiring.assemble import Assembler

ASKED = {"ablation.seeds": 1, "ablation.disable": ["flip"]}


@dataclass
class Heard(RunObserver):
    """An observer that remembers what it is told."""

    started: list[Trial] = field(default_factory=list)
    outcomes: list[TrialOutcome] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    epochs: list[int] = field(default_factory=list)
    steps: list[tuple[int, int, int]] = field(default_factory=list)

    def remarked(self, text):
        self.remarks.append(text)

    def trial_started(self, trial):
        self.started.append(trial)

    def step_done(self, trial, epoch, step, steps):
        self.steps.append((epoch, step, steps))

    def epoch_done(self, trial, epoch, values):
        assert {"train_loss", "validation_accuracy"} <= values.keys()
        self.epochs.append(epoch)

    def trial_finished(self, trial, result):
        self.outcomes.append(result)

    def of(self, trial: Trial) -> OneTrial:
        return OneTrial(self, trial)


@dataclass
class OneTrial:
    """The observer of one trial, which tells that of the run."""

    heard: Heard
    trial: Trial

    def step_done(self, epoch, step, steps):
        self.heard.step_done(self.trial, epoch, step, steps)

    def epoch_done(self, epoch, values):
        self.heard.epoch_done(self.trial, epoch, values)


@dataclass
class SmallStudy:
    """A plan, what builds its parts, and where its trials are kept."""

    plan: Plan
    assembler: Assembler
    ledger: Ledger
    heard: Heard = field(default_factory=Heard)

    def trial(self, change: str = "") -> Trial:
        return next(trial for trial in self.plan.trials if trial.variant.change == change)


@pytest.fixture
def small(tmp_path: Path, own_cache: Path, image_folder: Path, one_thread: None) -> Callable[..., SmallStudy]:
    """Make the study: ``small(plugin="", **keys)``; *plugin* is the text of a file beside it."""

    def make(plugin: str = "", **keys: object) -> SmallStudy:
        if plugin:
            (tmp_path / "flowerablate_local.py").write_text(plugin)
        assembler = Assembler(discover(tmp_path).registry, tmp_path, own_cache)
        study = small_study(image_folder, **{**ASKED, **keys})
        return SmallStudy(plan_study(study, assembler), assembler, Ledger(tmp_path / "runs" / "small"))

    return make


@pytest.fixture
def run_tiny(tmp_path: Path, image_folder: Path, tiny_study: Callable[..., str]) -> Callable[..., fa.Result]:
    """Run a study of a moment: ``run_tiny(plugin, **options)``; *plugin* is the text of a file beside it."""

    def run(plugin: str = "", runs: str = "runs", **options: Any) -> fa.Result:
        if plugin:
            (tmp_path / "flowerablate_local.py").write_text(plugin)
        (tmp_path / "tiny.toml").write_text(tiny_study("crop", "flip"))
        study = fa.Study.read(tmp_path / "tiny.toml", image_folder)
        for key in [key for key in options if "." in key]:
            study = study.override(key, options.pop(key))
        given = {"seeds": 1, "executor": "processes", "jobs": 2, "progress": False, **options}
        return fa.run(study, runs=runs, **given)

    return run


@pytest.fixture
def broken() -> set[tuple[str, int]]:
    """Trials that fail, as (change, seed)."""
    return set()


@pytest.fixture
def executor(broken: set[tuple[str, int]]) -> Pretending:
    return Pretending(broken)


@pytest.fixture
def without_training(monkeypatch: pytest.MonkeyPatch, executor: Pretending) -> None:
    monkeypatch.setattr(adaptive, "with_metrics", lambda results, *words: results)
    monkeypatch.setattr(device, "prepare_process", lambda **words: None)
    monkeypatch.setattr(preparing, "prepare", lambda *words: Prepared())
    monkeypatch.setattr(runner.Workplace, "job", lambda self, *words: Job(*words[:3], Path(), Path(), words[3]))
    execution = Execution(executor, None, False, [WorkerPlace(0, "cpu")], 1, "cpu")
    monkeypatch.setattr(runner, "in_this_process", lambda: execution)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "study")

"""Candidates as jobs: a fault costs its trial, the values are those of inline, and the pruner stops the process."""

import os

import pytest

from flowerablate.discovery import discover
from flowerablate.errors import FlowerablateError, StudyError
from flowerablate.execute.workplace import Workplace
from flowerablate.jobs.events import EventReader
from flowerablate.tuning.candidate_job import CandidateResult
from flowerablate.tuning.candidate_queue import Candidate
from flowerablate.tuning.objective import value_on
from flowerablate.tuning.storage import OpenTrial
from flowerablate.tuning.tuner import tune, tuning_execution
from flowerablate.wiring.assemble import Assembler

pytest.importorskip("optuna")

FAULTS = """
import ctypes, os, sys, time
import flowerablate as fa

DO = {"segfault": lambda: ctypes.string_at(0), "exit": lambda: os._exit(3), "hang": lambda: time.sleep(600)}

def build(context, what):
    import torch

    def loss(logits, targets):
        print("about to", what, flush=True)
        DO[what]()

    return loss

@fa.hookimpl
def flowerablate_register(register):
    for what in DO:
        register(fa.LossSpec(what, f"Does it: {what}.", lambda context, what=what: build(context, what)))
"""


@pytest.fixture
def run(make_study, assembler, watcher):
    """Run a tuning in processes: ``run(trials, 4, jobs=2)``; returns what was told."""

    def run_(trials, number, observer=None, use="processes", assembler=assembler, **table):
        keys = {f"execution.{name}": value for name, value in {"threads": 1, **table}.items()}
        study = make_study(executor=use if isinstance(use, dict) else {"use": use}, **keys)
        observer = observer or watcher()
        tune(trials, assembler, observer, number, execution=tuning_execution(study, assembler, trials))
        return observer

    return run_


def said(trials):
    kept = [trial.intermediate_values for trial in trials.study.get_trials()]
    return [(row.number, row.state, row.values, row.seed_values, row.value) for row in trials.rows()], kept


@pytest.mark.slow
def test_one_job_at_a_time_gives_the_bits_of_inline_whether_its_events_are_heard_or_only_its_result(
    make_plan, run, open_trials, monkeypatch
):
    plan = make_plan("optimizer.lr=0.01:1", seeds=2, pruner="median", **{"train.epochs": 3})
    odd = [1, 3]
    monkeypatch.setattr(OpenTrial, "should_prune", lambda trial: trial.number in odd and max(trial.reported) >= 2)
    inline, heard, unheard = (open_trials(plan, name) for name in ("inline", "heard", "unheard"))
    run(inline, 4, use="inline")
    run(heard, 4)
    monkeypatch.setattr(EventReader, "new", lambda self: iter(()))
    run(unheard, 4)
    assert [row.state for row in inline.rows()] == ["complete", "pruned"] * 2
    assert said(heard) == said(inline)
    assert said(unheard) == said(inline)
    assert not list((heard.folder / "trials").iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("use", [{"use": "ray"}, {"use": "slurm", "cluster": "local"}], ids=["ray", "slurm"])
def test_on_other_machines_the_values_are_those_of_inline(make_plan, run, open_trials, monkeypatch, use):
    if use["use"] == "ray":
        pytest.importorskip("ray")
    plan = make_plan("optimizer.lr=0.01:1", "normalize.mean=0.25,0.5", **{"train.epochs": 2})
    monkeypatch.setattr(OpenTrial, "should_prune", lambda trial: trial.number == 1)
    inline, elsewhere = open_trials(plan, "inline"), open_trials(plan, "elsewhere")
    run(inline, 3, use="inline")
    run(elsewhere, 3, use=use)
    assert said(elsewhere) == said(inline)
    assert [row.state for row in elsewhere.rows()] == ["complete", "pruned", "complete"]


@pytest.mark.parametrize("use", ["processes", "inline"])
def test_the_pruner_stops_the_job_at_once_and_later_epochs_do_not_count(make_plan, run, open_trials, monkeypatch, use):
    plan = make_plan("optimizer.lr=0.01:1", pruner="median", **{"train.epochs": 5000})
    monkeypatch.setattr(OpenTrial, "should_prune", lambda trial: max(trial.reported) >= 2)
    trials = open_trials(plan)
    told = run(trials, 1, use=use)
    assert [row.state for row in trials.rows()] == ["pruned"]
    assert list(trials.study.get_trials()[0].intermediate_values) == [1, 2]
    if use == "processes":
        with pytest.raises(ProcessLookupError):
            os.kill(told.pids[0], 0)


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        pytest.param("segfault", "its process was killed by SIGSEGV (Segmentation fault)", marks=pytest.mark.slow),
        ("exit", "its process ended with exit code 3; the last line of its log: about to exit"),
        pytest.param(
            "hang",
            "it made no progress for 8 s and was stopped; the last line of its log: about to hang",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_candidate_whose_process_dies_or_hangs_costs_its_trial(
    make_plan, run, open_trials, tmp_path, own_cache, what, reason, assembler
):
    (tmp_path / "flowerablate_local.py").write_text(FAULTS)
    with_faults = Assembler(discover(tmp_path).registry, tmp_path, own_cache)
    assembler.registry = with_faults.registry
    plan = make_plan(f"loss=cross-entropy,{what}")
    trials = open_trials(plan)
    run(trials, 4, jobs=2, stall_timeout="8s" if what == "hang" else "1h")
    failed = [row for row in trials.rows() if row.state == "failed"]
    assert {row.values["loss"] for row in failed} == {what}
    assert all(row.failure.startswith(reason) for row in failed), failed
    assert {row.state for row in trials.rows() if row.values["loss"] != what} == {"complete"}
    kept = sorted(path.name for path in (trials.folder / "trials" / str(failed[0].number)).iterdir())
    assert kept == ["failure.json", "log.txt"]


def test_a_failed_candidate_is_tried_again_or_ends_the_tuning_where_that_is_wanted(
    make_plan, run, open_trials, tmp_path, own_cache, assembler
):
    once = FAULTS.replace("    DO[what]()", "    first() and DO[what]()\n        return logits.logsumexp(1).mean()")
    once += f"""
def first():
    try:
        open({str(tmp_path / "once")!r}, "x").close()
    except FileExistsError:
        return False
    return True
"""
    (tmp_path / "flowerablate_local.py").write_text(once)
    assembler.registry = discover(tmp_path).registry
    plan = make_plan("optimizer.lr=0.01:1", **{"loss.use": "exit"})
    again = open_trials(plan, "again")
    run(again, 1, retries=1)
    assert [row.state for row in again.rows()] == ["complete"]
    (tmp_path / "once").unlink()
    with pytest.raises(FlowerablateError, match="trial 0 failed, which ends the tuning: its process ended with exit"):
        run(open_trials(plan, "fast"), 3, fail_fast=True)


def test_several_jobs_go_on_after_an_interruption_and_each_value_is_that_of_its_settings(
    make_plan, run, open_trials, watcher, assembler, tmp_path
):
    plan = make_plan("optimizer.lr=0.01:1", seeds=2, **{"train.epochs": 3})
    trials = open_trials(plan)
    with pytest.raises(KeyboardInterrupt):
        run(trials, 4, watcher(stop_after=1), jobs=2)
    states = [row.state for row in trials.rows()]
    assert sorted(states) == ["complete", "running"]
    run(trials, 4, jobs=2)
    assert [row.state for row in trials.rows()] == ["complete"] * 4
    assert not list((trials.folder / "trials").iterdir())
    row = trials.rows()[states.index("running")]
    tuned, workplace = plan.tuned(row.values, assembler), Workplace(assembler, plan.data)
    prepared = assembler.prepare(tuned, plan.data)
    for seed, value in zip(plan.seeds, row.seed_values, strict=True):
        folder = tmp_path / str(seed)
        assert value_on(seed, tuned, prepared, workplace, plan.metrics, folder, Unheard()) == value


class Unheard:
    def step_done(self, epoch, step, steps):
        pass

    def epoch_done(self, record):
        pass

    def resumed(self, record):
        raise AssertionError("nothing to resume")


def test_the_pruner_gets_the_same_values_however_often_a_trial_is_interrupted(make_plan, open_trials, monkeypatch):
    """The result alone, or every epoch as it is told, with a new session after each: the reports are the same."""
    plan = make_plan("optimizer.lr=0.01:1", seeds=3, pruner="median", **{"train.epochs": 3})
    result = CandidateResult([0.5, 0.25, 0.75], [0.25, None, 0.125])
    reports = []
    for interrupted in (False, True):
        trials = open_trials(plan, f"interrupted-{interrupted}")
        trial = trials.claim(1)
        if interrupted:
            for epoch, value in enumerate(result.epochs, 1):
                Candidate(trial, plan, 3).epoch_done(epoch, value)
            for place, value in enumerate(result.values[:-1]):
                Candidate(trial, plan, 3).seed_done(place, value)
        candidate = Candidate(trial, plan, 3)
        candidate.all_done(result)
        assert candidate.value == 0.5
        reports.append((trial.reported, trial.seed_values))
        trial.close()
    assert reports[0] == ({1: 0.25, 3: 0.25, 4: 0.375}, [0.5, 0.25, 0.75])
    assert reports[1] == reports[0]


def test_another_number_of_threads_is_refused_with_the_cure(make_plan, run, open_trials):
    plan = make_plan("optimizer.lr=0.01:1")
    run(open_trials(plan), 1, use="inline")
    with pytest.raises(StudyError, match=r"compute with 1, and results depend on that: leave it out, or .* --name"):
        run(open_trials(plan), 2, use="inline", threads=2)
    run(open_trials(plan), 2, use="inline", threads=0)
    assert open_trials(plan).settled == (1, "cpu")


def test_a_base_that_ends_its_process_when_it_is_built_is_an_error(make_plan, run, open_trials, tmp_path, assembler):
    built = FAULTS.replace("    import torch\n", "    DO[what]()\n")
    (tmp_path / "flowerablate_local.py").write_text(built)
    assembler.registry = discover(tmp_path).registry
    trials = open_trials(make_plan("optimizer.lr", **{"loss.use": "segfault"}))
    with pytest.raises(FlowerablateError, match=r"the pipeline could not be prepared: .* killed by SIGSEGV"):
        run(trials, 1)
    assert trials.rows() == []

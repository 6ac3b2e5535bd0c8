"""What a run does with the trials that are due."""

from __future__ import annotations

import errno
import json
import platform
from dataclasses import replace
from functools import partial

import pytest

from flowerablate.contracts import TrialFailure, TrialResult
from flowerablate.errors import StudyError
from flowerablate.execute import trial_job
from flowerablate.execute.budget import Budget
from flowerablate.execute.execution import ask_execution, in_this_process, settled_in
from flowerablate.execute.runner import run_study
from flowerablate.jobs.worker_places import WorkerPlace
from flowerablate.study.read import read_study
from flowerablate.study.templates import default_study

BRITTLE = """
import flowerablate as fa

@fa.hookimpl
def flowerablate_register_loss(register):
    register(fa.LossSpec("brittle", "Breaks in training.", build))

def build(context):
    import torch

    def loss(logits, targets):
        if len(logits) > 1 and torch.is_grad_enabled():
            raise RuntimeError("it broke,\\n  as it does")
        return torch.nn.functional.cross_entropy(logits, targets)

    return loss
"""


def run(study, budget=None):
    return run_study(study.plan, study.assembler, study.ledger, study.heard, budget)


def test_every_trial_that_is_due_is_trained_and_told(small, tmp_path, monkeypatch):
    study = small()
    outcome = run(study)
    assert (outcome.run, outcome.failed, outcome.elsewhere, outcome.left) == (2, (), 0, 0)
    assert [trial.variant.change for trial in study.heard.started] == ["", "-flip"]
    assert study.ledger.results(study.plan.base_id) == study.heard.outcomes

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    left = tmp_path / "flowerablate-ours/lock"  # by a run that was killed as it ended
    left.parent.mkdir()
    left.touch()
    assert run(study).run == 0
    assert not left.parent.exists()


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({}, []),
        ({"places": [WorkerPlace(0, "cpu"), WorkerPlace(1, "cpu")]}, []),
        ({"places": [WorkerPlace(0, "cpu"), WorkerPlace(1, "cuda:1")]}, ["cpu", "cpu"]),
        ({"remote": True}, [platform.node()] * 2),
    ],
)
def test_where_a_trial_runs_is_told_if_there_are_several_places(small, changed, told):
    study, heard = small(), []
    study.heard.trial_placed = lambda trial, where: heard.append(where)
    make = partial(replace, in_this_process(), **changed)
    run_study(study.plan, study.assembler, study.ledger, study.heard, None, make)
    assert heard == told


@pytest.mark.parametrize(
    ("precision", "changed", "warned"),
    [("bfloat16", {}, True), ("float32", {}, False), ("bfloat16", {"remote": True}, False)],
)
def test_a_precision_that_this_processor_emulates_is_told_before_the_first_trial(
    small, monkeypatch, precision, changed, warned
):
    monkeypatch.setattr("torch.ops.mkldnn._is_mkldnn_bf16_supported", lambda: False, raising=False)
    study = small(**{"train.precision": precision})
    make = partial(replace, in_this_process(), **changed)
    run_study(study.plan, study.assembler, study.ledger, study.heard, None, make)
    assert any("emulates bfloat16" in text for text in study.heard.remarks) == warned


def test_what_the_ledger_has_is_not_trained_again(small):
    study = small()
    run(study)
    study.heard.started.clear()
    assert run(study).run == 0
    assert study.heard.started == []


def test_a_trial_that_fails_is_recorded_with_its_reason_and_the_others_go_on(small):
    study = small(BRITTLE, **{"ablation.disable": [], "ablation.swap": ["loss=brittle"]})
    outcome = run(study)
    (failure,) = outcome.failed
    assert outcome.run == 2
    assert (failure.label, failure.reason) == ("loss=brittle", "RuntimeError: it broke, as it does")
    kinds = [type(each) for each in study.ledger.results(study.plan.base_id)]
    assert kinds == [TrialResult, TrialFailure]
    told = json.loads((study.ledger.folder(study.trial("loss=brittle")).path / "failure.json").read_text())
    assert "in loss" in told["traceback"]


def test_a_trial_that_failed_is_tried_again_by_the_next_run(small, monkeypatch):
    study = small()
    with monkeypatch.context() as once:
        once.setattr(trial_job, "run_trial", lambda *given: 1 / 0)
        assert len(run(study).failed) == 2
    assert run(study).failed == ()
    assert all(isinstance(each, TrialResult) for each in study.ledger.results(study.plan.base_id))


def test_a_full_disk_ends_the_run(small, monkeypatch):
    def full(*given):
        raise OSError(errno.ENOSPC, "no room")

    monkeypatch.setattr(trial_job, "run_trial", full)
    monkeypatch.setattr(trial_job, "disk_is_full", lambda folder: True)
    study = small()
    with pytest.raises(OSError, match="No space left"):
        run(study)
    assert len(study.heard.started) == 1


def test_a_disk_without_room_for_a_file_of_ours_ends_the_run_though_a_small_one_fits(small, monkeypatch):
    def full(trial, prepared, data, assembler, folder, *given):
        raise OSError(errno.ENOSPC, "no room", str(folder.path / "last.safetensors"))

    monkeypatch.setattr(trial_job, "run_trial", full)
    study = small()
    with pytest.raises(OSError, match="No space left"):
        run(study)
    assert len(study.heard.started) == 1


def test_a_trial_that_another_process_holds_is_left_to_it(small):
    study = small()
    folder = study.ledger.folder(study.trial())
    folder.path.mkdir(parents=True)
    with folder.locked() as mine:
        assert mine
        outcome = run(study)
    assert (outcome.run, outcome.elsewhere) == (1, 1)


def test_a_trial_that_another_run_has_done_meanwhile_is_not_done_again_and_not_counted(small):
    ours, theirs = small(), small()
    told = []

    class Meanwhile(type(ours.heard)):
        def study_started(self, trials, finished):
            run(theirs)

        def trial_elsewhere(self, trial, complete):
            told.append((trial.variant.change, complete))

    ours.heard = Meanwhile()
    outcome = run(ours)
    assert (outcome.run, outcome.elsewhere, outcome.left) == (0, 0, 0)
    assert len(theirs.heard.outcomes) == 2
    assert (ours.heard.started, ours.heard.outcomes) == ([], [])
    assert told == [("", True), ("-flip", True)]


def test_no_trial_begins_once_the_time_is_over(small):
    study = small()
    outcome = run(study, Budget(0.0))
    assert (outcome.run, outcome.left) == (0, 2)


def test_the_time_that_earlier_trials_took_decides_whether_another_one_begins(small):
    study = small()
    run(study)
    longer = small(**{"ablation.seeds": 2})
    took = min(result.costs["seconds"] for result in study.ledger.results(study.plan.base_id))
    outcome = run(longer, Budget(took / 2))
    assert (outcome.run, outcome.left) == (0, 2)


def test_an_error_of_the_disk_that_a_component_makes_up_is_a_failure_of_its_trial(small, monkeypatch):
    def full(*given):
        raise OSError(errno.ENOSPC, "no room")

    monkeypatch.setattr(trial_job, "run_trial", full)
    study = small()
    assert [failure.reason for failure in run(study).failed] == ["OSError: [Errno 28] no room"] * 2


def test_a_disk_that_is_full_elsewhere_is_a_failure_of_the_trial_that_writes_there(small, monkeypatch, tmp_path):
    def full(*given):
        raise OSError(errno.ENOSPC, "no room", str(tmp_path / "weights.pt"))

    monkeypatch.setattr(trial_job, "run_trial", full)
    assert len(run(small()).failed) == 2


@pytest.mark.parametrize("error", [SystemExit(0), KeyboardInterrupt(), GeneratorExit()])
def test_what_a_component_raises_ends_its_trial_and_no_other(small, monkeypatch, error):
    trained = trial_job.run_trial

    def raising(trial, *given):
        if trial.variant.change:
            raise error
        return trained(trial, *given)

    monkeypatch.setattr(trial_job, "run_trial", raising)
    outcome = run(small())
    assert outcome.run == 2
    assert [failure.reason.partition(":")[0] for failure in outcome.failed] == [type(error).__name__]


UNBUILT = BRITTLE.replace("import torch\n", "raise RuntimeError('not today')\n", 1)


def test_a_variant_that_cannot_be_built_costs_its_trials_and_not_the_study(small):
    study = small(UNBUILT, **{"ablation.disable": ["flip"], "ablation.swap": ["loss=brittle"]})
    outcome = run(study)
    (failure,) = outcome.failed
    assert failure.label == "loss=brittle"
    assert "loss 'brittle' of flowerablate_local" in failure.reason
    assert "could not be built: RuntimeError: not today" in failure.reason
    assert any("loss=brittle cannot be trained" in remark for remark in study.heard.remarks)
    assert study.heard.epochs == [1, 2] * 2


def test_a_base_that_cannot_be_built_ends_the_run_before_the_first_trial(small):
    study = small(UNBUILT, loss={"use": "brittle"})
    with pytest.raises(Exception, match=r"loss 'brittle' of flowerablate_local .* could not be built: .*not today"):
        run(study)
    assert study.heard.started == []


def test_what_trials_need_is_made_once_and_only_if_one_is_missing(small):
    made = []

    def make():
        made.append(in_this_process())
        return made[-1]

    study = small()
    for _ in range(2):
        run_study(study.plan, study.assembler, study.ledger, study.heard, make=make)
        assert len(made) == 1
    study.ledger.folder(study.trial("-flip")).path.joinpath("result.json").unlink()
    assert run_study(study.plan, study.assembler, study.ledger, study.heard, make=make).run == 1
    assert len(made) == 2


def test_a_run_of_a_finished_study_keeps_what_was_noted_of_threads_and_device(small):
    study = small()
    run(study)
    noted = study.ledger.note()
    run(study)
    assert study.ledger.note() == noted
    assert (noted.threads, noted.device) == (1, "cpu")


@pytest.mark.parametrize(
    ("retune", "left"), [([], ("optimizer.lr", "train.epochs")), (["optimizer.lr=0.1,0.2"], ("train.epochs",))]
)
def test_how_the_base_alone_was_tuned_is_noted_in_the_ledger(small, retune, left):
    how = {"settings": ["optimizer.lr", "train.epochs"], "trials": 40, "metric": "accuracy"}
    study = small(tuned=how, **{"ablation.retune": retune})
    run(study)
    tuned = study.ledger.note().tuned
    assert (tuned.settings, tuned.trials, tuned.metric) == (left, 40, "accuracy")
    assert replace(study.plan, tuned=None).base_id == study.plan.base_id


def test_an_image_that_has_changed_since_makes_all_trials_due_again(small, image_folder):
    run(small())
    image = next(image_folder.rglob("*.png"))
    image.write_bytes(image.read_bytes() + b"more")
    assert run(small()).run == 2


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"execution.threads": 2}, "compute with 1, and results depend on that"),
        ({"execution.devices": ["cuda:0"]}, "ran on cpu, not on cuda: choose devices of that kind"),
        ({"execution.devices": ["cpu", "cuda:0"]}, "name devices of one kind, not cpu, cuda:0"),
        ({"execution.memory": "much"}, "'much' is not a size"),
        ({"execution.trial_timeout": "soon"}, "'soon' is not a duration"),
        ({"executor.use": "procesess"}, "no executor is called 'procesess'"),
    ],
)
def test_what_is_wrongly_asked_of_the_execution_is_refused_even_if_nothing_is_to_be_run(small, keys, message):
    study = small()
    run(study)
    asked = read_study(default_study(), None, (), keys)
    settled = settled_in(study.ledger, study.plan.base_id)
    with pytest.raises(StudyError, match=message):
        ask_execution(asked, study.assembler, study.ledger.root, settled)

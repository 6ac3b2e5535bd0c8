"""A run from Python is a run of the command: the same ledger, the same numbers, nothing lost when it is stopped."""

import inspect
import json

import pytest

import flowerablate as fa
from flowerablate.api.running import budget_of
from flowerablate.execute import trial_job

pytestmark = pytest.mark.usefixtures("one_thread")


def results_in(folder):
    """What each trial's result says, without what depends on the clock."""
    found = {}
    for path in folder.glob("*/trials/*/result.json"):
        content = json.loads(path.read_text())
        found[path.parent.name] = {key: content[key] for key in ("metrics", "validation", "best_epoch", "epochs")}
    return found


def test_what_the_command_has_trained_is_not_trained_again(study, runs, remembering, capfd):
    observer = remembering()
    result = fa.run(study, disable="flip", runs=runs, progress=False, observer=observer)
    assert observer.begun == []
    assert [row.label for row in result] == ["-flip"]
    assert (result.failed, result.left, result.elsewhere) == ((), 0, 0)
    assert capfd.readouterr().err == ""


def test_one_more_seed_runs_only_the_new_trials_and_the_observer_hears_of_them(study, runs, remembering, capfd):
    observer = remembering()
    result = fa.run(study, disable=["flip"], seeds=3, runs=runs, observer=observer)
    assert observer.begun == [("base", 2), ("-flip", 2)]
    assert observer.steps > 0
    assert result["-flip"].seeds == (0, 1, 2)
    told = capfd.readouterr().err
    assert "4 of 6 trials are finished already" in told
    assert "6/6  -flip  seed 2  accuracy" in told


def test_a_run_that_is_interrupted_goes_on_to_the_same_numbers(study, tmp_path, remembering):
    options = {"disable": "flip", "seeds": 2, "progress": False}
    with pytest.raises(KeyboardInterrupt):
        fa.run(study, runs="stopped", observer=remembering(stop_in=2), **options)
    assert len(results_in(tmp_path / "stopped")) == 1
    fa.run(study, runs="stopped", **options)
    fa.run(study, runs="whole", **options)
    assert len(results_in(tmp_path / "whole")) == 4
    assert results_in(tmp_path / "stopped") == results_in(tmp_path / "whole")


def test_a_plan_shows_the_trials_and_trains_nothing(study, tmp_path):
    study = study.override("statistics.min_replicates", 2)
    plan = fa.plan_of(study, design="pairwise", disable=["flip", "crop"], runs="planned", until_decided=True)
    assert {trial.variant.label for trial in plan.trials} == {"base", "-flip", "-crop", "-crop -flip"}
    assert plan.missing == plan.trials
    assert "12 trials" not in repr(plan)
    assert "8 trials, 8 to run" in repr(plan)
    assert "looks at 2, " in repr(plan)
    assert not (tmp_path / "planned").exists()


def test_a_plan_knows_what_the_ledger_has(study, runs):
    assert fa.plan_of(study, disable="flip", runs=runs).missing == ()
    missing = fa.plan_of(study, disable="crop", runs=runs).missing
    assert [(trial.variant.label, trial.seed) for trial in missing] == [("-crop", 0), ("-crop", 1)]


def test_a_trial_that_fails_is_in_the_result_and_the_others_go_on(study, runs, monkeypatch):
    trial_of = trial_job.run_trial

    def failing(trial, *rest):
        if trial.seed == 2 and trial.variant.change:
            raise RuntimeError("the disk is made of cheese")
        return trial_of(trial, *rest)

    monkeypatch.setattr(trial_job, "run_trial", failing)
    result = fa.run(study, disable="flip", seeds=3, runs=runs, progress=False)
    assert [failed.reason for failed in result.failed] == ["RuntimeError: the disk is made of cheese"]
    assert result["-flip"].seeds == (0, 1)
    monkeypatch.undo()
    again = fa.run(study, disable="flip", seeds=3, runs=runs, progress=False)
    assert again.failed == ()
    assert again["-flip"].seeds == (0, 1, 2)


def test_a_run_of_which_every_trial_fails_is_an_error_with_the_reason(study, monkeypatch):
    def failing(*given):
        raise RuntimeError("the disk is made of cheese")

    monkeypatch.setattr(trial_job, "run_trial", failing)
    with pytest.raises(fa.FlowerablateError, match=r"4 trials failed, the first with RuntimeError: the disk is made"):
        fa.run(study, disable="flip", runs="failing", progress=False)


def test_a_budget_leaves_trials_and_says_how_many(study, runs, tmp_path):
    result = fa.run(study, disable="flip", seeds=3, runs=runs, progress=False, budget=0.001)
    assert result.left == 2
    assert result["-flip"].seeds == (0, 1)
    with pytest.raises(fa.LedgerError, match="run it again with more time"):
        fa.run(study, disable="flip", runs="short", progress=False, budget="0.001s")


def test_errors_are_ours_and_name_the_option_as_python_does(study, runs):
    with pytest.raises(fa.StudyError, match="did you mean 'flip'"):
        fa.run(study, disable="flipp", runs=runs, progress=False)
    with pytest.raises(fa.StudyError, match=r"^max_seeds goes with until_decided; seeds is the number"):
        fa.run(study, max_seeds=5, runs=runs, progress=False)
    with pytest.raises(fa.StudyError, match="'soon' is not a duration"):
        fa.run(study, budget="soon", runs=runs, progress=False)


def test_a_plugin_that_fails_is_left_out_with_a_warning(runs, tmp_path, image_folder):
    (tmp_path / "flowerablate_local.py").write_text("raise RuntimeError('not today')\n")
    (tmp_path / "mine.toml").write_text("[train]\nepochs = 2\n")
    with pytest.warns(UserWarning, match=r"flowerablate_local.* is left out: .*not today"):
        fa.plan_of(fa.Study.read("mine.toml", image_folder), disable="flip")
    with pytest.warns(UserWarning, match=r"flowerablate_local.* is left out") as warned:
        fa.report("tiny", runs=runs)
    assert [each.filename for each in warned] == [__file__]


def test_studies_are_compared_side_by_side(runs):
    compared = fa.compare("tiny", runs / "tiny", runs=runs)
    assert compared.comparison.is_paired
    assert "Two studies side by side" in repr(compared)
    assert json.loads(compared.save("both.json").read_text())["schema"]
    with pytest.raises(fa.StudyError, match="no comparison format is called 'latex'"):
        compared.render("latex")


def test_a_study_that_was_never_run_is_said(tmp_path):
    with pytest.raises(fa.LedgerError, match="no study has been run yet in runs"):
        fa.report()


@pytest.mark.parametrize("budget", [0, -5, float("inf"), [1]])
def test_a_budget_that_is_no_time_is_an_error_of_ours(budget):
    with pytest.raises(fa.StudyError, match="budget must be a positive number of seconds"):
        budget_of(budget)


def test_the_verb_report_shows_its_options():
    assert {"metric", "population", "columns", "base", "runs"} <= inspect.signature(fa.report).parameters.keys()

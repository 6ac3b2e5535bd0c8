import math

import pytest

from flowerablate.data.splits import split_samples
from flowerablate.errors import FlowerablateError, StudyError
from flowerablate.execute.workplace import Workplace
from flowerablate.loader import Batches
from flowerablate.study.schema import AblationTable
from flowerablate.train.loop import EpochRecord, Silent
from flowerablate.tuning import candidate_job
from flowerablate.tuning.objective import value_on
from flowerablate.tuning.storage import Trials
from flowerablate.tuning.tuner import tune
from flowerablate.tuning.tuning_plan import FIRST_SEED

pytest.importorskip("optuna")


def said(rows):
    return [(row.number, row.state, row.values, row.seed_values, row.value) for row in rows]


def test_a_tuning_gives_the_same_again_and_an_interrupted_one_goes_on_to_the_same_end(
    make_plan, assembler, tmp_path, open_trials, watcher
):
    plan = make_plan("optimizer.lr=0.001:1", "optimizer=nesterov,adamw", seeds=2)
    through = open_trials(plan, "through")
    tune(through, assembler, watcher(), 2)

    broken = open_trials(plan, "broken")
    with pytest.raises(KeyboardInterrupt):
        tune(broken, assembler, watcher(stop_at=(1, 4)), 2)
    assert [row.state for row in broken.rows()] == ["complete", "running"]
    assert (tmp_path / "broken" / "trials" / "1" / str(FIRST_SEED + 1) / "last.safetensors").exists()

    again = watcher()
    assert tune(open_trials(plan, "broken"), assembler, again, 2)
    assert said(broken.rows()) == said(through.rows())
    assert {epoch for trial, epoch in again.epochs if trial == 1} == {4}  # only the epoch under way was lost
    assert not list((tmp_path / "broken" / "trials").iterdir())


def test_the_base_is_tried_first_and_all_trials_have_the_same_replicates(
    make_plan, assembler, open_trials, watcher, monkeypatch
):
    plan = make_plan("optimizer.lr=0.001:1", seeds=2)
    seeds = []
    monkeypatch.setattr(candidate_job, "value_on", lambda seed, *rest: (seeds.append(seed), 0.5 + len(seeds) / 100)[1])
    trials = open_trials(plan)
    tune(trials, assembler, watcher(), 3)
    assert trials.rows()[0].values == {"optimizer.lr": plan.base.components["optimizer"].params["lr"]}
    assert seeds == [*plan.seeds] * 3
    assert trials.best() == trials.rows()[2]
    assert trials.rows()[2].value == pytest.approx(0.555)
    assert trials.rows()[2].std == pytest.approx(0.01 / math.sqrt(2))


def test_no_run_can_have_the_replicates_of_tuning(make_plan):
    most = AblationTable.model_json_schema()["properties"]["seeds"]["maximum"]
    assert min(make_plan("optimizer.lr").seeds) == FIRST_SEED >= most


def test_only_the_training_and_validation_images_are_looked_at(make_plan, assembler, tmp_path, monkeypatch):
    plan = make_plan("optimizer.lr")
    looked_at = []
    split = split_samples(plan.data.samples, 1000, plan.base.split)
    epoch = Batches.epoch

    def watched_epoch(batches, number):
        looked_at.extend(batches.dataset.indices.tolist())
        return epoch(batches, number)

    monkeypatch.setattr(Batches, "epoch", watched_epoch)
    prepared = assembler.prepare(plan.base, plan.data)
    workplace = Workplace(assembler, plan.data)
    value_on(1000, plan.base, prepared, workplace, plan.metrics, tmp_path / "one", Unheard())
    assert set(looked_at) == {*split.train.tolist(), *split.validation.tolist()}
    assert not set(looked_at) & set(split.test.tolist())


class Unheard(Silent):
    def resumed(self, record):
        pass


def test_a_trial_that_falls_behind_is_given_up_while_it_trains(make_plan, assembler, open_trials, watcher, monkeypatch):
    plan = make_plan("optimizer.lr=0.01:1", seeds=2, pruner="median")
    told = []

    def pretend(seed, pipeline, prepared, workplace, metrics, folder, observer, device):
        level = 0.9 if len(told) < 5 * 2 * 2 else 0.5  # the sixth trial is worse
        for epoch in (1, 2):
            observer.epoch_done(record(epoch, accuracy=level))
            told.append((epoch, level))
        return level

    monkeypatch.setattr(candidate_job, "value_on", pretend)
    trials = open_trials(plan)
    tune(trials, assembler, watcher(), 6)
    assert [row.state for row in trials.rows()] == [*["complete"] * 5, "pruned"]
    assert sum(level < 0.9 for _, level in told) < 2  # it has not come to the end of its first seed
    assert trials.rows()[-1].value is None


def record(epoch, accuracy=0.5):
    return EpochRecord(epoch, 1.0, 0.5, 1.0, accuracy, 0.1, 1.0, 1.0, 0.0, {"accuracy": accuracy})


def test_a_trial_that_fails_is_noted_and_three_from_the_first_end_the_tuning(
    make_plan, assembler, open_trials, watcher, monkeypatch
):
    def break_down(*given):
        raise RuntimeError("out of\nmemory")

    monkeypatch.setattr(candidate_job, "value_on", break_down)
    trials = open_trials(make_plan("optimizer.lr"))
    with pytest.raises(FlowerablateError, match="RuntimeError: out of memory"):
        tune(trials, assembler, watcher(), 9)
    assert [(row.state, row.failure) for row in trials.rows()] == [("failed", "RuntimeError: out of memory")] * 3
    assert trials.best() is None
    assert trials.importance() == {}


def test_another_space_base_or_number_of_seeds_is_refused(make_plan, open_trials):
    open_trials(make_plan("optimizer.lr"))
    open_trials(make_plan("optimizer.lr"))
    for plan, what in (
        (make_plan("optimizer.lr=0.1:1"), "another space"),
        (make_plan("optimizer.lr", seeds=3), "another number of seeds"),
        (make_plan("optimizer.lr", **{"train.epochs": 3}), "another base pipeline"),
        (make_plan("optimizer.lr", pruner="median"), "another pruner"),
    ):
        with pytest.raises(StudyError, match=f"{what}.*--name"):
            open_trials(plan)


def test_a_storage_that_cannot_be_opened_is_one_line(make_plan, assembler, tmp_path):
    with pytest.raises(StudyError, match=r"nodatabase://x cannot be opened: [^\n]*$"):
        Trials(make_plan("optimizer.lr"), assembler, tmp_path / "tune", "nodatabase://x")


def test_two_sessions_never_work_on_the_same_trial(make_plan, open_trials):
    plan = make_plan("optimizer.lr=0.01:1")
    one, other = open_trials(plan), open_trials(plan)
    mine, theirs = one.claim(9), other.claim(9)
    assert (mine.number, theirs.number) == (0, 1)
    assert mine.values != theirs.values
    mine.close()
    theirs.close()
    left_behind = one.claim(9)
    assert left_behind.number == 0
    left_behind.tell(0.5)
    left_behind.close()
    next_one = other.claim(2)
    assert next_one.number == 1
    next_one.fail("enough")
    next_one.close()
    assert other.claim(2) is None

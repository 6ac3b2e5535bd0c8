import math

import pytest

from flowerablate.data.splits import split_samples
from flowerablate.errors import FlowerablateError, StudyError
from flowerablate.loader import Batches
from flowerablate.study.schema import AblationTable
from flowerablate.train.loop import EpochRecord
from flowerablate.tuning import tuner as runner
from flowerablate.tuning.objective import value_on
from flowerablate.tuning.storage import Trials
from flowerablate.tuning.tuner import tune
from flowerablate.tuning.tuning_plan import FIRST_SEED

pytest.importorskip("optuna")


class Watcher:
    """Notes what is finished, and stops the tuning like Ctrl-C at a given step of a given trial."""

    def __init__(self, stop_at=None):
        self.rows, self.epochs, self._stop_at, self._trial = [], [], stop_at, None

    def trial_started(self, work, epochs):
        self._trial = work.number

    def step_done(self, epoch, step, steps):
        self.epochs.append((self._trial, epoch))
        if (self._trial, epoch) == self._stop_at:
            self._stop_at = None
            raise KeyboardInterrupt

    def trial_finished(self, row, best):
        self.rows.append(row)


def url(folder):
    return f"sqlite:///{folder / 'tune.db'}"


def said(rows):
    return [(row.number, row.state, row.values, row.seed_values, row.value) for row in rows]


def test_a_tuning_gives_the_same_again_and_an_interrupted_one_goes_on_to_the_same_end(make_plan, assembler, tmp_path):
    plan = make_plan("optimizer.lr=0.001:1", "optimizer=nesterov,adamw", seeds=2)
    through = Trials(plan, assembler, tmp_path / "through", url(tmp_path))
    tune(through, assembler, Watcher(), 2)

    broken = Trials(plan, assembler, tmp_path / "broken", url(tmp_path))
    with pytest.raises(KeyboardInterrupt):
        tune(broken, assembler, Watcher(stop_at=(1, 4)), 2)
    assert [row.state for row in broken.rows()] == ["complete", "running"]
    assert (tmp_path / "broken" / "trials" / "1" / str(FIRST_SEED + 1) / "last.safetensors").exists()

    again = Watcher()
    assert tune(Trials(plan, assembler, tmp_path / "broken", url(tmp_path)), assembler, again, 2)
    assert said(broken.rows()) == said(through.rows())
    assert {epoch for trial, epoch in again.epochs if trial == 1} == {4}  # only the epoch under way was lost
    assert not list((tmp_path / "broken" / "trials").iterdir())


def test_the_base_is_tried_first_and_all_trials_have_the_same_replicates(make_plan, assembler, tmp_path, monkeypatch):
    plan = make_plan("optimizer.lr=0.01:1", seeds=2)
    seeds = []
    monkeypatch.setattr(runner, "value_on", lambda seed, *rest: (seeds.append(seed), 0.5 + len(seeds) / 100)[1])
    trials = Trials(plan, assembler, tmp_path / "tune", url(tmp_path))
    tune(trials, assembler, Watcher(), 3)
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
    value_on(1000, plan.base, plan, assembler, tmp_path / "one", lambda record: None, lambda *step: None)
    assert set(looked_at) == {*split.train.tolist(), *split.validation.tolist()}
    assert not set(looked_at) & set(split.test.tolist())


def test_a_trial_that_falls_behind_is_given_up_while_it_trains(make_plan, assembler, tmp_path, monkeypatch):
    plan = make_plan("optimizer.lr=0.01:1", seeds=2, pruner="median")
    told = []

    def pretend(seed, pipeline, plan, assembler, folder, epoch_done, step_done):
        level = 0.9 if len(told) < 5 * 2 * 2 else 0.5  # the sixth trial is worse
        for epoch in (1, 2):
            epoch_done(record(epoch, accuracy=level))
            told.append((epoch, level))
        return level

    monkeypatch.setattr(runner, "value_on", pretend)
    trials = Trials(plan, assembler, tmp_path / "tune", url(tmp_path))
    tune(trials, assembler, Watcher(), 6)
    assert [row.state for row in trials.rows()] == [*["complete"] * 5, "pruned"]
    assert sum(level < 0.9 for _, level in told) < 2  # it has not come to the end of its first seed
    assert trials.rows()[-1].value is None


def record(epoch, accuracy=0.5):
    return EpochRecord(epoch, 1.0, 0.5, 1.0, accuracy, 0.1, 1.0, 1.0, 0.0, {"accuracy": accuracy})


def test_a_trial_that_fails_is_noted_and_three_from_the_first_end_the_tuning(
    make_plan, assembler, tmp_path, monkeypatch
):
    def break_down(*given):
        raise RuntimeError("out of\nmemory")

    monkeypatch.setattr(runner, "value_on", break_down)
    trials = Trials(make_plan("optimizer.lr"), assembler, tmp_path / "tune", url(tmp_path))
    with pytest.raises(FlowerablateError, match="RuntimeError: out of memory"):
        tune(trials, assembler, Watcher(), 9)
    assert [(row.state, row.failure) for row in trials.rows()] == [("failed", "RuntimeError: out of memory")] * 3
    assert trials.best() is None
    assert trials.importance() == {}


def test_another_space_base_or_number_of_seeds_is_refused(make_plan, assembler, tmp_path):
    place = tmp_path / "tune"
    Trials(make_plan("optimizer.lr"), assembler, place, url(tmp_path))
    Trials(make_plan("optimizer.lr"), assembler, place, url(tmp_path))
    for plan, what in (
        (make_plan("optimizer.lr=0.1:1"), "another space"),
        (make_plan("optimizer.lr", seeds=3), "another number of seeds"),
        (make_plan("optimizer.lr", **{"train.epochs": 3}), "another base pipeline"),
        (make_plan("optimizer.lr", pruner="median"), "another pruner"),
    ):
        with pytest.raises(StudyError, match=f"{what}.*--name"):
            Trials(plan, assembler, place, url(tmp_path))


def test_a_storage_that_cannot_be_opened_is_one_line(make_plan, assembler, tmp_path):
    with pytest.raises(StudyError, match=r"nodatabase://x cannot be opened: [^\n]*$"):
        Trials(make_plan("optimizer.lr"), assembler, tmp_path / "tune", "nodatabase://x")


def test_two_sessions_never_work_on_the_same_trial(make_plan, assembler, tmp_path):
    plan = make_plan("optimizer.lr=0.01:1")
    one, other = (Trials(plan, assembler, tmp_path / "tune", url(tmp_path)) for _ in range(2))
    with one.next(9) as mine, other.next(9) as theirs:
        assert mine is not None
        assert theirs is not None
        assert (mine.number, theirs.number) == (0, 1)
        assert mine.values != theirs.values
    with one.next(9) as left_behind:
        assert left_behind is not None
        assert left_behind.number == 0
        left_behind.tell(0.5)
    with other.next(2) as next_one:
        assert next_one is not None
        assert next_one.number == 1
        next_one.fail("enough")
    with other.next(2) as none:
        assert none is None

"""How the ladder is climbed, and the small parts that its rungs stand on."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some

from flowerablate.data.splits import split_samples
from flowerablate.errors import StudyError
from flowerablate.sanity import RUNGS, chosen, climb, small_run
from flowerablate.sanity.lr_range import RateCurve, peak_rate, smoothed, sparkline
from flowerablate.sanity.small_run import shuffled
from flowerablate.sanity.subset import plan_of, take
from flowerablate.stats.one_model import Estimate


def test_rungs_are_chosen_in_the_order_of_the_ladder():
    assert chosen([], []) == list(RUNGS)
    assert chosen(["overfit", "data"], []) == ["data", "overfit"]
    assert "labels" not in chosen([], ["labels"])
    with pytest.raises(StudyError, match="did you mean 'overfit'"):
        chosen(["overfitt"], [])


def test_where_no_batch_goes_through_nothing_is_trained(put):
    rungs = {rung.name: rung for rung in climb(put("model.use=breaks"), list(RUNGS))}
    failed = [name for name, rung in rungs.items() if rung.status == "failed"]
    assert failed == ["batch"]
    assert {name for name, rung in rungs.items() if rung.status == "passed"} == {"data", "inputs"}
    assert rungs["overfit"].do == "fix the rung 'batch' first"


def test_a_rung_says_the_same_twice(put):
    first, second = ([asdict(rung) for rung in climb(put(), ["subset", "initial-loss"])] for _ in range(2))
    for one in (*first, *second):
        one.pop("seconds")
    assert json.dumps(first) == json.dumps(second)


@pytest.mark.parametrize("text", ["0%", "101%", "-3", "many"])
def test_other_subsets_than_numbers_and_shares_are_refused(text):
    with pytest.raises(StudyError, match="give a number of images per class"):
        plan_of(text)


def test_a_subset_is_keyed_balanced_and_of_the_training_images(put):
    bench = put()
    labels = bench.data.labels
    few = take("3", bench.data, bench.split, 0)
    assert np.bincount(labels[few]).tolist() == [3, 3]
    plan = replace(bench.pipeline.split, subset="3")
    assert few.tolist() == split_samples(bench.data.samples, 0, plan).train.tolist()
    assert set(few) <= set(take("5", bench.data, bench.split, 0))
    assert take("3", bench.data, bench.split, 1).tolist() != few.tolist()
    assert len(take("50%", bench.data, bench.split, 0)) == pytest.approx(len(bench.split.train) / 2, abs=1)
    assert len(take("1000", bench.data, bench.split, 0)) == len(bench.split.train)


def test_shuffled_labels_keep_their_numbers_and_say_nothing_of_the_class(put):
    bench = put(subset="20")
    labels, true = shuffled(bench), bench.data.labels
    few = take("20", bench.data, bench.split, 0)
    assert np.bincount(labels[few]).tolist() == np.bincount(true[few]).tolist()
    assert abs(np.mean(labels[few] == true[few]) - 0.5) <= 1 / 20
    others = np.setdiff1d(np.arange(len(true)), few)
    assert (labels[others] == true[others]).all()
    again = shuffled(bench, 1)
    assert again.tolist() != labels.tolist()
    assert abs(np.mean(again[few] == true[few]) - 0.5) <= 1 / 20


def test_one_shuffle_that_is_above_chance_is_no_leak_if_further_ones_are_not(put, monkeypatch):
    further = iter([0.42, 0.55, 0.61, 0.47])
    monkeypatch.setattr(small_run, "wilson", lambda *given: Estimate(0.7, 0.6, 0.8, ""))
    monkeypatch.setattr(small_run, "_accuracy_of_shuffle", lambda bench, number: next(further))
    found = small_run.check_labels(put(subset="10"))
    assert found.status == "passed"
    assert found.seen[-1] == "shuffled again: 42.0%, 55.0%, 61.0%, 47.0%"


@pytest.mark.parametrize(
    ("accuracies", "leak"),
    [
        ([1.0, 1.0, 1.0, 1.0], True),
        ([0.58, 0.61, 0.60, 0.62], True),
        ([0.58, 0.66, 0.45, 0.62], False),
        ([0.3, 0.3, 0.3, 0.3], False),
    ],
)
def test_further_shuffles_are_judged_together(accuracies, leak):
    assert small_run._exceed(accuracies, 0.5) == leak


def test_a_small_validation_part_is_filled_up_with_images_that_were_not_trained_on(put, monkeypatch):
    bench = put(subset="10")
    few = take("10", bench.data, bench.split, 0)
    filled = small_run._validated(bench, few)
    assert len(filled) > len(bench.split.validation)
    assert set(filled) <= set(bench.split.validation) | set(bench.split.train)
    assert not set(filled) & set(few)
    monkeypatch.setattr(small_run, "_MAX_VALIDATED", 12)
    assert np.bincount(bench.data.labels[small_run._validated(bench, few)]).tolist() == [6, 6]


def test_validation_has_the_mixture_of_classes_that_is_trained_on(put):
    bench = put()
    labels, train = bench.data.labels, bench.split.train
    lopsided = np.concatenate([train[labels[train] == 0][:4], train[labels[train] == 1][:12]])
    counts = np.bincount(labels[small_run._validated(bench, lopsided)])
    assert counts[1] / counts[0] == pytest.approx(3, rel=0.15)


@given(some.lists(some.floats(0.01, 100), min_size=12, max_size=60))
def test_smoothing_stays_between_the_losses(losses):
    smooth = smoothed(losses)
    assert len(smooth) == len(losses)
    assert min(losses) - 1e-9 <= min(smooth)
    assert max(smooth) <= max(losses) + 1e-9


def test_a_curve_names_the_fall_the_valley_and_the_wall():
    rates = np.logspace(-5, 1, 121)
    at = np.log10(rates)
    losses = 1 - 0.8 / (1 + np.exp(-4 * (at + 2.5))) + np.exp(3 * (at - 0.2))
    curve = RateCurve(tuple(rates), tuple(losses), smoothed(losses))
    assert curve.falls
    assert curve.steepest == pytest.approx(10**-2.5, rel=0.3)
    assert curve.steepest < curve.smallest < curve.limit < 3
    assert curve.suggested == curve.smallest / 10
    line = sparkline(curve)
    assert line.startswith("1e-05 ")
    assert line.endswith(" 10")
    assert line.split()[1][-1] == "█"
    assert len(line) <= 60


def test_noise_around_one_loss_is_no_fall():
    noise = 1 + 0.1 * np.random.default_rng(0).standard_normal(120)
    assert not RateCurve(tuple(np.logspace(-5, 1, 120)), tuple(noise), smoothed(noise)).falls


def test_the_peak_is_that_of_the_whole_schedule(put):
    assert peak_rate(put("scheduler.use=constant", "optimizer.lr=0.03")) == pytest.approx(0.03)
    assert peak_rate(put("scheduler.use=one-cycle", "optimizer.lr=0.1")) == pytest.approx(0.1, rel=0.01)


def test_the_ladder_leaves_the_random_state_of_weights_alone(put):
    bench = put()
    before = [value.clone() for value in bench.parts(epochs=1, steps=1).model.state_dict().values()]
    list(climb(bench, ["batch", "initial-loss"]))
    after = bench.parts(epochs=1, steps=1).model.state_dict().values()
    assert all(torch.equal(one, two) for one, two in zip(before, after, strict=True))

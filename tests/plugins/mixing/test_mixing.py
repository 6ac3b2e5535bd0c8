"""Mixup and cutmix as the loader runs them: keyed, in place, with their labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from reference import mixing
from reference.philox import Draws
from scipy.stats import beta, kstest

from flowerablate import StepContext
from flowerablate.discovery import discover
from flowerablate.preprocess import BatchOps, NamedOp
from flowerablate.preprocess.chain import stream_key
from flowerablate.testing import check_step

NAMES = ("mixup", "cutmix")
TWINS = {"mixup": mixing.mixup, "cutmix": mixing.cutmix}
CLASSES = 5


@pytest.fixture(scope="module")
def specs() -> dict[str, Any]:
    steps = discover().registry.slot("step")
    return {name: steps[name].spec for name in NAMES}


@pytest.fixture
def named(specs: dict[str, Any]) -> Any:
    def make(step: str, name: str | None = None, *, alpha: float = 1.0, probability: float = 1.0) -> NamedOp:
        op = specs[step].build(StepContext(9), alpha=alpha, probability=probability)
        return NamedOp(name or step, op)

    return make


def batch(count: int, height: int = 9, width: int = 7) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    numbers = np.random.default_rng(count)
    images = numbers.normal(size=(count, 3, height, width)).astype(np.float32)
    return images, numbers.integers(0, CLASSES, count), numbers.integers(0, 2**63, count).astype(np.uint64)


def run(ops: list[NamedOp], images: NDArray[Any], labels: NDArray[Any], ids: NDArray[Any], **keys: int) -> Any:
    """Mixed copies of the images, and the targets."""
    images, targets = images.copy(order="K"), np.full((len(images), CLASSES), np.nan, np.float32)
    spare = np.full((2, *images.shape[1:]), np.nan, np.float32)
    BatchOps(ops, CLASSES).run(images, labels, ids, targets, spare, **({"seed": 3, "epoch": 2} | keys))
    return images, targets


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("alpha", "probability"), [(1.0, 1.0), (0.2, 1.0), (3.0, 0.5), (1.0, 0.0)])
@pytest.mark.parametrize("count", [1, 2, 17])
def test_a_batch_is_mixed_as_the_papers_say(named, name, alpha, probability, count):
    images, labels, ids = batch(count)
    mixed, targets = run([named(name, alpha=alpha, probability=probability)], images, labels, ids)
    draws = [Draws(3, stream_key(name), 2, int(sample)) for sample in ids]
    wanted, wanted_targets = TWINS[name](images, np.eye(CLASSES)[labels], alpha, probability, draws)
    np.testing.assert_allclose(mixed, wanted, atol=1e-5)
    np.testing.assert_allclose(targets, wanted_targets, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_labels_sum_to_one(named, name):
    _, targets = run([named(name, alpha=0.4)], *batch(200))
    np.testing.assert_allclose(targets.sum(axis=1), 1, atol=1e-6)
    assert targets.min() >= 0


def kept_shares(named, step, **params) -> NDArray[Any]:
    """What each of many samples keeps of its own label; all labels differ."""
    count = 4000
    ids = np.arange(count, dtype=np.uint64) * 7919
    images = np.zeros((count, 1, 64, 64), np.float32)
    labels, targets = np.arange(count) % 2, np.empty((count, 2), np.float32)
    spare = np.empty((2, 1, 64, 64), np.float32)
    BatchOps([named(step, **params)], 2).run(images, labels, ids, targets, spare, seed=0, epoch=1)
    return targets[np.arange(count), labels]


@pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0])
def test_shares_follow_the_beta_distribution(named, alpha):
    assert kstest(kept_shares(named, "mixup", alpha=alpha), beta(alpha, alpha).cdf).pvalue > 0.001


def test_a_box_covers_the_share_unless_it_is_cut_at_the_border(named):
    kept = kept_shares(named, "cutmix")
    # A box of side s around a uniform point covers on average (s - s^2 / 4)^2 of the square, and s^2 is uniform.
    side = np.sqrt((np.arange(1000) + 0.5) / 1000)
    assert 1 - kept.mean() == pytest.approx(((side - side**2 / 4) ** 2).mean(), abs=0.02)


@pytest.mark.parametrize("name", NAMES)
def test_the_probability_holds_for_each_image(named, name):
    mixed = kept_shares(named, name, probability=0.3) < 1
    assert mixed.mean() == pytest.approx(0.3, abs=0.03)
    neighbours = (mixed[1:] & mixed[:-1]).mean()
    assert neighbours == pytest.approx(0.09, abs=0.02)


@pytest.mark.parametrize("name", NAMES)
def test_without_probability_nothing_is_mixed(named, name):
    images, labels, ids = batch(20)
    mixed, targets = run([named(name, probability=0.0)], images, labels, ids)
    assert mixed.tobytes() == images.tobytes()
    assert np.array_equal(targets, np.eye(CLASSES, dtype=np.float32)[labels])


@pytest.mark.parametrize("name", NAMES)
def test_memory_in_channels_last_order_holds_the_same_numbers(named, name):
    images, labels, ids = batch(12)
    last = np.ascontiguousarray(images.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    mixed, targets = run([named(name)], last, labels, ids)
    plain, plain_targets = run([named(name)], images, labels, ids)
    assert mixed.strides == last.strides
    assert np.array_equal(mixed, plain)
    assert np.array_equal(targets, plain_targets)


@pytest.mark.parametrize("name", NAMES)
def test_draws_go_by_seed_epoch_sample_and_name(named, name):
    images, labels, ids = batch(30)

    def mixed(name_in_study: str = "a", ids: NDArray[Any] = ids, **keys: int) -> bytes:
        return run([named(name, name_in_study)], images, labels, ids, **keys)[0].tobytes()

    assert mixed() == mixed()
    others = [mixed("b"), mixed(seed=4), mixed(epoch=3), mixed(ids=ids + np.uint64(1))]
    assert len({mixed(), *others}) == 5


def test_a_sample_keeps_its_share_whatever_the_batch(named):
    images, labels, ids = batch(10)
    labels = np.arange(10) % CLASSES
    _, whole = run([named("mixup")], images, labels, ids)
    _, part = run([named("mixup")], images[3:7], labels[3:7], ids[3:7])
    assert np.array_equal(part[:3], whole[3:6])  # the last one of the part has another partner


def test_removing_one_step_leaves_the_other_as_it_was(named):
    images, labels, ids = batch(40)
    never = named("mixup", probability=0.0)
    with_both = run([never, named("cutmix")], images, labels, ids)
    alone = run([named("cutmix")], images, labels, ids)
    assert np.array_equal(with_both[0], alone[0])
    assert np.array_equal(with_both[1], alone[1])


def test_steps_act_one_after_the_other(named):
    images, labels, ids = batch(6)
    once, targets = run([named("mixup")], images, labels, ids)
    both, both_targets = run([named("mixup"), named("cutmix")], images, labels, ids)
    draws = [Draws(3, stream_key("cutmix"), 2, int(sample)) for sample in ids]
    wanted, wanted_targets = mixing.cutmix(once, targets, 1.0, 1.0, draws)
    np.testing.assert_allclose(both, wanted, atol=1e-6)
    np.testing.assert_allclose(both_targets, wanted_targets, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_the_steps_keep_the_contract(specs, name, channels):
    check_step(specs[name], channels=channels)

"""The facts of a trial."""

from dataclasses import replace

import numpy as np
import pytest
from pipelines import make_pipeline

from flowerablate.contracts import NativeOp
from flowerablate.data.splits import Split
from flowerablate.data.store import PackedImages
from flowerablate.execute.facts import facts_of_test_images, training_facts
from flowerablate.loader import Batches, PackedDataset
from flowerablate.preprocess import NamedOp, Preprocess

PLAN = make_pipeline(train={"epochs": 3, "batch_size": 4, "channels_last": False}).train


@pytest.mark.parametrize("normalised", [False, True])
def test_facts_are_those_of_what_the_model_sees(normalised):
    numbers = np.random.default_rng(0)
    pixels = numbers.integers(0, 256, (10, 8, 8, 3), dtype=np.uint8)
    size = np.full(10, 8, np.int32)
    images = PackedImages(pixels.reshape(-1), np.arange(10, dtype=np.int64) * 192, size, size, 3)
    op = NativeOp("normalize", {"mean": (0.5, 0.4, 0.3), "std": (0.2, 0.3, 0.4)})
    chain = Preprocess([NamedOp("norm", op)] if normalised else [], 3)
    train = np.arange(9, dtype=np.int64)
    dataset = PackedDataset(chain, images, np.arange(10, dtype=np.uint64), np.zeros(10, np.int64), indices=train)
    batches = Batches(dataset, batch_size=4, shuffle=True)
    split = Split(train, train[:2], train[:3])
    facts = training_facts(PLAN, batches, chain, split)
    seen = pixels[:9].astype(np.float64) / 255
    if normalised:
        seen = (seen - [0.5, 0.4, 0.3]) / [0.2, 0.3, 0.4]
        assert facts["normalisation mean"] == pytest.approx(0.4)
        assert facts["normalisation deviation"] == pytest.approx(0.3)
    assert facts["pixel mean"] == pytest.approx(seen.mean(), abs=1e-5)
    assert facts["pixel deviation"] == pytest.approx(seen.std(), abs=1e-5)
    counted = {name: facts[name] for name in ("epochs", "batch size", "steps per epoch", "training images")}
    assert counted == {"epochs": 3, "batch size": 4, "steps per epoch": 2, "training images": 9}
    assert (facts["effective batch size"], facts["different images per epoch"]) == (4, 9)


def test_images_of_a_step_and_of_an_epoch_are_counted_as_they_are_used():
    """Batches are gathered for a step, and a sampler may take some images twice and others not at all."""
    size, train = np.full(8, 8, np.int32), np.arange(8, dtype=np.int64)
    images = PackedImages(np.zeros(8 * 192, np.uint8), np.arange(8, dtype=np.int64) * 192, size, size, 3)
    chain = Preprocess([], 3)
    dataset = PackedDataset(chain, images, np.arange(8, dtype=np.uint64), np.zeros(8, np.int64), indices=train)
    batches = Batches(dataset, batch_size=2, order=lambda epoch: np.array([0, 0, 1, 2, 3, 3]))
    split = Split(train, train, train)
    pairs, all_at_once = (training_facts(replace(PLAN, accumulate=n), batches, chain, split) for n in (2, 50))
    assert (pairs["effective batch size"], pairs["steps per epoch"]) == (4, 2)
    assert (all_at_once["effective batch size"], all_at_once["steps per epoch"]) == (6, 1)
    assert pairs["different images per epoch"] == 4


def test_the_largest_class_is_that_of_the_test_images():
    assert facts_of_test_images(np.array([0, 1, 1, 2])) == {"test images": 4, "largest class": 0.5}

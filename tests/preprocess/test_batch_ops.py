import pickle

import numpy as np
import pytest

from flowerablate.contracts import BatchOp, NativeOp
from flowerablate.errors import StudyError
from flowerablate.preprocess import BatchOps, NamedOp, Preprocess

LABELS, IDS = np.array([2, 0, 1]), np.array([5, 6, 7], np.uint64)


def run(*functions):
    images, targets = np.ones((3, 3, 4, 4), np.float32), np.full((3, 4), np.nan, np.float32)
    ops = [NamedOp(f"step{number}", BatchOp(function)) for number, function in enumerate(functions)]
    BatchOps(ops, 4).run(images, LABELS, IDS, targets, np.empty((2, 3, 4, 4), np.float32), seed=1, epoch=2)
    return images, targets


def test_without_ops_targets_are_one_hot():
    assert np.array_equal(run()[1], np.eye(4, dtype=np.float32)[LABELS])


def test_ops_act_in_their_order_on_the_same_memory():
    def double(images, targets, draws, spare):
        images *= 2

    def add(images, targets, draws, spare):
        images += 1

    assert (run(double, add)[0] == 3).all()
    assert (run(add, double)[0] == 4).all()


def test_each_op_draws_by_its_own_name():
    drawn = []

    def draw(images, targets, draws, spare):
        drawn.append(draws.uniform(2))

    run(draw, draw)
    assert drawn[0].shape == (3, 2)
    assert not np.array_equal(drawn[0], drawn[1])


def test_an_op_that_returns_a_new_batch_is_refused():
    with pytest.raises(StudyError, match="step 'step0' must change images and targets in place and return None"):
        run(lambda images, targets, draws, spare: images * 2)


def test_a_chain_travels_as_its_ops():
    ops = [NamedOp("flip", NativeOp("horizontal_flip", {"probability": 0.5}))]
    there = pickle.loads(pickle.dumps(Preprocess(ops, 3)))
    assert there.ops == tuple(ops)
    assert there.output_size(5, 7) == (5, 7)

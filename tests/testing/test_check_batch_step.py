"""Faults of steps on whole batches are found, each with a message that says what to fix."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import flowerablate as fa
from flowerablate.testing import check_step


def batch_step(function, **fields):
    return fa.StepSpec("odd", "Odd.", build=lambda context: fa.BatchOp(function), **({"random": True} | fields))


def dim(images, targets, draws, spare):
    images *= draws.uniform(1).astype(np.float32)[:, :, None, None]


def test_a_good_step_passes():
    check_step(batch_step(dim))


def returns(images, targets, draws, spare):
    return images


def not_finite(images, targets, draws, spare):
    images[0] += spare[0]


def sums_to_two(images, targets, draws, spare):
    targets *= 2


def negative(images, targets, draws, spare):
    targets[:, 0] += 1
    targets[:, 1] -= 1


def idle(images, targets, draws, spare):
    draws.uniform(1)


def by_memory(images, targets, draws, spare):
    images.ravel(order="K")[...] = 0
    if images.flags.c_contiguous:
        images.reshape(-1)[0] = draws.uniform(1)[0, 0]


def in_pairs(images, targets, draws, spare):
    images[0] = draws.uniform(1)[1, 0]


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (returns, "must change images and targets in place and return None, not ndarray"),
        (not_finite, "not finite; spare is uninitialised"),
        (sums_to_two, "probabilities and sum to 1, not 2"),
        (negative, "must leave rows of targets that are probabilities"),
        (idle, "returns the same result in 8 epochs"),
        (by_memory, "in channels-last memory"),
    ],
)
def test_a_faulty_step_is_reported_with_its_fix(function, message):
    with pytest.raises(AssertionError, match=message):
        check_step(batch_step(function))


def test_a_batch_of_one_must_be_taken():
    with pytest.raises(IndexError):
        check_step(batch_step(in_pairs))


def test_random_numbers_from_elsewhere_are_found():
    tosses = itertools.count()

    def count(images, targets, draws, spare):
        images += np.float32(next(tosses))

    with pytest.raises(AssertionError, match=r"take every random number from draws\.uniform"):
        check_step(batch_step(count))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"random": False}, "declare it with random=True"),
        ({"stand_in": lambda context: fa.NativeOp("resize")}, "which have no stand_in"),
    ],
)
def test_what_a_spec_may_not_say_of_such_a_step(fields, message):
    with pytest.raises(AssertionError, match=message):
        check_step(batch_step(dim, **fields))

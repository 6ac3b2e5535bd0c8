"""The suites find what they promise to find: each fault below is one that a plugin author could make."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

import flowerablate as fa
from flowerablate.testing import KeyedDraws, NoDraws, check_component, check_step


def python_step(function, **fields):
    return fa.StepSpec("odd", "Odd.", build=lambda context, **params: fa.PythonOp(function), **fields)


GOOD = python_step(lambda images, draws: 255 - images)


def noise(images, draws):
    numbers = draws.uniform(images[0].size).reshape(images.shape)
    return np.where(numbers < 0.1, 255, images).astype(np.uint8)


def shrink(images, draws):
    return images[:, ::2, ::2]


def test_good_steps_pass():
    check_step(GOOD)
    check_step(python_step(noise, random=True))
    check_step(python_step(shrink))


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda images, draws: None, "must return a numpy array, not NoneType"),
        (lambda images, draws: images / 255, "must return uint8, not float64"),
        (lambda images, draws: images[..., 0], r"must return \[N, H, W, C\], not 3 dimensions"),
        (lambda images, draws: images[..., :1], "must keep the number of images and of channels"),
        (lambda images, draws: images[:1], "must keep the number of images and of channels"),
        (lambda images, draws: images[:, :0], "returns empty images"),
        (noise, "declare it with random=True"),
        (
            lambda images, draws: np.random.default_rng().integers(0, 256, images.shape, np.uint8),
            "returns two results for the same input",
        ),
        (lambda images, draws: images - images.min(axis=0), "depends on the other images in its batch"),
        (lambda images, draws: images[:, : len(images)], "the size depends on the batch"),
    ],
)
def test_a_faulty_deterministic_step_is_reported_with_its_fix(function, message):
    with pytest.raises(AssertionError, match=message):
        check_step(python_step(function))


def same_for_the_whole_batch(images, draws):
    return images if draws.uniform(1)[0, 0] < 0.5 else 255 - images


def in_order_of_the_batch(images, draws):
    return np.roll(images, 1, axis=0) if draws.uniform(1).shape else images


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda images, draws: 255 - images, "is declared random, but returns the same result in 8 epochs"),
        (same_for_the_whole_batch, "use row i of draws.uniform"),
        (in_order_of_the_batch, "use row i of draws.uniform"),
        (lambda images, draws: shrink(noise(images, draws), draws), "add a stand_in that does the same"),
    ],
)
def test_a_faulty_random_step_is_reported_with_its_fix(function, message):
    with pytest.raises(AssertionError, match=message):
        check_step(python_step(function, random=True))


def test_random_numbers_from_elsewhere_are_found():
    tosses = itertools.cycle([0, 255])  # what a generator that goes on from call to call looks like
    with pytest.raises(AssertionError, match=r"take every random number from draws\.uniform"):
        check_step(python_step(lambda images, draws: images ^ next(tosses), random=True))


def test_a_stand_in_must_give_the_size_of_the_step():
    spec = python_step(lambda images, draws: shrink(noise(images, draws), draws), random=True)
    check_step(replace(spec, stand_in=lambda context: fa.PythonOp(shrink)))
    with pytest.raises(AssertionError, match="returns 10 x 10 pixels, but its stand_in 20 x 20"):
        check_step(replace(spec, stand_in=lambda context: fa.PythonOp(lambda images, draws: images)))
    with pytest.raises(AssertionError, match="a deterministic step called draws"):
        check_step(replace(spec, stand_in=lambda context: fa.PythonOp(noise)))


def test_settings_that_a_component_offers_but_refuses_are_found():
    def build(context, mode):
        if mode == "b":
            raise fa.StudyError("mode b is not there")
        return fa.PythonOp(lambda images, draws: images)

    spec = fa.StepSpec("odd", "Odd.", build=build, params=(fa.Param("mode", "a", "mode", choices=("a", "b")),))
    with pytest.raises(AssertionError, match="with mode = 'b' refuses its own settings: mode b is not there"):
        check_step(spec)


def test_params_that_the_component_does_not_have_are_refused():
    with pytest.raises(AssertionError, match="has no parameter 'sise'; did you mean 'size'"):
        check_component(replace(GOOD, params=(fa.Param("size", 3, "s"),)), params={"sise": 4})


def test_what_is_no_op_is_refused():
    with pytest.raises(AssertionError, match="must return a NativeOp, a PythonOp or a BatchOp, not str"):
        check_step(fa.StepSpec("odd", "Odd.", build=lambda context: "blur"))


@pytest.mark.parametrize(
    ("op", "random", "message"),
    [
        (fa.NativeOp("blurr"), False, "the native core refuses NativeOp.*unknown name 'blurr'"),
        (fa.NativeOp("center_crop"), False, "the native core refuses .*'size' is missing"),
        (
            fa.NativeOp("horizontal_flip", {"probability": 0.5}),
            False,
            "depends on the seed; declare it with random=True",
        ),
        (fa.NativeOp("center_crop", {"size": 20}), True, "is declared random, but returns the same result"),
    ],
)
def test_a_faulty_native_step_is_reported_with_its_fix(op, random, message):
    with pytest.raises(AssertionError, match=message):
        check_step(fa.StepSpec("odd", "Odd.", build=lambda context: op, random=random))


def test_draws_depend_on_the_sample_and_the_number_of_the_draw_only():
    whole = KeyedDraws([3, 1, 2], seed=5, epoch=7)
    numbers = np.concatenate([whole.uniform(2), whole.uniform(3)], axis=1)
    assert numbers.shape == (3, 5)
    assert ((numbers >= 0) & (numbers < 1)).all()
    assert np.array_equal(KeyedDraws([2, 3], seed=5, epoch=7).uniform(5), numbers[[2, 0]])
    assert not np.array_equal(KeyedDraws([3, 1, 2], seed=5, epoch=8).uniform(5), numbers)
    assert not np.array_equal(KeyedDraws([3, 1, 2], seed=6, epoch=7).uniform(5), numbers)
    assert len(np.unique(numbers)) == numbers.size


def test_a_deterministic_step_has_nothing_to_draw_from():
    with pytest.raises(AssertionError, match="random=True"):
        NoDraws().uniform(1)

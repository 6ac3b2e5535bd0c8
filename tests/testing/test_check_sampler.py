"""The suite for samplers finds what it promises to find."""

from __future__ import annotations

import random

import numpy as np
import pytest

import flowerablate as fa
from flowerablate.testing import check_component, check_sampler


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda context: None, "must return a function of the epoch"),
        (lambda context: lambda epoch: [0], "must return a NumPy array int64"),
        (lambda context: lambda epoch: np.zeros(3), "must return a NumPy array int64"),
        (lambda context: lambda epoch: np.zeros(0, np.int64), "returns no image"),
        (lambda context: lambda epoch: np.arange(len(context.labels) + 1), "must return indices of the 24 images"),
        (lambda context: lambda epoch: np.arange(epoch), "2 images, and 1 in epoch 1"),
        (
            lambda context: lambda epoch: np.array([random.randrange(24) for _ in range(9)]),
            "has two orders for the same seed",
        ),
    ],
)
def test_a_faulty_sampler_is_reported_with_its_fix(build, message):
    with pytest.raises(AssertionError, match=message):
        check_sampler(fa.SamplerSpec("odd", "Odd.", build=build))


def test_labels_that_are_sorted_in_place_are_an_error():
    def build(context):
        context.labels.sort()

    with pytest.raises(ValueError, match="read-only"):
        check_sampler(fa.SamplerSpec("odd", "Odd.", build=build))


def test_a_good_sampler_passes():
    build = lambda context: lambda epoch: np.arange(len(context.labels))  # noqa: E731
    check_component(fa.SamplerSpec("good", "Good.", build=build))

"""The suites find what they promise to find: each fault below is one that a plugin author could make."""

from __future__ import annotations

import random

import pytest
import torch
from torch import nn

import flowerablate as fa
from flowerablate.testing import check_model


def model_spec(make, **fields):
    return fa.ModelSpec("odd", "Odd.", build=lambda context, **params: make(context, **params), **fields)


def linear(context, **params):
    return nn.Sequential(nn.Flatten(), nn.Linear(context.channels * context.image_size**2, context.classes))


class Spoilt(nn.Module):
    """A linear model with one fault."""

    def __init__(self, context, fault, **params):
        super().__init__()
        self.inner, self.fault = linear(context), fault
        if fault == "unused":
            self.spare = nn.Parameter(torch.zeros(2))

    def forward(self, images):
        logits = self.inner(images)
        if self.fault == "batch":
            return logits - logits.mean(0)
        if self.fault == "nan":
            return logits * float("nan")
        return logits[:, :2] if self.fault == "shape" else logits


def random_start(context):
    model = linear(context)
    nn.init.uniform_(model[1].bias, random.random(), 2.0)
    return model


def rgb_only(context):
    assert context.channels == 3
    return linear(context)


def only_rgb_said_politely(context):
    if context.channels != 3:
        raise fa.StudyError("this model takes 3 channels only")
    return linear(context)


@pytest.mark.parametrize("make", [linear, only_rgb_said_politely])
def test_a_good_model_passes(make):
    check_model(model_spec(make))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda context: "model", "must return a torch.nn.Module, not str"),
        (lambda context: nn.Flatten(), r"must return logits \(4, 3\) \[N, classes\]"),
        (lambda context: Spoilt(context, "shape"), r"must return logits \(4, 3\) \[N, classes\], not \(4, 2\)"),
        (lambda context: Spoilt(context, "nan"), "logits that are not finite"),
        (lambda context: Spoilt(context, "batch"), "depends on the other images in its batch"),
        (lambda context: Spoilt(context, "unused"), "spare gets no gradient"),
        (random_start, "has different initial values each time"),
    ],
)
def test_a_faulty_model_is_reported_with_its_fix(make, message):
    with pytest.raises(AssertionError, match=message):
        check_model(model_spec(make))


def test_a_model_that_breaks_on_grey_images_is_found():
    with pytest.raises(AssertionError):
        check_model(model_spec(rgb_only))


def test_a_feature_of_a_model_that_changes_nothing_is_found():
    skip = fa.Param("skip", True, "shortcut", off=False)
    with pytest.raises(AssertionError, match="switching skip off changes neither the layers nor the result"):
        check_model(model_spec(linear, params=(skip,)))

"""The costs that come with the package, as they are measured."""

from __future__ import annotations

import pytest
import torch
from flowerablate_columns.measures import count_flops, peak_memory
from torch import nn

import flowerablate as fa

CPU = fa.MeasureContext(torch.device("cpu"))


def trial(model: nn.Module) -> fa.MeasuredTrial:
    return fa.MeasuredTrial(model, channels=3, image_size=8, epochs=1, seconds=1.0)


def test_operations_of_a_convolution_are_two_for_each_multiplication():
    model = nn.Sequential(nn.Conv2d(3, 5, 3, padding=1, bias=False), nn.Flatten(), nn.Linear(5 * 64, 2, bias=False))
    model.train()
    assert count_flops(trial(model)) == 2 * (64 * 5 * 27 + 320 * 2)
    assert model.training


def test_a_model_that_takes_no_single_image_has_no_count():
    class Pairs(nn.Module):
        def forward(self, images):
            first, second = images
            return first + second

    assert count_flops(trial(Pairs())) is None


def test_memory_is_not_measured_on_the_cpu():
    assert peak_memory(CPU)(trial(nn.Identity())) is None


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_memory_is_the_maximum_since_the_trial_began():
    device = torch.device("cuda")
    finish = peak_memory(fa.MeasureContext(device))
    before = torch.cuda.memory_allocated(device)
    held = torch.zeros(10 << 20, dtype=torch.uint8, device=device)
    del held
    assert finish(trial(nn.Identity())) >= before + (10 << 20)

"""Values and output: brightness and contrast, scaling, normalisation, layouts."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from reference import color
from reference.chain import run, twin
from torchvision.transforms.v2 import functional

MEAN, STD = (0.485, 0.456, 0.406, 0.5), (0.229, 0.224, 0.225, 0.3)


def normalize(channels):
    return ("normalize", {"mean": MEAN[:channels], "std": STD[:channels]}, 0)


def adjust(**params):
    return ("brightness_contrast", {"brightness": 0.3, "contrast": 0.5, "probability": 1.0, **params}, 11)


def draw_image(rng, height, width, channels):
    return rng.integers(0, 256, (height, width, channels), dtype=np.uint8)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("channels_last", [False, True])
def test_floats_equal_torchvision_to_the_bit(rng, channels, channels_last):
    for height, width in [(1, 1), (5, 47), (33, 64), (7, 129)]:
        image = draw_image(rng, height, width, channels)
        scaled = functional.to_dtype(torch.from_numpy(image).permute(2, 0, 1), torch.float32, scale=True)
        wanted = functional.normalize(scaled, list(MEAN[:channels]), list(STD[:channels]))
        got = run([], [image], floats=True, channels_last=channels_last)[0]
        np.testing.assert_array_equal(got, scaled.numpy())
        got = run([normalize(channels)], [image], floats=True, channels_last=channels_last)[0]
        np.testing.assert_array_equal(got, wanted.numpy())
        np.testing.assert_array_equal(got, color.normalize(image, MEAN[:channels], STD[:channels]))


def test_an_empty_chain_gives_the_bytes_back(rng):
    image = draw_image(rng, 13, 21, 3)
    np.testing.assert_array_equal(run([], [image, image])[1], image)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_brightness_and_contrast_equal_the_twin(rng, channels):
    ramp = np.arange(256, dtype=np.uint8).reshape(8, 32, 1).repeat(channels, axis=2)
    images = [ramp] * 40
    for op in (adjust(), adjust(brightness=0.0), adjust(contrast=2.0), adjust(probability=0.5)):
        for sample, got in enumerate(run([op], images, seed=3, epoch=4)):
            np.testing.assert_array_equal(got, twin([op], ramp, seed=3, epoch=4, sample=sample))


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_brightness_in_one_with_the_output_equals_both_in_turn(rng, channels, channels_last):
    images = [draw_image(rng, 19, 83, channels) for _ in range(20)]
    op = adjust(probability=0.7)
    between = list(run([op], images))
    for end in ([], [normalize(channels)]):
        fused = run([op, *end], images, floats=True, channels_last=channels_last)
        np.testing.assert_array_equal(fused, run(end, between, floats=True, channels_last=channels_last))


def test_no_brightness_and_no_contrast_change_nothing(rng):
    image = draw_image(rng, 31, 17, 3)
    np.testing.assert_array_equal(run([adjust(brightness=0.0, contrast=0.0)], [image])[0], image)

"""Colours: equality with the twins, and with the libraries whose definitions the ops follow."""

from __future__ import annotations

import math
from itertools import permutations

import cv2
import numpy as np
import pytest
import torch
from catalogue import COLOR
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageEnhance, ImageOps
from reference import color
from reference.chain import run, twin
from reference.philox import Draws
from torchvision.transforms.v2 import functional

from flowerablate import _native

STREAM = 21
OPS = [
    *COLOR,
    ("color_jitter", {"brightness": 0.0, "contrast": 0.0, "saturation": 0.5, "hue": 0.0}),
    ("color_jitter", {"brightness": 0.0, "contrast": 0.0, "saturation": 0.0, "hue": 0.0}),
    ("hsv_jitter", {"hue": 90.0, "saturation": 255.0, "value": 255.0}),
]
IDS = [f"{name}-{place}" for place, (name, _) in enumerate(OPS)]
COLORFUL = ("grey", "channel_shuffle", "saturation", "hue")  # say nothing about a grey image


def draw_image(rng, height, width, channels):
    image = rng.integers(0, 256, (height, width, channels), dtype=np.uint8)
    image[: height // 3] = image[: height // 3, :, :1]  # some greys, black and white
    image[0, : width // 3] = 0
    image[0, width // 3 : 2 * width // 3] = 255
    return image


def one(name, image, **params):
    return run([(name, params, STREAM)], [image])[0]


def fixed(name, image, value):
    return one(name, image, low=value, high=value)


def drawn(name, params, channels=3, sample=0, **keys):
    """What explain() says of the op for a sample: whether it is applied, and its values."""
    chain = _native.Chain([(name, params, STREAM)], channels)
    ((found, applied, values),) = chain.explain(10, 10, sample, **{"seed": 0, "epoch": 0, **keys})
    assert found == name
    return applied, values


@pytest.fixture(scope="module")
def every_color():
    """All combinations of 32 levels of red, green and blue, [181, 182, 3]; the last ones are left over."""
    levels = np.linspace(0, 255, 32).round().astype(np.uint8)
    colors = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(-1, 3)
    return np.ascontiguousarray(colors[: 181 * 181].reshape(181, -1, 3))


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize(("name", "params"), OPS, ids=IDS)
def test_equals_the_twin(rng, name, params, channels):
    for height, width in [(1, 1), (1, 2), (3, 5), (7, 16), (5, 64), (9, 67), (4, 261), (2, 530)]:
        image = draw_image(rng, height, width, channels)
        op = (name, params, STREAM)
        for sample, got in enumerate(run([op], [image] * 6, seed=3, epoch=4)):
            np.testing.assert_array_equal(got, twin([op], image, seed=3, epoch=4, sample=sample))


@pytest.mark.parametrize(("name", "params"), OPS, ids=IDS)
def test_a_fourth_channel_is_left_alone_and_does_not_matter(rng, name, params):
    image = draw_image(rng, 12, 75, 4)
    got = one(name, image, **params)
    np.testing.assert_array_equal(got[:, :, 3], image[:, :, 3])
    np.testing.assert_array_equal(got[:, :, :3], one(name, np.ascontiguousarray(image[:, :, :3]), **params))


@pytest.mark.parametrize("name", COLORFUL)
def test_an_image_of_one_channel_has_no_colour_to_change(rng, name):
    image = draw_image(rng, 12, 75, 1)
    np.testing.assert_array_equal(one(name, image, **dict(OPS)[name]), image)


@pytest.mark.parametrize(("name", "params"), OPS, ids=IDS)
def test_the_probability_is_the_share_of_the_images_that_are_changed(rng, name, params):
    image = draw_image(rng, 6, 40, 3)
    share = {**params, "probability": 0.3}
    changed = run([(name, params, STREAM)], [image] * 400)
    got = run([(name, share, STREAM)], [image] * 400)
    applied = [drawn(name, share, sample=sample)[0] for sample in range(400)]
    assert applied == [Draws(0, STREAM, 0, sample).uniform(0) < 0.3 for sample in range(400)]
    assert 80 <= sum(applied) <= 160  # five standard deviations
    for sample in range(400):
        np.testing.assert_array_equal(got[sample], changed[sample] if applied[sample] else image)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_explain_tells_the_values_that_repeat_the_image(rng, channels):
    image = draw_image(rng, 9, 50, channels)
    for name in ("brightness", "contrast", "saturation", "hue"):
        for sample, got in enumerate(run([(name, dict(OPS)[name], STREAM)], [image] * 5)):
            _, values = drawn(name, dict(OPS)[name], channels, sample)
            assert list(values) == ["shift" if name == "hue" else "factor"]
            np.testing.assert_array_equal(got, fixed(name, image, *values.values()))
    for sample, got in enumerate(run([("posterize", dict(OPS)["posterize"], STREAM)], [image] * 5)):
        bits = drawn("posterize", dict(OPS)["posterize"], channels, sample)[1]["bits"]
        np.testing.assert_array_equal(got, one("posterize", image, bits_low=bits, bits_high=bits))
    for sample, got in enumerate(run([("solarize", dict(OPS)["solarize"], STREAM)], [image] * 5)):
        at = drawn("solarize", dict(OPS)["solarize"], channels, sample)[1]["threshold"]
        np.testing.assert_array_equal(got, one("solarize", image, threshold_low=at, threshold_high=at))


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_color_jitter_is_its_changes_one_after_the_other_as_explained(rng, channels):
    image = draw_image(rng, 9, 70, channels)
    params = {"brightness": 0.4, "contrast": 0.9, "saturation": 0.9, "hue": 0.2}
    for sample, got in enumerate(run([("color_jitter", params, STREAM)], [image] * 30)):
        _, values = drawn("color_jitter", params, channels, sample)
        names = values["order"].split(", ")
        steps = [(name, {"low": values[name], "high": values[name]}, 0) for name in names]
        np.testing.assert_array_equal(got, run(steps, [image])[0])
        assert sorted(names) == sorted(values.keys() - {"order"})
        assert set(names) == ({"brightness", "contrast"} if channels == 1 else set(color.CHANGES))


def test_all_24_orders_of_the_jitter_are_equally_frequent():
    params = {"brightness": 0.1, "contrast": 0.1, "saturation": 0.1, "hue": 0.1}
    orders = [drawn("color_jitter", params, sample=sample)[1]["order"] for sample in range(4800)]
    counts = [orders.count(", ".join(order)) for order in permutations(color.CHANGES)]
    assert sum(counts) == 4800
    assert chi_squared(counts) < 58  # p = 1e-4 for 23 degrees of freedom


def test_all_six_orders_of_the_channels_are_equally_frequent(rng):
    image = np.array([[[10, 20, 30]]], np.uint8)
    got = run([("channel_shuffle", {}, STREAM)], [image] * 3000)[:, 0, 0]
    counts = [int((got == order).all(axis=1).sum()) for order in permutations((10, 20, 30))]
    assert sum(counts) == 3000
    assert chi_squared(counts) < 26  # p = 1e-4 for 5 degrees of freedom
    for sample in range(20):
        assert list(10 * (np.array(drawn("channel_shuffle", {}, sample=sample)[1]["order"]) + 1)) == list(got[sample])


def test_bits_are_equally_frequent_and_factors_uniform():
    params = {"bits_low": 3, "bits_high": 6}
    bits = [drawn("posterize", params, sample=sample)[1]["bits"] for sample in range(2000)]
    counts = [bits.count(value) for value in (3, 4, 5, 6)]
    assert sum(counts) == 2000
    assert chi_squared(counts) < 21  # p = 1e-4 for 3 degrees of freedom
    for name, low, high in [("contrast", 0.5, 2.5), ("hue", -0.3, 0.1), ("brightness", 0.1, 0.2)]:
        params = {"low": low, "high": high}
        values = np.sort([next(iter(drawn(name, params, sample=i)[1].values())) for i in range(2000)])
        steps = (values - low) / (high - low)
        assert steps[0] >= 0
        assert steps[-1] < 1
        assert np.abs(steps - np.linspace(0, 1, 2000)).max() < 0.05  # Kolmogorov-Smirnov, p < 1e-4


def chi_squared(counts):
    expected = sum(counts) / len(counts)
    return sum((count - expected) ** 2 for count in counts) / expected


def test_grey_equals_opencv(every_color, rng):
    for image in (every_color, draw_image(rng, 40, 61, 3)):
        wanted = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[:, :, None].repeat(3, axis=2)
        np.testing.assert_array_equal(one("grey", image), wanted)


@pytest.mark.parametrize("channel", [0, 1, 2])
def test_single_channel_is_that_channel_everywhere(rng, channel):
    image = draw_image(rng, 9, 70, 3)
    np.testing.assert_array_equal(one("single_channel", image, channel=channel), image[:, :, [channel] * 3])


def levels_apart(got, wanted):
    return np.abs(got.astype(int) - np.asarray(wanted).astype(int)).max()


def torchvision(function, image, *args):
    """Of a tensor; the image comes back as HWC bytes."""
    return function(torch.from_numpy(image).permute(2, 0, 1), *args).permute(1, 2, 0).numpy()


@pytest.mark.parametrize("factor", [0.0, 0.1, 0.5, 0.9, 1.0, 1.3, 1.9, 3.0, 5.0, 7.5, 10.0])
def test_brightness_contrast_and_saturation_are_within_their_rounding_of_torchvision_and_pillow(every_color, factor):
    """Both of them truncate where we round, and torchvision the grey value that it multiplies by 1 - factor."""
    pillow = Image.fromarray(every_color)
    of_grey = math.ceil(1.5 + abs(factor - 1)) - 1
    for name, limit, function, enhance in [
        ("brightness", 1, functional.adjust_brightness, ImageEnhance.Brightness),
        ("contrast", of_grey, functional.adjust_contrast, ImageEnhance.Contrast),
        ("saturation", of_grey, functional.adjust_saturation, ImageEnhance.Color),
    ]:
        got = fixed(name, every_color, factor)
        assert levels_apart(got, torchvision(function, every_color, factor)) <= max(1, limit), name
        assert levels_apart(got, enhance(pillow).enhance(factor)) <= max(1, limit), name


@pytest.mark.parametrize("shift", [-0.5, -0.3, -0.01, 0.0, 0.1, 0.25, 0.5])
def test_hue_is_within_a_level_of_torchvision(every_color, shift):
    """It scales by 255.999 and truncates where we round."""
    got = fixed("hue", every_color, shift)
    assert levels_apart(got, torchvision(functional.adjust_hue, every_color, shift)) <= 1


@pytest.mark.parametrize(
    "shift", [(0, 0, 0), (20, 0, 0), (-35, 0, 0), (0, 30, 0), (0, -60, 0), (0, 0, 25), (12, 20, -30)]
)
def test_hsv_shifts_are_opencvs_but_for_its_rounding_to_8_bits(every_color, shift):
    """OpenCV keeps the hue in steps of 2 degrees, off by 1/60 of the chroma (4.25 levels), and rounds saturation."""
    hsv = cv2.cvtColor(every_color, cv2.COLOR_RGB2HSV).astype(int)
    hsv[:, :, 0] = (hsv[:, :, 0] + shift[0]) % 180
    hsv[:, :, 1:] = np.clip(hsv[:, :, 1:] + shift[1:], 0, 255)
    wanted = cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB)
    got = hsv_shifted(every_color, *shift)
    differences = np.abs(got.astype(int) - wanted.astype(int))
    assert differences.max() <= 6
    assert differences.mean() < 1.0


def hsv_shifted(image, hue, saturation, value):
    """Our own arithmetic with fixed shifts; equality of the op with it is tested above."""
    bright, chroma, at = color.hue_of(image)
    found = chroma * np.float32(255) / np.maximum(bright, np.float32(1))
    saturated = np.clip(found + np.float32(saturation), np.float32(0), np.float32(255))
    bright = np.clip(bright + np.float32(value), np.float32(0), np.float32(255))
    return color.color_of(bright, bright * saturated * np.float32(1.0 / 255.0), at, np.float32(hue / 30))


@pytest.mark.parametrize("bits", range(1, 9))
def test_posterize_equals_pillow(rng, bits):
    image = draw_image(rng, 16, 50, 3)
    wanted = np.asarray(ImageOps.posterize(Image.fromarray(image), bits))
    np.testing.assert_array_equal(one("posterize", image, bits_low=bits, bits_high=bits), wanted)


@pytest.mark.parametrize("threshold", [0, 1, 100, 128, 255, 256])
def test_solarize_and_invert_equal_pillow(rng, threshold):
    image = draw_image(rng, 16, 50, 3)
    wanted = np.asarray(ImageOps.solarize(Image.fromarray(image), threshold))
    np.testing.assert_array_equal(one("solarize", image, threshold_low=threshold, threshold_high=threshold), wanted)
    np.testing.assert_array_equal(one("invert", image), np.asarray(ImageOps.invert(Image.fromarray(image))))


def test_changes_that_change_nothing(every_color):
    for name, value in [("brightness", 1.0), ("contrast", 1.0), ("saturation", 1.0), ("hue", 0.0)]:
        np.testing.assert_array_equal(fixed(name, every_color, value), every_color)
    np.testing.assert_array_equal(one("hsv_jitter", every_color, hue=0.0, saturation=0.0, value=0.0), every_color)


def test_without_saturation_an_image_is_grey_and_without_contrast_it_is_flat(every_color):
    np.testing.assert_array_equal(fixed("saturation", every_color, 0.0), one("grey", every_color))
    flat = fixed("contrast", every_color, 0.0)
    assert flat.min() == flat.max() == round(float(color.luminance(every_color).mean()))


@given(st.binary(min_size=3, max_size=300), st.floats(-0.5, 0.5))
def test_hue_keeps_value_and_chroma_and_half_a_turn_twice_is_none(data, shift):
    image = np.frombuffer(data[: len(data) // 3 * 3], np.uint8).reshape(1, -1, 3)
    turned = fixed("hue", image, shift)
    np.testing.assert_array_equal(turned.max(axis=2), image.max(axis=2))
    np.testing.assert_array_equal(turned.min(axis=2), image.min(axis=2))
    assert levels_apart(fixed("hue", fixed("hue", image, 0.5), -0.5), image) <= 1


@given(st.binary(min_size=3, max_size=300))
def test_ops_that_undo_themselves(data):
    image = np.frombuffer(data[: len(data) // 3 * 3], np.uint8).reshape(1, -1, 3)
    np.testing.assert_array_equal(one("invert", one("invert", image)), image)
    np.testing.assert_array_equal(one("solarize", image, threshold_low=0.0, threshold_high=0.0), one("invert", image))
    np.testing.assert_array_equal(one("grey", one("grey", image)), one("grey", image))


@pytest.mark.parametrize("floats", [False, True])
def test_tables_of_neighbours_are_one_to_the_bit(rng, floats):
    ops = [
        ("brightness", {"low": 0.5, "high": 1.5}, 1),
        ("solarize", {"threshold_low": 0.0, "threshold_high": 255.0, "probability": 0.5}, 2),
        ("posterize", {"bits_low": 2, "bits_high": 7}, 3),
        ("invert", {"probability": 0.5}, 4),
    ]
    for channels in (1, 3, 4):
        images = [draw_image(rng, 11, 70, channels) for _ in range(12)]
        fused = run(ops, images, floats=floats)
        for sample, image in enumerate(images):
            wanted = twin(ops, image, seed=0, epoch=0, sample=sample)
            np.testing.assert_array_equal(fused[sample], color.to_float(wanted) if floats else wanted)


@pytest.mark.parametrize(
    ("name", "params", "message"),
    [
        ("brightness", {"low": 1.2, "high": 0.8}, "'low' must not exceed 'high', but they are 1.2 and 0.8"),
        ("contrast", {"low": -0.1, "high": 1.0}, "'low' must be between 0 and 10, not -0.1"),
        ("hue", {"low": -0.6, "high": 0.0}, "'low' must be between -0.5 and 0.5, not -0.6"),
        ("posterize", {"bits_low": 0, "bits_high": 4}, "'bits_low' must be between 1 and 8, not 0"),
        ("solarize", {"threshold_low": 9, "threshold_high": 8}, "'threshold_low' must not exceed 'threshold_high'"),
        ("single_channel", {"channel": 3}, "'channel' must be between 0 and 2, not 3"),
        ("hsv_jitter", {"hue": 91, "saturation": 0, "value": 0}, "'hue' must be between 0 and 90, not 91"),
        ("color_jitter", {"brightness": 0, "contrast": 0, "saturation": 0, "hue": 0.6}, "between 0 and 0.5, not 0.6"),
        ("grey", {"channel": 1}, "unknown parameter 'channel'"),
    ],
)
def test_wrong_parameters_are_named(name, params, message):
    with pytest.raises(ValueError, match=message):
        _native.Chain([(name, params, 0)], 3)


def test_a_grey_image_has_one_channel_to_choose():
    with pytest.raises(ValueError, match="'channel' must be between 0 and 0, not 1"):
        _native.Chain([("single_channel", {"channel": 1}, 0)], 1)

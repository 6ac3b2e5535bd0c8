"""Thresholds equal OpenCV's to the bit, and do for colours what they say."""

from __future__ import annotations

from itertools import product

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from reference import threshold as twin
from reference.chain import run

MODES = {
    "binary": cv2.THRESH_BINARY,
    "binary_inv": cv2.THRESH_BINARY_INV,
    "truncate": cv2.THRESH_TRUNC,
    "tozero": cv2.THRESH_TOZERO,
    "tozero_inv": cv2.THRESH_TOZERO_INV,
}
METHODS = {"mean": cv2.ADAPTIVE_THRESH_MEAN_C, "gaussian": cv2.ADAPTIVE_THRESH_GAUSSIAN_C}
TYPES = [np.uint8, np.uint16]
SIZES = [(1, 1), (1, 23), (23, 1), (5, 3), (37, 65), (61, 67)]


def core(op, image, **params):
    return run([(op, params, 0)], [image])[0]


def random_image(rng, shape, pixel_type=np.uint8):
    return rng.integers(0, np.iinfo(pixel_type).max, shape, pixel_type, endpoint=True)


def smooth_image(rng, shape):
    return cv2.GaussianBlur(random_image(rng, shape), (9, 9), 0).reshape(shape)


def opencv(image, value, mode):
    largest = float(np.iinfo(image.dtype).max)
    return cv2.threshold(image, value, largest, MODES[mode])[1].reshape(image.shape)


@pytest.mark.parametrize("pixel_type", TYPES)
@pytest.mark.parametrize("mode", MODES)
def test_a_fixed_threshold_equals_opencv(rng, mode, pixel_type):
    largest = int(np.iinfo(pixel_type).max)
    for size, channels in product(SIZES, (1, 3, 4)):
        image = random_image(rng, (*size, channels), pixel_type)
        for value in (0, 1, 99.9, 125, 254, 255, largest - 1, largest, int(image[0, 0, 0])):
            got = core("threshold", image, value=(value,) * channels, mode=mode)
            np.testing.assert_array_equal(got, opencv(image, value, mode))


@pytest.mark.parametrize("pixel_type", TYPES)
def test_each_channel_has_its_own_value(rng, pixel_type):
    image = random_image(rng, (21, 83, 4), pixel_type)
    values = (10.0, 200.0, 90.5, 128.0)
    for mode in MODES:
        got = core("threshold", image, value=values, mode=mode)
        for channel, value in enumerate(values):
            plane = np.ascontiguousarray(image[..., channel])
            np.testing.assert_array_equal(got[..., channel], opencv(plane, value, mode))
        np.testing.assert_array_equal(got, twin.threshold(image, values, mode=mode))


@pytest.mark.parametrize("pixel_type", TYPES)
def test_where_red_is_above_125_the_image_is_kept(rng, pixel_type):
    image = random_image(rng, (18, 33, 3), pixel_type)
    red = image[..., :1] > 125
    largest = np.iinfo(pixel_type).max
    white = core("threshold", image, value=(125,), channel="0")
    np.testing.assert_array_equal(white, np.where(red, largest, 0).repeat(3, axis=2))
    kept = core("threshold", image, value=(125,), channel="0", output="mask")
    np.testing.assert_array_equal(kept, np.where(red, image, 0))
    dropped = core("threshold", image, value=(125,), channel="0", output="mask", mode="binary_inv")
    np.testing.assert_array_equal(kept + dropped, image)


@pytest.mark.parametrize("pixel_type", TYPES)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_channel_that_decides_for_all_equals_the_twin(rng, channels, pixel_type):
    for size, channel, mode in product(SIZES, range(channels), MODES):
        image = random_image(rng, (*size, channels), pixel_type)
        params = {"value": (130.0,), "channel": str(channel), "mode": mode}
        np.testing.assert_array_equal(core("threshold", image, **params), twin.threshold(image, **params))


def test_fixed_thresholds_of_each_channel_merge_with_their_neighbours(rng):
    image = random_image(rng, (20, 31, 3))
    ops = [
        ("brightness_contrast", {"brightness": 0.3, "contrast": 0.4}, 1),
        ("threshold", {"value": (90.0, 120.0, 140.0), "mode": "truncate"}, 2),
        ("threshold", {"value": (30.0, 50.0, 20.0), "mode": "tozero", "probability": 0.5}, 3),
    ]
    images = [image] * 12
    for place, merged in enumerate(run(ops, images)):
        alone = run(ops[:1], images)[place]
        once = twin.threshold(alone, (90.0, 120.0, 140.0), mode="truncate")
        twice = twin.threshold(once, (30.0, 50.0, 20.0), mode="tozero")
        assert np.array_equal(merged, once) or np.array_equal(merged, twice)


def otsu_images(rng, pixel_type):
    largest = int(np.iinfo(pixel_type).max)
    for _ in range(8):
        size = (*rng.integers(1, 40, 2), 1)
        yield random_image(rng, size, pixel_type)
        yield rng.choice(random_image(rng, 3, pixel_type), size)
        yield np.where(rng.random(size) < 0.5, 10, 200).astype(pixel_type)  # every threshold between is as good
        yield np.clip(rng.normal(largest / 3, 4, size), 0, largest).astype(pixel_type)
        yield np.full(size, 77, pixel_type)


@pytest.mark.parametrize("pixel_type", TYPES)
def test_otsu_equals_opencv_in_ties_too(rng, pixel_type):
    largest = int(np.iinfo(pixel_type).max)
    for image in otsu_images(rng, pixel_type):
        for mode, code in MODES.items():
            limit, wanted = cv2.threshold(image, 0, largest, code | cv2.THRESH_OTSU)
            np.testing.assert_array_equal(core("otsu", image, mode=mode), wanted.reshape(image.shape))
        if image.size < 300:
            assert twin.otsu_limit(image) == limit


@pytest.mark.parametrize("pixel_type", TYPES)
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("on", ["luminance", "channels"])
def test_otsu_decides_by_opencvs_grey_or_in_each_channel(rng, on, channels, pixel_type):
    image = random_image(rng, (24, 39, channels), pixel_type)
    image[:9] //= 3
    largest = int(np.iinfo(pixel_type).max)
    if on == "luminance":
        grey = image if channels == 1 else cv2.cvtColor(image[..., :3], cv2.COLOR_RGB2GRAY)
        white = cv2.threshold(grey, 0, largest, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[1]
        white = white.reshape(24, 39, 1).repeat(channels, axis=2)
    else:
        planes = [np.ascontiguousarray(image[..., channel]) for channel in range(channels)]
        white = np.stack(
            [cv2.threshold(plane, 0, largest, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[1] for plane in planes], axis=2
        )
    np.testing.assert_array_equal(core("otsu", image, on=on), white)
    np.testing.assert_array_equal(core("otsu", image, on=on, output="mask"), np.where(white, image, 0))
    if pixel_type is np.uint8:
        for mode in MODES:
            np.testing.assert_array_equal(core("otsu", image, on=on, mode=mode), twin.otsu(image, on, mode))


def check_adaptive(rng, sizes, blocks):
    for size, method, block, mode in product(sizes, METHODS, blocks, ("binary", "binary_inv")):
        noise = random_image(rng, (*size, 1))
        for image in (noise, smooth_image(rng, (*size, 1)), np.where(noise > 128, np.uint8(255), np.uint8(0))):
            for c in (0, 2, 7.2, -3.5):
                wanted = cv2.adaptiveThreshold(image, 255, METHODS[method], MODES[mode], block, c)
                got = core("adaptive_threshold", image, method=method, block_size=block, c=c, mode=mode)
                np.testing.assert_array_equal(got, wanted.reshape(image.shape), f"{size} {method} {block} {mode} {c}")


def test_adaptive_thresholds_equal_opencv(rng):
    check_adaptive(rng, SIZES, (3, 5, 7, 9, 11, 21, 63, 127))


@pytest.mark.slow
def test_adaptive_thresholds_equal_opencv_for_every_size(rng):
    check_adaptive(rng, [(224, 224), (37, 50)], range(3, 128, 2))


@pytest.mark.parametrize("size", range(3, 128, 2))
def test_the_gaussians_of_the_twin_are_opencvs(size):
    np.testing.assert_array_equal(twin.gaussian_weights(size), cv2.getGaussianKernel(size, 0, cv2.CV_32F)[:, 0])


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("on", ["luminance", "channels"])
@pytest.mark.parametrize("method", METHODS)
def test_adaptive_thresholds_equal_the_twin(rng, method, on, channels):
    for size, block in product([(1, 1), (4, 19), (22, 31)], (3, 9, 15)):
        image = random_image(rng, (*size, channels))
        for mode, output in product(("binary", "binary_inv"), ("binary", "mask")):
            params = {"method": method, "block_size": block, "c": 2.5, "on": on, "mode": mode, "output": output}
            np.testing.assert_array_equal(
                core("adaptive_threshold", image, **params), twin.adaptive_threshold(image, **params)
            )


@pytest.mark.parametrize("method", METHODS)
def test_adaptive_thresholds_on_luminance_are_those_of_opencvs_grey(rng, method):
    image = smooth_image(rng, (40, 57, 3))
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    wanted = cv2.adaptiveThreshold(grey, 255, METHODS[method], cv2.THRESH_BINARY, 11, 2)
    got = core("adaptive_threshold", image, method=method, block_size=11, c=2)
    np.testing.assert_array_equal(got, wanted[..., None].repeat(3, axis=2))


few = settings(max_examples=40, deadline=None)
images = npst.arrays(
    np.uint8,
    st.tuples(st.integers(1, 20), st.integers(1, 20), st.sampled_from([1, 3, 4])),
    elements=st.integers(0, 255),
)
OPS = st.sampled_from(
    [
        ("threshold", {"value": (125.0,), "channel": "0"}),
        ("otsu", {"on": "luminance"}),
        ("otsu", {"on": "channels"}),
        ("adaptive_threshold", {"method": "mean", "block_size": 5, "c": 2.0}),
        ("adaptive_threshold", {"method": "gaussian", "block_size": 11, "c": 0.0, "on": "channels"}),
    ]
)


@few
@given(image=images, op=OPS)
def test_a_binary_image_holds_two_values_and_its_inverse_is_the_negative(image, op):
    name, params = op
    white = core(name, image, **params)
    assert set(np.unique(white)) <= {0, 255}
    np.testing.assert_array_equal(core(name, image, **params, mode="binary_inv"), 255 - white)
    np.testing.assert_array_equal(core(name, image, **params, output="mask"), image & white)


@few
@given(image=images, low=st.integers(0, 255), high=st.integers(0, 255))
def test_a_higher_threshold_leaves_less(image, low, high):
    low, high = sorted((low, high))
    channels = image.shape[2]
    more, less = (core("threshold", image, value=(value,) * channels) for value in (low, high))
    assert (more >= less).all()


def test_only_the_drawn_share_of_the_images_is_changed(rng):
    image = random_image(rng, (9, 9, 1))
    for name, params in [
        ("otsu", {}),
        ("threshold", {"value": (9.0,)}),
        ("threshold", {"value": (9,), "channel": "0"}),
    ]:
        done = run([(name, {**params, "probability": 0.3}, 5)], [image] * 400)
        changed = [np.array_equal(one, core(name, image, **params)) for one in done]
        assert all(np.array_equal(one, image) for one, is_changed in zip(done, changed, strict=True) if not is_changed)
        assert 90 <= sum(changed) <= 150  # 120 wanted, standard deviation 9


@pytest.mark.parametrize(
    ("op", "params", "message"),
    [
        ("threshold", {"value": (1.0,)}, "'value' must be a tuple of 3 numbers"),
        ("threshold", {"value": (1.0, 2.0, 3.0), "channel": "0"}, "'value' must be a tuple of one number"),
        ("threshold", {"value": (-1.0,) * 3}, "'value' must be between 0 and 65535, not -1"),
        ("threshold", {"value": (1.0,), "channel": "3"}, "'channel' must be 'each' or a number below 3"),
        ("otsu", {"mode": "tozero", "output": "mask"}, "'mask' goes with binary and binary_inv"),
        ("adaptive_threshold", {"method": "mean", "block_size": 4, "c": 0.0}, "'block_size' must be odd, not 4"),
        (
            "adaptive_threshold",
            {"method": "mean", "block_size": 3, "c": 0.0, "mode": "tozero"},
            "'mode' must be one of",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_name(rng, op, params, message):
    with pytest.raises(ValueError, match=message):
        core(op, random_image(rng, (3, 3, 3)), **params)


def test_adaptive_thresholds_refuse_sixteen_bits(rng):
    with pytest.raises(ValueError, match="takes 8-bit images only"):
        core("adaptive_threshold", random_image(rng, (3, 3, 1), np.uint16), method="mean", block_size=3, c=0.0)

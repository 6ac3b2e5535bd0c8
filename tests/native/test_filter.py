"""Filters: equal to their twins, and to OpenCV, SciPy and torchvision as far as those round alike."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from reference import filter as twin
from reference.chain import TWINS, run
from reference.philox import Draws
from scipy import ndimage, stats
from torchvision.transforms.v2 import functional as torchvision

from flowerablate import _native

SHAPES = [(1, 1, 3), (1, 40, 1), (40, 1, 4), (2, 3, 3), (5, 6, 4), (37, 53, 3), (33, 70, 1), (17, 100, 4)]
BELLS = [
    (3, 0.0),
    (5, 0.0),
    (7, 0.0),
    (9, 0.0),
    (11, 0.0),
    (3, 50.0),
    (5, 0.2),
    (9, 2.0),
    (63, 10.0),
    (0, 1.3),
    (0, 0.1),
]
IMAGES = npst.arrays(np.uint8, npst.array_shapes(min_dims=2, max_dims=2, max_side=30).map(lambda s: (*s, 3)))
ODD = st.integers(0, 31).map(lambda half: 2 * half + 1)


def core(image, name, **params):
    return run([(name, params, 3)], [image])[0]


def core16(image, name, **params):
    """Run the core on one 16-bit image."""
    chain = _native.Chain([(name, params, 3)], image.shape[2], dtype="uint16")
    out = np.empty((1, *image.shape), np.uint16)
    sizes = {"heights": np.array([image.shape[0]], np.int32), "widths": np.array([image.shape[1]], np.int32)}
    places = {"offsets": np.zeros(1, np.int64), "indices": np.zeros(1, np.int64), "ids": np.zeros(1, np.uint64)}
    chain.run(image.ravel(), **sizes, **places, out=out, seed=0, epoch=0)
    return out[0]


def images(rng, dtype=np.uint8):
    most = np.iinfo(dtype).max
    return [rng.integers(0, most, shape, dtype, endpoint=True) for shape in SHAPES]


def largest_difference(one, other):
    return np.abs(one.astype(np.int64) - other.astype(np.int64)).max()


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 8, 9, 16, 17, 31, 62, 63])
def test_box_blur_equals_the_twin(rng, size):
    for image in images(rng):
        np.testing.assert_array_equal(core(image, "box_blur", size=size), twin.box_blur(image, size))


@pytest.mark.parametrize("size", [1, 3, 5, 6, 7, 9, 10, 12, 14, 15, 17, 18, 31, 40, 63])
def test_box_blur_equals_opencv(rng, size):
    for image in images(rng):
        wanted = cv2.blur(image, (size, size)).reshape(image.shape)
        np.testing.assert_array_equal(core(image, "box_blur", size=size), wanted)


@pytest.mark.parametrize("size", [2, 4, 8, 16])
def test_box_blur_of_a_power_of_two_is_the_nearest_mean_and_at_most_one_from_opencvs(rng, size):
    for image in images(rng):
        got = core(image, "box_blur", size=size).astype(np.int64)
        wanted = cv2.blur(image, (size, size)).reshape(image.shape)
        sums = twin.windows(image, size, "mirror").sum((-1, -2), dtype=np.int64)
        assert largest_difference(got, wanted) <= 1
        assert (np.abs(2 * (got * size**2 - sums)) <= size**2).all()


@pytest.mark.parametrize(("size", "sigma"), BELLS)
def test_gaussian_blur_equals_the_twin_and_is_at_most_one_from_the_rounded_truth(rng, size, sigma):
    for image in images(rng):
        got = core(image, "gaussian_blur", size=size, sigma=sigma)
        np.testing.assert_array_equal(got, twin.gaussian_blur(image, size, sigma))
        exact = twin.exact_gaussian_blur(image, size, sigma)
        assert np.abs(got - exact).max() < 0.62  # rounding alone is 0.5
        halves = np.abs(exact % 1 - 0.5) < 1e-9  # which small fixed kernels often give
        assert ((got != np.rint(exact)) & ~halves).mean() < 0.03


@pytest.mark.parametrize(("size", "sigma"), [(5, 1.1), (9, 2.0), (23, 3.0)])
def test_gaussian_blur_is_at_most_one_from_torchvision_and_scipy(rng, size, sigma):
    image = rng.integers(0, 256, (90, 70, 3), dtype=np.uint8)
    got = core(image, "gaussian_blur", size=size, sigma=sigma)
    theirs = torchvision.gaussian_blur(torch.from_numpy(image).permute(2, 0, 1), [size, size], [sigma, sigma])
    assert largest_difference(got, theirs.permute(1, 2, 0).numpy()) <= 1
    radius = (size // 2, size // 2, 0)
    real = ndimage.gaussian_filter(image.astype(np.float64), (sigma, sigma, 0), mode="mirror", radius=radius)
    assert (got != np.rint(real)).mean() < 0.01


@pytest.mark.parametrize(("size", "sigma"), [(3, 0.0), (5, 0.0), (9, 0.0), (0, 1.5), (0, 3.0), (15, 0.0)])
def test_sizes_and_sigmas_follow_from_each_other_as_in_opencv(rng, size, sigma):
    """OpenCV's weights have 8 bits, so wide bells of its own are up to 2 from the truth."""
    image = rng.integers(0, 256, (80, 80, 3), dtype=np.uint8)
    theirs = cv2.GaussianBlur(image, (size, size), sigma)
    assert largest_difference(core(image, "gaussian_blur", size=size, sigma=sigma), theirs) <= (2 if sigma == 3 else 1)


@pytest.mark.parametrize("size", [1, 3, 5, 7, 9, 15, 31, 63])
def test_median_blur_equals_opencv(rng, size):
    for image in images(rng):
        wanted = cv2.medianBlur(image, size).reshape(image.shape)
        np.testing.assert_array_equal(core(image, "median_blur", size=size), wanted)


@pytest.mark.parametrize("size", [3, 5, 7, 21])
def test_median_blur_equals_the_twin(rng, size):
    for image in images(rng):
        np.testing.assert_array_equal(core(image, "median_blur", size=size), twin.median_blur(image, size))


def test_the_network_for_25_values_is_right_for_all_zeros_and_ones(rng):
    """By the 0-1 principle it is then right for all values; a column's order does not matter, so any will do."""
    ones = np.stack(np.meshgrid(*[np.arange(6)] * 5), -1).reshape(-1, 5)
    windows = np.array([[[i < count for count in counts] for i in range(5)] for counts in ones], np.uint8)
    image = windows.transpose(1, 0, 2).reshape(5, -1, 1)
    got = core(image, "median_blur", size=5)[2, 2::5, 0]
    np.testing.assert_array_equal(got, ones.sum(1) >= 13)


@pytest.mark.slow
@pytest.mark.parametrize("size", range(1, 64, 2))
def test_box_and_median_equal_opencv_for_every_odd_size(rng, size):
    for shape in [(224, 224, 3), (61, 300, 1), (90, 400, 3), (33, 17, 4)]:
        image = rng.integers(0, 256, shape, dtype=np.uint8)
        wanted = cv2.blur(image, (size, size)).reshape(shape)
        np.testing.assert_array_equal(core(image, "box_blur", size=size), wanted)
        wanted = cv2.medianBlur(image, size).reshape(shape)
        np.testing.assert_array_equal(core(image, "median_blur", size=size), wanted)


@pytest.mark.parametrize("size", [1, 3, 5, 7])
@pytest.mark.parametrize("output", ["magnitude", "x", "y"])
def test_sobel_equals_the_twin_and_opencv(rng, size, output):
    for image in images(rng):
        got = core(image, "sobel", size=size, output=output)
        np.testing.assert_array_equal(got, twin.sobel(image, size, output))
        x, y = (
            cv2.Sobel(image, cv2.CV_32F, *along, ksize=size).reshape(image.shape).astype(np.float64)
            for along in ((1, 0), (0, 1))
        )
        wanted = {"magnitude": np.hypot(x, y), "x": np.abs(x), "y": np.abs(y)}[output]
        np.testing.assert_array_equal(got, np.rint(np.minimum(wanted, 255)))


@pytest.mark.parametrize("factor", [0.0, 0.3, 1.0, 1.9, 5.0])
def test_sharpness_equals_the_twin_and_is_at_most_one_from_torchvision(rng, factor):
    for image in images(rng):
        got = core(image, "sharpness", low=factor, high=factor)
        np.testing.assert_array_equal(got, twin.sharpness(image, factor, factor, Draws(0, 3, 0, 0)))
        if image.shape[2] != 4:
            theirs = torchvision.adjust_sharpness(torch.from_numpy(image).permute(2, 0, 1), factor)
            assert largest_difference(got, theirs.permute(1, 2, 0).numpy()) <= 1


@pytest.mark.parametrize(
    ("size", "sigma", "amount", "threshold"),
    [(5, 0.0, 0.5, 0), (0, 1.0, 2.0, 10), (9, 3.0, 100.0, 3), (3, 0.0, 0.0, 0)],
)
def test_unsharp_equals_the_twin(rng, size, sigma, amount, threshold):
    params = {"size": size, "sigma": sigma, "amount": amount, "threshold": threshold}
    for image in images(rng):
        np.testing.assert_array_equal(core(image, "unsharp", **params), twin.unsharp(image, **params))


def test_unsharp_adds_what_opencv_would_take_away(rng):
    image = rng.integers(0, 256, (50, 60, 3), dtype=np.uint8)
    wanted = cv2.addWeighted(image, 1.5, cv2.GaussianBlur(image, (5, 5), 0), -0.5, 0)
    assert largest_difference(core(image, "unsharp", size=5, sigma=0.0, amount=0.5, threshold=0), wanted) <= 1


@pytest.mark.parametrize("size", [3, 4, 17, 63])
def test_box_blur_takes_16_bits(rng, size):
    for image in images(rng, np.uint16):
        np.testing.assert_array_equal(core16(image, "box_blur", size=size), twin.box_blur(image, size))


@pytest.mark.parametrize("size", [3, 5])
def test_median_blur_takes_16_bits(rng, size):
    for image in images(rng, np.uint16):
        wanted = cv2.medianBlur(image, size).reshape(image.shape)
        np.testing.assert_array_equal(core16(image, "median_blur", size=size), wanted)


@pytest.mark.parametrize(("size", "sigma"), [(5, 0.0), (0, 1.3), (63, 10.0)])
def test_gaussian_blur_of_16_bits_is_at_most_one_from_the_rounded_truth(rng, size, sigma):
    for image in images(rng, np.uint16):
        got = core16(image, "gaussian_blur", size=size, sigma=sigma)
        assert largest_difference(got, twin.gaussian_blur(image, size, sigma)) <= 1


@settings(max_examples=40, deadline=None)
@given(image=IMAGES, size=ODD, name=st.sampled_from(["box_blur", "gaussian_blur", "median_blur"]))
def test_smoothing_stays_within_the_range_of_the_image(image, size, name):
    got = core(image, name, size=size, **({"sigma": 0.0} if name == "gaussian_blur" else {}))
    assert (got >= image.min((0, 1))).all()
    assert (got <= image.max((0, 1))).all()


@settings(max_examples=40, deadline=None)
@given(image=IMAGES, size=ODD)
def test_the_median_of_the_negative_is_the_negative_of_the_median(image, size):
    np.testing.assert_array_equal(
        core(255 - image, "median_blur", size=size), 255 - core(image, "median_blur", size=size)
    )


@settings(max_examples=40, deadline=None)
@given(
    image=IMAGES, size=ODD, name=st.sampled_from(["box_blur", "gaussian_blur", "median_blur"]), axis=st.integers(0, 1)
)
def test_odd_windows_treat_both_sides_alike(image, size, name, axis):
    params = {"size": size, **({"sigma": 0.0} if name == "gaussian_blur" else {})}
    flipped = np.ascontiguousarray(np.flip(image, axis))
    np.testing.assert_array_equal(core(flipped, name, **params), np.flip(core(image, name, **params), axis))


@settings(max_examples=20, deadline=None)
@given(value=st.integers(0, 255), size=ODD, sigma=st.floats(0, 20))
def test_an_even_image_has_no_edges_and_stays_as_it_is(value, size, sigma):
    image = np.full((9, 40, 3), value, np.uint8)
    np.testing.assert_array_equal(core(image, "box_blur", size=size), image)
    np.testing.assert_array_equal(core(image, "gaussian_blur", size=size, sigma=sigma), image)
    np.testing.assert_array_equal(core(image, "unsharp", size=size, sigma=sigma, amount=9.0, threshold=0), image)
    assert not core(image, "sobel", size=3, output="magnitude").any()


RANDOM = [
    ("random_gaussian_blur", {"size": 0, "sigma_low": 0.3, "sigma_high": 2.0}, "sigma", (0.3, 2.0)),
    ("random_gaussian_blur", {"size": 9, "sigma_low": 0.3, "sigma_high": 2.0}, "sigma", (0.3, 2.0)),
    ("sharpness", {"low": 0.1, "high": 1.9}, "factor", (0.1, 1.9)),
]


@pytest.mark.parametrize(("name", "params", "drawn", "bounds"), RANDOM)
def test_what_was_drawn_is_uniform_and_told_and_makes_the_image(rng, name, params, drawn, bounds):
    image = rng.integers(0, 256, (12, 15, 3), dtype=np.uint8)
    params = {**params, "probability": 0.6}
    got = run([(name, params, 7)], [image] * 60, seed=5, epoch=2)
    chain = _native.Chain([(name, params, 7)], 3)
    values = []
    for sample in range(2000):
        ((op, applied, told),) = chain.explain(12, 15, sample, seed=5, epoch=2)
        assert (op, bool(told)) == (name, applied)
        values += [told[drawn]] if applied else []
        if sample < 60:
            wanted = TWINS[name](image, **params, draws=Draws(5, 7, 2, sample))
            np.testing.assert_array_equal(got[sample], wanted)
            if applied and name == "random_gaussian_blur":
                again = core(image, "gaussian_blur", size=told["size"], sigma=told["sigma"])
                np.testing.assert_array_equal(got[sample], again)
            elif applied:
                np.testing.assert_array_equal(got[sample], core(image, name, low=told[drawn], high=told[drawn]))
            else:
                np.testing.assert_array_equal(got[sample], image)
    assert 0.55 < len(values) / 2000 < 0.65
    assert stats.kstest(values, "uniform", (bounds[0], bounds[1] - bounds[0])).pvalue > 1e-3


@pytest.mark.parametrize(
    ("name", "params", "message"),
    [
        ("median_blur", {"size": 4}, "parameter 'size' must be odd, not 4"),
        ("median_blur", {"size": 65}, "parameter 'size' must be between 1 and 63, not 65"),
        ("gaussian_blur", {"size": 0, "sigma": 0.0}, "one of the parameters 'size' and 'sigma' must be above 0"),
        ("gaussian_blur", {"size": 6, "sigma": 1.0}, "parameter 'size' must be odd, or 0, not 6"),
        ("sobel", {"size": 4, "output": "x"}, "parameter 'size' must be odd, not 4"),
        ("sharpness", {"low": 2.0, "high": 1.0}, "parameter 'low' must not exceed 'high', but they are 2 and 1"),
    ],
)
def test_what_a_filter_cannot_do_is_said(name, params, message):
    with pytest.raises(ValueError, match=message):
        _native.Chain([(name, params, 0)], 3)


def test_large_medians_of_16_bits_are_refused_with_the_cure():
    with pytest.raises(ValueError, match="at most 5 for 16-bit images, not 7; put to_8_bits before it"):
        _native.Chain([("median_blur", {"size": 7}, 0)], 3, dtype="uint16")

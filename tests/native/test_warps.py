"""Rotation, affine, perspective and elastic warps against their twins, OpenCV, SciPy and torchvision."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import warps
from reference.chain import run, twin
from reference.philox import Draws
from scipy import ndimage, stats
from torchvision.transforms.v2 import InterpolationMode, functional

from flowerablate import _native

STREAM = 77
BORDERS = {
    "constant": cv2.BORDER_CONSTANT,
    "edge": cv2.BORDER_REPLICATE,
    "reflect": cv2.BORDER_REFLECT,
    "reflect101": cv2.BORDER_REFLECT_101,
    "wrap": cv2.BORDER_WRAP,
}
STRONG = {
    "degrees_low": -180.0,
    "degrees_high": 180.0,
    "scale_low": 0.2,
    "scale_high": 3.0,
    "shift_x_low": -0.5,
    "shift_x_high": 1.5,
    "shift_y_low": -0.3,
    "shift_y_high": 0.3,
    "shear_x_low": -40.0,
    "shear_x_high": 40.0,
    "shear_y_low": -20.0,
    "shear_y_high": 20.0,
}
TINY = [(1, 1), (1, 9), (9, 1), (2, 2), (2, 30), (17, 5)]


def draw_image(rng, height, width, channels=3, dtype=np.uint8):
    return rng.integers(0, np.iinfo(dtype).max + 1, (height, width, channels), dtype=dtype)


def difference(a, b):
    return int(np.abs(a.astype(int) - b.astype(int)).max())


def fixed(**values):
    """Parameters of affine that leave nothing to chance."""
    return {f"{name}_{end}": value for name, value in values.items() for end in ("low", "high")}


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_rotate_is_within_one_of_opencv_and_the_twin(rng, border, channels):
    for degrees in (10, 90, 360):
        op = ("rotate", {"degrees": degrees, "border": border, "fill": 80.0}, STREAM)
        images = [draw_image(rng, height, width, channels) for height, width in [(41, 60), (60, 41), (33, 33)]]
        for sample, image in enumerate(images):
            got = run([op], [image] * (sample + 1), seed=9)[sample]
            height, width, _ = image.shape
            angle = degrees * Draws(9, STREAM, 0, sample).symmetric(1)
            matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1)
            fill = (80, 80, 80, 80)
            wanted = cv2.warpAffine(image, matrix, (width, height), borderMode=BORDERS[border], borderValue=fill)
            assert difference(got, wanted.reshape(image.shape)) <= 1
            assert difference(got, warps.turned(image, angle, border, fill=80.0)) <= 1


@pytest.mark.parametrize("border", BORDERS)
def test_every_warp_works_on_the_smallest_images(rng, border):
    for height, width in TINY:
        image = draw_image(rng, height, width)
        for op in [
            ("rotate", {"degrees": 180, "border": border}, STREAM),
            ("affine", {**STRONG, "border": border}, STREAM),
            ("perspective", {"distortion": 0.7, "border": border}, STREAM),
            ("elastic", {"alpha": 9.0, "sigma": 1.5, "border": border}, STREAM),
        ]:
            assert difference(run([op], [image])[0], twin([op], image, seed=0, epoch=0, sample=0)) <= 1, op


def test_what_moves_nothing_changes_nothing(rng):
    image = draw_image(rng, 40, 30)
    for border in BORDERS:
        for name, params in [
            ("rotate", {"degrees": 0.0}),
            ("rotate", {"degrees": 45.0, "probability": 0.0}),
            ("affine", {}),
            ("affine", {"interpolation": "nearest"}),
            ("perspective", {"distortion": 0.0}),
            ("elastic", {"alpha": 0.0, "sigma": 4.0}),
        ]:
            np.testing.assert_array_equal(run([(name, {**params, "border": border}, STREAM)], [image])[0], image)


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_affine_is_within_one_of_the_twin(rng, border, interpolation, dtype):
    params = {**STRONG, "border": border, "interpolation": interpolation, "fill": 200.0}
    for channels in (1, 3, 4):
        image = draw_image(rng, 31, 47, channels, dtype)
        for sample, got in enumerate(run([("affine", params, STREAM)], [image] * 6, seed=3)):
            wanted = twin([("affine", params, STREAM)], image, seed=3, epoch=0, sample=sample)
            if interpolation == "nearest":  # but for places half-way between two pixels
                assert (got != wanted).mean() < 2e-3
            else:
                # positions are whole multiples of 2^-15 pixels
                assert difference(got, wanted) <= (1 if dtype == np.uint8 else 8)


@pytest.mark.parametrize("shear", [(0.0, 0.0), (15.0, 0.0), (0.0, -12.0), (20.0, 10.0)])
def test_affine_is_that_of_torchvision_but_for_the_sense_of_the_angle(rng, shear):
    image = draw_image(rng, 40, 56)
    values = {"degrees": 25.0, "scale": 1.3, "shift_x": 5 / 56, "shift_y": -3 / 40}
    params = fixed(**values, shear_x=shear[0], shear_y=shear[1])
    got = run([("affine", {**params, "border": "constant"}, 0)], [image])[0]
    tensor = torch.from_numpy(image).permute(2, 0, 1)
    wanted = functional.affine(
        tensor, -25.0, [5, -3], 1.3, list(shear), interpolation=InterpolationMode.BILINEAR
    ).permute(1, 2, 0)
    # torchvision blends the constant in by the share of a pixel, too, in float32
    assert (np.abs(got.astype(int) - wanted.numpy()) > 1).mean() < 1e-3


def test_affine_draws_every_value_evenly_and_explains_it():
    chain = _native.Chain([("affine", {**STRONG, "border": "edge"}, STREAM)], 3)
    drawn = [chain.explain(20, 30, sample, seed=1, epoch=0)[0][2] for sample in range(800)]
    for name in warps.AFFINE:
        low, high = STRONG[f"{name}_low"], STRONG[f"{name}_high"]
        values = [(values[name] - low) / (high - low) for values in drawn]
        assert stats.kstest(values, "uniform").pvalue > 1e-3, name


def test_what_affine_explains_repeats_the_image(rng):
    image = draw_image(rng, 24, 33)
    op = ("affine", {**STRONG, "border": "reflect"}, STREAM)
    _, applied, values = _native.Chain([op], 3).explain(24, 33, 0, seed=0, epoch=0)[0]
    assert applied
    again = ("affine", {**fixed(**values), "border": "reflect"}, 5)
    np.testing.assert_array_equal(run([again], [image]), run([op], [image]))


def test_affine_refuses_ranges_that_are_upside_down():
    params = {"scale_low": 1.2, "scale_high": 1.1, "border": "edge"}
    with pytest.raises(ValueError, match="'scale_low' must not exceed 'scale_high'"):
        run([("affine", params, 0)], [np.zeros((4, 4, 3), np.uint8)])


@pytest.mark.parametrize("border", BORDERS)
def test_perspective_is_within_one_of_the_twin_and_opencv(rng, border):
    op = ("perspective", {"distortion": 0.6, "border": border, "fill": 33.0}, STREAM)
    for channels, (height, width) in [(1, (41, 60)), (3, (60, 41)), (4, (33, 33))]:
        image = draw_image(rng, height, width, channels)
        for sample, got in enumerate(run([op], [image] * 4, seed=9)):
            assert difference(got, twin([op], image, seed=9, epoch=0, sample=sample)) <= 1
            corners = warps.corners(height, width, 0.6, Draws(9, STREAM, 0, sample)).astype(np.float32)
            ends = np.array([(0, 0), (width - 1, 0), (width - 1, height - 1), (0, height - 1)], np.float32)
            matrix = cv2.getPerspectiveTransform(ends, corners)
            fill = (33, 33, 33, 33)
            wanted = cv2.warpPerspective(image, matrix, (width, height), borderMode=BORDERS[border], borderValue=fill)
            assert (np.abs(got.astype(int) - wanted.reshape(got.shape)) > 1).mean() < 2e-3


def test_perspective_of_sixteen_bits_and_nearest_pixels_equal_their_twins(rng):
    for dtype, params in [(np.uint16, {}), (np.uint8, {"interpolation": "nearest"})]:
        image = draw_image(rng, 30, 37, 3, dtype)
        op = ("perspective", {"distortion": 0.4, "border": "reflect", **params}, STREAM)
        away = np.abs(run([op], [image])[0].astype(int) - twin([op], image, seed=0, epoch=0, sample=0))
        assert (away > 8).mean() < 2e-3


def test_what_perspective_explains_are_the_corners(rng):
    op = ("perspective", {"distortion": 0.5, "border": "edge"}, STREAM)
    values = _native.Chain([op], 3).explain(50, 60, 3, seed=1, epoch=2)[0][2]
    wanted = warps.corners(50, 60, 0.5, Draws(1, STREAM, 2, 3))
    np.testing.assert_array_equal(np.reshape(values["corners"], (4, 2)), wanted)
    image = draw_image(rng, 50, 60)
    got = run([op], [image] * 4, seed=1, epoch=2)[3]
    assert difference(got, warps.projected(image, wanted, "edge")) <= 1


@pytest.mark.parametrize(("alpha", "sigma"), [(10.0, 1.0), (60.0, 3.0), (150.0, 7.5)])
def test_elastic_is_within_one_of_the_twin(rng, alpha, sigma):
    for border, channels, dtype in [("reflect", 3, np.uint8), ("constant", 1, np.uint8), ("edge", 3, np.uint16)]:
        image = draw_image(rng, 23, 37, channels, dtype)
        op = ("elastic", {"alpha": alpha, "sigma": sigma, "border": border}, STREAM)
        wanted = twin([op], image, seed=2, epoch=1, sample=0)
        assert difference(run([op], [image], seed=2, epoch=1)[0], wanted) <= (1 if dtype == np.uint8 else 8)


@pytest.mark.parametrize("sigma", [1.0, 6.0])
def test_elastic_displacements_are_as_large_as_those_of_smoothed_noise(sigma):
    ours = [warps.displacements(40, 40, 1.0, sigma, Draws(1, STREAM, 0, sample)) for sample in range(8)]
    rng = np.random.default_rng(1)
    theirs = [ndimage.gaussian_filter(rng.uniform(-1, 1, (120, 120)), sigma)[40:80, 40:80] for _ in range(40)]
    assert np.std(ours) == pytest.approx(np.std(theirs), rel=0.25)


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(1, 40),
    width=st.integers(1, 70),
    channels=st.sampled_from([1, 3, 4]),
    border=st.sampled_from(list(BORDERS)),
    seed=st.integers(0, 2**32),
)
def test_any_affine_warp_is_within_one_of_the_twin(height, width, channels, border, seed):
    image = draw_image(np.random.default_rng(seed), height, width, channels)
    op = ("affine", {**STRONG, "border": border}, STREAM)
    assert difference(run([op], [image], seed=seed)[0], twin([op], image, seed=seed, epoch=0, sample=0)) <= 1

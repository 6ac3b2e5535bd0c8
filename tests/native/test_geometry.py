"""Geometry against its twins, Pillow, torchvision and OpenCV, with the tolerances that docs/peers state."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from reference import geometry
from reference.chain import run, twin
from reference.philox import Draws
from scipy import stats
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional

STREAM = 77
SIZES = [(48, 64), (64, 48), (97, 61), (5, 90), (1, 1), (1, 7), (70, 2), (150, 150)]


def picture(rng, height, width, channels=3):
    return rng.integers(0, 256, (height, width, channels), dtype=np.uint8)


def difference(a, b):
    return int(np.abs(a.astype(int) - b.astype(int)).max())


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("fit", ["cover", "stretch", "shorter"])
@pytest.mark.parametrize("antialias", [True, False])
def test_resize_is_within_one_of_the_twin(rng, fit, antialias, channels):
    for height, width in SIZES:
        for size in (1, 3, 41):
            image = picture(rng, height, width, channels)
            ops = [("resize", {"size": size, "fit": fit, "antialias": antialias}, 0)]
            wanted = geometry.resize(image, size, fit, antialias)
            assert run(ops, [image])[0].shape == wanted.shape
            assert difference(run(ops, [image])[0], wanted) <= 1, (height, width, size)


@pytest.mark.parametrize("channels", [1, 3])
def test_resize_with_antialias_is_within_one_of_pillow(rng, channels):
    for height, width in SIZES:
        for size in (1, 17, 64, 200):
            image = picture(rng, height, width, channels)
            squeezed = Image.fromarray(image[..., 0] if channels == 1 else image)
            wanted = np.asarray(squeezed.resize((size, size), Image.Resampling.BILINEAR)).reshape(size, size, channels)
            got = run([("resize", {"size": size, "fit": "stretch", "antialias": True}, 0)], [image])[0]
            assert difference(got, wanted) <= 1, (height, width, size)


def test_resize_without_antialias_is_within_two_of_torchvision(rng):
    for height, width in SIZES:
        image = picture(rng, height, width)
        wanted = functional.resize(torch.from_numpy(image).permute(2, 0, 1), [64, 64], antialias=False)
        got = run([("resize", {"size": 64, "fit": "stretch", "antialias": False}, 0)], [image])[0]
        assert difference(got, wanted.permute(1, 2, 0).numpy()) <= 2  # two roundings here and one there


@pytest.mark.parametrize("antialias", [True, False])
def test_resize_keeps_a_picture_of_the_wanted_size_and_a_plain_one_as_they_are(rng, antialias):
    params = {"size": 40, "fit": "stretch", "antialias": antialias}
    image = picture(rng, 40, 40)
    np.testing.assert_array_equal(run([("resize", params, 0)], [image])[0], image)
    for height, width in [(3000, 3), (7, 999), (1, 1)]:
        for value in (0, 1, 127, 255):
            plain = np.full((height, width, 3), value, np.uint8)
            assert (run([("resize", params, 0)], [plain])[0] == value).all()


def test_shorter_side_has_the_size_that_torchvision_computes(rng):
    for height, width in [(50, 73), (73, 50), (31, 31), (3, 100)]:
        resized = v2.Resize(40, antialias=True)(torch.zeros(3, height, width, dtype=torch.uint8))
        ops = [("resize", {"size": 40, "fit": "shorter", "antialias": True}, 0)]
        assert run(ops, [picture(rng, height, width)])[0].shape[:2] == tuple(resized.shape[1:])


def test_a_very_long_picture_is_covered_without_a_giant_intermediate(rng):
    for height, width in [(1, 20_000), (20_000, 1), (2, 2_000_000)]:
        image = picture(rng, height, width)
        ops = [("resize", {"size": 64, "fit": "cover", "antialias": True}, 0)]
        assert difference(run(ops, [image])[0], geometry.resize(image, 64, "cover", True)) <= 1
        both = [("resize", {"size": 64, "fit": "shorter", "antialias": True}, 0), ("center_crop", {"size": 60}, 1)]
        assert run(both, [image]).shape == (1, 60, 60, 3)


def test_a_giant_intermediate_is_refused(rng):
    ops = [("resize", {"size": 64, "fit": "shorter", "antialias": True}, 0)]
    with pytest.raises(ValueError, match="64x128000000 pixels"):
        run(ops, [picture(rng, 1, 2_000_000)])


@pytest.mark.parametrize("size", [1, 2, 9, 10, 33, 64])
def test_center_crop_equals_torchvision(rng, size):
    for height, width in [(33, 34), (64, 9), (10, 41), (1, 1), (65, 65), (66, 63)]:
        image = picture(rng, height, width)
        wanted = functional.center_crop(torch.from_numpy(image).permute(2, 0, 1), [size, size]).permute(1, 2, 0).numpy()
        np.testing.assert_array_equal(run([("center_crop", {"size": size}, 0)], [image])[0], wanted)
        np.testing.assert_array_equal(geometry.center_crop(image, size), wanted)


def test_resize_and_center_crop_in_one_equal_both_in_turn(rng):
    for height, width in [(90, 61), (61, 90), (30, 95), (50, 50)]:
        resize = ("resize", {"size": 40, "fit": "shorter", "antialias": True}, 0)
        for size in (40, 31, 8):
            crop = ("center_crop", {"size": size}, 1)
            flip = ("horizontal_flip", {"probability": 1.0}, 2)
            image = picture(rng, height, width)
            between = run([resize], [image])[0]
            in_turn = run([crop], [between])[0]
            np.testing.assert_array_equal(run([resize, crop], [image])[0], in_turn)
            np.testing.assert_array_equal(run([resize, crop, flip], [image])[0], in_turn[:, ::-1])


CROP = {"size": 32, "scale_low": 0.08, "scale_high": 1.0, "ratio_low": 3 / 4, "ratio_high": 4 / 3}


@pytest.mark.parametrize("antialias", [True, False])
def test_random_resized_crop_is_within_one_of_the_twin(pictures, antialias):
    ops = [("random_resized_crop", {**CROP, "antialias": antialias}, STREAM)]
    many = pictures * 6
    for sample, (got, image) in enumerate(zip(run(ops, many, seed=5, epoch=2), many, strict=True)):
        assert difference(got, twin(ops, image, seed=5, epoch=2, sample=sample)) <= 1


def test_random_resized_crop_is_pillow_on_the_cropped_box(pictures):
    ops = [("random_resized_crop", {**CROP, "antialias": True}, STREAM)]
    for sample, (got, image) in enumerate(zip(run(ops, pictures), pictures, strict=True)):
        box = geometry.crop_box(*image.shape[:2], (0.08, 1.0), (3 / 4, 4 / 3), Draws(0, STREAM, 0, sample))
        top, left, height, width = box
        cropped = Image.fromarray(image[top : top + height, left : left + width])
        assert difference(got, np.asarray(cropped.resize((32, 32), Image.Resampling.BILINEAR))) <= 1


def test_random_resized_crop_falls_back_to_the_central_box(rng):
    params = {**CROP, "scale_low": 1.0, "ratio_low": 1.0, "ratio_high": 1.0, "antialias": True}
    for height, width in [(20, 60), (60, 20)]:
        image = picture(rng, height, width)
        got = run([("random_resized_crop", params, STREAM)], [image])
        np.testing.assert_array_equal(
            got, run([("resize", {"size": 32, "fit": "cover", "antialias": True}, 0)], [image])
        )


def test_crop_boxes_are_distributed_as_those_of_torchvision():
    height, width, scale, ratio = 90, 120, (0.08, 1.0), (3 / 4, 4 / 3)
    ours = [geometry.crop_box(height, width, scale, ratio, Draws(1, STREAM, 0, i)) for i in range(1500)]
    torch.manual_seed(3)
    image = torch.zeros(1, height, width)
    theirs = [v2.RandomResizedCrop(8, scale, ratio).make_params([image]) for _ in range(1500)]
    for ours_column, key in zip(np.array(ours).T, ("top", "left", "height", "width"), strict=True):
        assert stats.ks_2samp(ours_column, [params[key] for params in theirs]).pvalue > 1e-3


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_horizontal_flip_mirrors_exactly(rng, channels):
    flip = ("horizontal_flip", {"probability": 1.0}, STREAM)
    for width in [1, 2, 5, 6, 15, 16, 17, 33, 100]:
        image = picture(rng, 3, width, channels)
        np.testing.assert_array_equal(run([flip], [image])[0], image[:, ::-1])


def test_a_flip_in_one_with_resampling_equals_both_in_turn(pictures):
    flip = ("horizontal_flip", {"probability": 0.5}, STREAM)
    for name, params in [
        ("random_resized_crop", {**CROP, "antialias": True}),
        ("resize", {"size": 33, "fit": "cover", "antialias": True}),
        ("resize", {"size": 33, "fit": "stretch", "antialias": False}),
    ]:
        between = run([(name, params, 5)], pictures)
        np.testing.assert_array_equal(run([(name, params, 5), flip], pictures), run([flip], list(between)))
        np.testing.assert_array_equal(run([(name, params, 5), flip, flip], pictures), between)


def test_flips_happen_with_their_probability():
    images = [np.array([[[0], [255]]], np.uint8)] * 4000
    for probability in (0.0, 0.3, 1.0):
        flipped = run([("horizontal_flip", {"probability": probability}, STREAM)], images)[:, 0, 0, 0] == 255
        assert stats.binomtest(int(flipped.sum()), 4000, probability).pvalue > 1e-3


BORDERS = {
    "constant": cv2.BORDER_CONSTANT,
    "edge": cv2.BORDER_REPLICATE,
    "reflect": cv2.BORDER_REFLECT,
    "reflect101": cv2.BORDER_REFLECT_101,
    "wrap": cv2.BORDER_WRAP,
}


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_rotate_is_within_one_of_opencv_and_the_twin(rng, border, channels):
    for degrees in (10, 90, 360):
        op = ("rotate", {"degrees": degrees, "border": border, "probability": 1.0}, STREAM)
        images = [picture(rng, height, width, channels) for height, width in [(41, 60), (60, 41), (33, 33)]]
        for sample, image in enumerate(images):
            got = run([op], [image] * (sample + 1), seed=9)[sample]
            height, width, _ = image.shape
            angle = degrees * Draws(9, STREAM, 0, sample).symmetric(1)
            matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1)
            wanted = cv2.warpAffine(image, matrix, (width, height), borderMode=BORDERS[border])
            assert difference(got, wanted.reshape(image.shape)) <= 1
            assert difference(got, geometry.turned(image, angle, border)) <= 1


@pytest.mark.parametrize("border", BORDERS)
def test_rotate_works_on_the_smallest_pictures(rng, border):
    op = ("rotate", {"degrees": 180, "border": border, "probability": 1.0}, STREAM)
    for height, width in [(1, 1), (1, 9), (9, 1), (2, 2), (2, 30)]:
        image = picture(rng, height, width)
        assert difference(run([op], [image])[0], twin([op], image, seed=0, epoch=0, sample=0)) <= 1


def test_rotate_by_nothing_changes_nothing(rng):
    image = picture(rng, 40, 30)
    for border in BORDERS:
        for degrees, probability in [(0.0, 1.0), (45.0, 0.0)]:
            op = ("rotate", {"degrees": degrees, "border": border, "probability": probability}, STREAM)
            np.testing.assert_array_equal(run([op], [image])[0], image)


@settings(max_examples=50, deadline=None)
@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    channels=st.sampled_from([1, 3, 4]),
    size=st.integers(1, 50),
    fit=st.sampled_from(["cover", "stretch"]),
    antialias=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_any_resize_is_within_one_of_the_twin(height, width, channels, size, fit, antialias, seed):
    image = picture(np.random.default_rng(seed), height, width, channels)
    got = run([("resize", {"size": size, "fit": fit, "antialias": antialias}, 0)], [image])[0]
    assert difference(got, geometry.resize(image, size, fit, antialias)) <= 1

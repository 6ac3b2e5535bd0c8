"""Resizing, cropping, padding and flipping against their twins, Pillow, torchvision and OpenCV."""

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

from flowerablate import _native

STREAM = 77
SIZES = [(48, 64), (64, 48), (97, 61), (5, 90), (1, 1), (1, 7), (70, 2), (150, 150)]


def draw_image(rng, height, width, channels=3):
    return rng.integers(0, 256, (height, width, channels), dtype=np.uint8)


def difference(a, b):
    return int(np.abs(a.astype(int) - b.astype(int)).max())


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("fit", ["cover", "stretch", "shorter"])
@pytest.mark.parametrize("antialias", [True, False])
def test_resize_is_within_one_of_the_twin_almost_everywhere(rng, fit, antialias, channels):
    """Where the first rounding of two falls the other way than the twin's, a pixel can be two levels off."""
    for height, width in SIZES:
        for size in (1, 3, 41):
            image = draw_image(rng, height, width, channels)
            ops = [("resize", {"size": size, "fit": fit, "antialias": antialias}, 0)]
            wanted = geometry.resize(image, size, fit, antialias)
            assert run(ops, [image])[0].shape == wanted.shape
            got = run(ops, [image])[0].astype(int)
            assert difference(got, wanted) <= 2, (height, width, size)
            assert (np.abs(got - wanted) == 2).mean() < 1e-3


@pytest.mark.parametrize("channels", [1, 3])
def test_resize_with_antialias_is_within_one_of_pillow(rng, channels):
    for height, width in SIZES:
        for size in (1, 17, 64, 200):
            image = draw_image(rng, height, width, channels)
            squeezed = Image.fromarray(image[..., 0] if channels == 1 else image)
            wanted = np.asarray(squeezed.resize((size, size), Image.Resampling.BILINEAR)).reshape(size, size, channels)
            got = run([("resize", {"size": size, "fit": "stretch", "antialias": True}, 0)], [image])[0]
            assert difference(got, wanted) <= 1, (height, width, size)


def test_resize_without_antialias_is_within_two_of_torchvision(rng):
    for height, width in SIZES:
        image = draw_image(rng, height, width)
        wanted = functional.resize(torch.from_numpy(image).permute(2, 0, 1), [64, 64], antialias=False)
        got = run([("resize", {"size": 64, "fit": "stretch", "antialias": False}, 0)], [image])[0]
        assert difference(got, wanted.permute(1, 2, 0).numpy()) <= 2  # two roundings here and one there


@pytest.mark.parametrize("antialias", [True, False])
def test_resize_keeps_an_image_of_the_wanted_size_and_a_plain_one_as_they_are(rng, antialias):
    params = {"size": 40, "fit": "stretch", "antialias": antialias}
    image = draw_image(rng, 40, 40)
    np.testing.assert_array_equal(run([("resize", params, 0)], [image])[0], image)
    for height, width in [(3000, 3), (7, 999), (1, 1)]:
        for value in (0, 1, 127, 255):
            plain = np.full((height, width, 3), value, np.uint8)
            assert (run([("resize", params, 0)], [plain])[0] == value).all()


def test_shorter_side_has_the_size_that_torchvision_computes(rng):
    for height, width in [(50, 73), (73, 50), (31, 31), (3, 100)]:
        resized = v2.Resize(40, antialias=True)(torch.zeros(3, height, width, dtype=torch.uint8))
        ops = [("resize", {"size": 40, "fit": "shorter", "antialias": True}, 0)]
        assert run(ops, [draw_image(rng, height, width)])[0].shape[:2] == tuple(resized.shape[1:])


def test_a_very_long_image_is_covered_without_a_giant_intermediate(rng):
    for height, width in [(1, 20_000), (20_000, 1), (2, 2_000_000)]:
        image = draw_image(rng, height, width)
        ops = [("resize", {"size": 64, "fit": "cover", "antialias": True}, 0)]
        assert difference(run(ops, [image])[0], geometry.resize(image, 64, "cover", True)) <= 1
        both = [("resize", {"size": 64, "fit": "shorter", "antialias": True}, 0), ("center_crop", {"size": 60}, 1)]
        assert run(both, [image]).shape == (1, 60, 60, 3)


def test_a_giant_intermediate_is_refused(rng):
    ops = [("resize", {"size": 64, "fit": "shorter", "antialias": True}, 0)]
    with pytest.raises(ValueError, match="64x128000000 pixels"):
        run(ops, [draw_image(rng, 1, 2_000_000)])


@pytest.mark.parametrize("size", [1, 2, 9, 10, 33, 64])
def test_center_crop_equals_torchvision(rng, size):
    for height, width in [(33, 34), (64, 9), (10, 41), (1, 1), (65, 65), (66, 63)]:
        image = draw_image(rng, height, width)
        wanted = functional.center_crop(torch.from_numpy(image).permute(2, 0, 1), [size, size]).permute(1, 2, 0).numpy()
        np.testing.assert_array_equal(run([("center_crop", {"size": size}, 0)], [image])[0], wanted)
        np.testing.assert_array_equal(geometry.center_crop(image, size), wanted)


def test_resize_and_center_crop_in_one_equal_both_in_turn(rng):
    for height, width in [(90, 61), (61, 90), (30, 95), (50, 50)]:
        resize = ("resize", {"size": 40, "fit": "shorter", "antialias": True}, 0)
        for size in (40, 31, 8):
            crop = ("center_crop", {"size": size}, 1)
            flip = ("horizontal_flip", {"probability": 1.0}, 2)
            image = draw_image(rng, height, width)
            between = run([resize], [image])[0]
            in_turn = run([crop], [between])[0]
            np.testing.assert_array_equal(run([resize, crop], [image])[0], in_turn)
            np.testing.assert_array_equal(run([resize, crop, flip], [image])[0], in_turn[:, ::-1])


CROP = {"size": 32, "scale_low": 0.08, "scale_high": 1.0, "ratio_low": 3 / 4, "ratio_high": 4 / 3}


@pytest.mark.parametrize("antialias", [True, False])
def test_random_resized_crop_is_within_one_of_the_twin(images, antialias):
    ops = [("random_resized_crop", {**CROP, "antialias": antialias}, STREAM)]
    many = images * 6
    for sample, (got, image) in enumerate(zip(run(ops, many, seed=5, epoch=2), many, strict=True)):
        assert difference(got, twin(ops, image, seed=5, epoch=2, sample=sample)) <= 2


def test_a_random_resized_crop_that_is_not_applied_takes_the_largest_square(images):
    ops = [("random_resized_crop", {**CROP, "antialias": True, "probability": 0.4}, STREAM)]
    many = images * 6
    chain = _native.Chain(ops, 3)
    cut = 0
    for sample, (image, got) in enumerate(zip(many, run(ops, many, seed=5), strict=True)):
        ((_, applied, _),) = chain.explain(*image.shape[:2], sample, seed=5, epoch=0)
        cut += applied
        assert difference(got, twin(ops, image, seed=5, epoch=0, sample=sample)) <= 2
        if not applied:
            assert difference(got, geometry.resize(image, CROP["size"], "cover", True)) <= 2
    assert 5 < cut < len(many) - 5


def test_random_resized_crop_is_pillow_on_the_cropped_box(images):
    ops = [("random_resized_crop", {**CROP, "antialias": True}, STREAM)]
    for sample, (got, image) in enumerate(zip(run(ops, images), images, strict=True)):
        box = geometry.crop_box(*image.shape[:2], (0.08, 1.0), (3 / 4, 4 / 3), Draws(0, STREAM, 0, sample))
        top, left, height, width = box
        cropped = Image.fromarray(image[top : top + height, left : left + width])
        assert difference(got, np.asarray(cropped.resize((32, 32), Image.Resampling.BILINEAR))) <= 1


def test_random_resized_crop_falls_back_to_the_central_box(rng):
    params = {**CROP, "scale_low": 1.0, "ratio_low": 1.0, "ratio_high": 1.0, "antialias": True}
    for height, width in [(20, 60), (60, 20)]:
        image = draw_image(rng, height, width)
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


def test_a_flip_in_one_with_resampling_equals_both_in_turn(images):
    flip = ("horizontal_flip", {"probability": 0.5}, STREAM)
    for name, params in [
        ("random_resized_crop", {**CROP, "antialias": True}),
        ("resize", {"size": 33, "fit": "cover", "antialias": True}),
        ("resize", {"size": 33, "fit": "stretch", "antialias": False}),
    ]:
        between = run([(name, params, 5)], images)
        np.testing.assert_array_equal(run([(name, params, 5), flip], images), run([flip], list(between)))
        np.testing.assert_array_equal(run([(name, params, 5), flip, flip], images), between)


def test_flips_happen_with_their_probability():
    images = [np.array([[[0], [255]]], np.uint8)] * 4000
    for probability in (0.0, 0.3, 1.0):
        flipped = run([("horizontal_flip", {"probability": probability}, STREAM)], images)[:, 0, 0, 0] == 255
        assert stats.binomtest(int(flipped.sum()), 4000, probability).pvalue > 1e-3


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
def test_any_resize_rounds_twice_and_so_is_within_1_1_of_the_exact_value(
    height, width, channels, size, fit, antialias, seed
):
    """Half a level for each rounding, and less than a tenth for the weights, which have 14 bits."""
    image = draw_image(np.random.default_rng(seed), height, width, channels)
    got = run([("resize", {"size": size, "fit": fit, "antialias": antialias}, 0)], [image])[0]
    if fit == "cover":
        short = min(height, width)
        top, left = (height - short) // 2, (width - short) // 2
        image = image[top : top + short, left : left + short]
    assert np.abs(got - geometry.exactly_resampled(image, size, size, antialias)).max() < 1.1


def pillow(image, size, method):
    channels = image.shape[2]
    squeezed = Image.fromarray(image[..., 0] if channels == 1 else image)
    return np.asarray(squeezed.resize((size, size), method)).reshape(size, size, channels)


@pytest.mark.parametrize("channels", [1, 3])
def test_bicubic_resizing_of_noise_is_within_one_of_pillow(rng, channels):
    """In sizes whose columns Pillow does not resample first, as it may from version 13 on (see test_resampling.py)."""
    for height, width in [(48, 64), (61, 97), (5, 90), (1, 1), (1, 7), (2, 70), (150, 150)]:
        for size in (1, 17, 64, 200):
            image = draw_image(rng, height, width, channels)
            params = {"size": size, "fit": "stretch", "interpolation": "bicubic", "antialias": True}
            wanted = pillow(image, size, Image.Resampling.BICUBIC)
            assert difference(run([("resize", params, 0)], [image])[0], wanted) <= 1, (height, width, size)


def test_the_nearest_pixel_is_that_of_pillow(rng):
    """Half-way between two, either is right."""
    for height, width in SIZES:
        for size in (1, 17, 64, 200):
            image = draw_image(rng, height, width)
            got = run([("resize", {"size": size, "fit": "stretch", "interpolation": "nearest"}, 0)], [image])[0]
            clear = [
                np.abs((place := (np.arange(size) + 0.5) * length / size) - np.round(place)) > 1e-9
                for length in (height, width)
            ]
            same = (got == pillow(image, size, Image.Resampling.NEAREST)).all(axis=2)
            assert same[np.ix_(*clear)].all(), (height, width, size)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_shrinking_by_area_is_within_one_of_opencv(rng, channels):
    for height, width in [(48, 64), (97, 61), (150, 150), (41, 300)]:
        for size in (1, 7, 24, 41):
            image = draw_image(rng, height, width, channels)
            wanted = cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA).reshape(size, size, channels)
            ops = [("resize", {"size": size, "fit": "stretch", "interpolation": "area"}, 0)]
            assert difference(run(ops, [image])[0], wanted) <= 1, (height, width, size)


INTERPOLATIONS = [("bilinear", True), ("bilinear", False), ("bicubic", True), ("bicubic", False), ("area", None)]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(("interpolation", "antialias"), [*INTERPOLATIONS, ("nearest", None)])
def test_every_interpolation_is_within_one_of_its_twin(rng, interpolation, antialias, dtype):
    params = {"interpolation": interpolation} | ({} if antialias is None else {"antialias": antialias})
    for height, width in SIZES:
        for size in (1, 3, 41):
            for fit in ("cover", "shorter"):
                image = rng.integers(0, np.iinfo(dtype).max + 1, (height, width, 3), dtype=dtype)
                got = run([("resize", {"size": size, "fit": fit, **params}, 0)], [image])[0].astype(int)
                away = np.abs(got - geometry.resize(image, size, fit, **params))
                assert away.max() <= (2 if dtype == np.uint8 else 1), (height, width, size, fit)
                assert (away > 1).mean() < 1e-3


def test_interpolations_that_have_no_choice_of_antialiasing_refuse_one():
    for interpolation in ("area", "nearest"):
        params = {"size": 8, "fit": "cover", "interpolation": interpolation, "antialias": True}
        with pytest.raises(ValueError, match="parameter 'antialias' is for interpolation bilinear or bicubic only"):
            run([("resize", params, 0)], [np.zeros((9, 9, 3), np.uint8)])


@pytest.mark.parametrize("border", ["constant", "edge", "reflect", "reflect101", "wrap"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_padding_equals_the_twin_and_opencv(rng, border, dtype):
    flags = {"constant": cv2.BORDER_CONSTANT, "edge": cv2.BORDER_REPLICATE, "reflect": cv2.BORDER_REFLECT}
    flags |= {"reflect101": cv2.BORDER_REFLECT_101, "wrap": cv2.BORDER_WRAP}
    for height, width, channels in [(1, 1, 3), (2, 9, 1), (12, 7, 4), (30, 31, 3)]:
        image = rng.integers(0, np.iinfo(dtype).max + 1, (height, width, channels), dtype=dtype)
        for params in ({"pixels": 3}, {"pixels": 11}, {"to_size": 20}, {"pixels": 2, "to_size": 17}):
            params = {**params, "border": border, "fill": 7.0}
            got = run([("pad", params, 0)], [image])[0]
            np.testing.assert_array_equal(got, geometry.pad(image, **params))
            if params.get("to_size") is None and (min(height, width) > 1 or border == "constant"):
                around = (params["pixels"],) * 4
                wanted = cv2.copyMakeBorder(image, *around, flags[border], value=(7, 7, 7, 7))
                np.testing.assert_array_equal(got, wanted.reshape(got.shape))


@pytest.mark.parametrize("border", ["constant", "reflect"])
def test_random_crop_equals_the_twin_whatever_the_size_of_the_image(images, border):
    for size, padding in [(8, 0), (32, 4), (70, 3)]:
        op = ("random_crop", {"size": size, "padding": padding, "border": border, "fill": 9.0}, STREAM)
        for sample, (got, image) in enumerate(zip(run([op], images, seed=3), images, strict=True)):
            np.testing.assert_array_equal(got, twin([op], image, seed=3, epoch=0, sample=sample))


def test_random_crops_are_distributed_as_those_of_torchvision():
    """A ramp tells where the cut began; every place is as likely as any other."""
    ramp = np.arange(64, dtype=np.uint8).reshape(8, 8, 1)
    tops, lefts = np.divmod(run([("random_crop", {"size": 5}, STREAM)], [ramp] * 4000)[:, 0, 0, 0], 8)
    for places in (tops, lefts):
        assert stats.chisquare(np.bincount(places, minlength=4)).pvalue > 1e-3
    padded = run([("random_crop", {"size": 8, "padding": 1, "border": "edge"}, STREAM)], [ramp] * 4000)
    assert {tuple(image[:2, 0, 0]) for image in padded} == {(0, 0), (0, 8), (8, 16), (1, 1), (1, 9), (9, 17)}


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_flips_mirror_exactly(rng, channels, dtype):
    for height, width in [(1, 1), (2, 5), (3, 16), (6, 21), (7, 22), (4, 43), (9, 64), (5, 65), (3, 130)]:
        image = rng.integers(0, np.iinfo(dtype).max + 1, (height, width, channels), dtype=dtype)
        across, down = ("horizontal_flip", {}, 1), ("vertical_flip", {}, 2)
        np.testing.assert_array_equal(run([across], [image])[0], image[:, ::-1])
        np.testing.assert_array_equal(run([down], [image])[0], image[::-1])
        np.testing.assert_array_equal(run([down, across], [image])[0], image[::-1, ::-1])
        np.testing.assert_array_equal(run([across, down, across], [image])[0], image[::-1])


def test_sixteen_bit_crops_equal_their_twins(rng):
    image = rng.integers(0, 65536, (33, 47, 3), dtype=np.uint16)
    for size in (9, 40, 60):
        np.testing.assert_array_equal(
            run([("center_crop", {"size": size}, 0)], [image])[0], geometry.center_crop(image, size)
        )
    op = ("random_resized_crop", {**CROP, "antialias": True}, STREAM)
    for sample, got in enumerate(run([op], [image] * 5)):
        assert difference(got, twin([op], image, seed=0, epoch=0, sample=sample)) <= 1

"""Windows, stretches, equalisation, gamma and standardisation against their twins and the usual libraries."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image, ImageOps
from reference.chain import run, twin
from torchvision.transforms.v2 import functional

from flowerablate import _native

SIZES = [(1, 1), (2, 3), (9, 16), (40, 61), (64, 24), (33, 64), (1, 600)]
TO_8_BITS = [
    ("to_8_bits", {"low": 0, "high": 65535}, 1),
    ("to_8_bits", {"low": 12000, "high": 40001}, 1),
    ("to_8_bits", {"low": 300, "high": 301}, 1),
]
STRETCHES = [
    ("min_max", {"per_channel": True}, 1),
    ("min_max", {"per_channel": False}, 1),
    ("percentile_stretch", {"low": 5, "high": 95, "per_channel": True}, 1),
    ("percentile_stretch", {"low": 25, "high": 75, "per_channel": False}, 1),
    ("percentile_stretch", {"low": 0, "high": 100, "per_channel": True}, 1),
]
EQUALIZE = [("equalize", {"formula": "opencv", "on": on}, 1) for on in ("channels", "luminance")]
PILLOW = [("equalize", {"formula": "pillow", "on": on}, 1) for on in ("channels", "luminance")]
GAMMA = [("gamma", {"gamma": g, "gain": k}, 1) for g, k in [(0.5, 1.0), (2.2, 1.0), (1.0, 1.7)]]
CLAHE = [("clahe", {"clip_limit": c, "rows": r, "columns": w}, 1) for c, r, w in [(2, 8, 8), (0, 3, 5), (40, 1, 2)]]


def clahe(rows=8, columns=8, limit=2.0):
    return ("clahe", {"clip_limit": limit, "rows": rows, "columns": columns}, 1)


def draw_image(rng, height, width, channels, kind=np.uint8):
    """Most values in the middle, so that ranges, tables and limits matter."""
    top = np.iinfo(kind).max
    values = rng.normal(0.45, 0.12, (height, width, channels)) + 0.1 * np.arange(channels)
    return np.clip(values * top, 0, top).astype(kind)


def images_of(rng, channels, kind):
    for height, width in SIZES:
        yield draw_image(rng, height, width, channels, kind)
    yield rng.integers(0, np.iinfo(kind).max + 1, (21, 50, channels)).astype(kind)
    yield np.full((7, 9, channels), 77, kind)


def assert_twins(ops, images):
    for image in images:
        for op in ops:
            got = run([op], [image])[0]
            wanted = twin([op], image, seed=0, epoch=0, sample=0)
            assert got.dtype == wanted.dtype
            np.testing.assert_array_equal(got, wanted, err_msg=f"{op} {image.shape}")


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_every_op_equals_its_twin_on_8_bits(rng, channels):
    ops = [*TO_8_BITS, *STRETCHES, *EQUALIZE, *PILLOW, *GAMMA, *CLAHE]
    assert_twins(ops, images_of(rng, channels, np.uint8))


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_every_op_equals_its_twin_on_16_bits(rng, channels):
    assert_twins([*TO_8_BITS, *STRETCHES, *EQUALIZE, *GAMMA], images_of(rng, channels, np.uint16))


def test_the_full_window_rounds_16_bit_values_by_257(rng):
    ramp = np.arange(65536, dtype=np.uint16).reshape(256, 256, 1)
    got = run([TO_8_BITS[0]], [ramp])[0]
    np.testing.assert_array_equal(got, np.floor(ramp / 257 + 0.5).astype(np.uint8))
    image = draw_image(rng, 12, 13, 3)
    np.testing.assert_array_equal(run([TO_8_BITS[0]], [image])[0], image)


@pytest.mark.parametrize(("low", "high"), [(0, 65535), (1, 65535), (0, 3), (777, 778), (65534, 65535), (4095, 20000)])
def test_every_value_of_16_bits_is_rounded_as_in_whole_numbers(low, high):
    ramp = np.arange(65536, dtype=np.uint16).reshape(256, 256, 1)
    op = ("to_8_bits", {"low": low, "high": high}, 0)
    np.testing.assert_array_equal(run([op], [ramp])[0], twin([op], ramp, seed=0, epoch=0, sample=0))
    ends = np.clip(ramp, low, high)
    op = ("min_max", {"per_channel": True}, 0)
    np.testing.assert_array_equal(run([op], [ends])[0], twin([op], ends, seed=0, epoch=0, sample=0))


def test_an_8_bit_image_is_windowed_like_the_16_bit_one_that_it_stands_for(rng):
    image = draw_image(rng, 20, 31, 3)
    wide = image.astype(np.uint16) * 257
    for op in TO_8_BITS:
        np.testing.assert_array_equal(run([op], [image]), run([op], [wide]))


def test_8_bit_ops_can_follow_to_8_bits(rng):
    wide = draw_image(rng, 20, 31, 3, np.uint16)
    narrow = run([TO_8_BITS[1]], [wide])[0]
    chain = [TO_8_BITS[1], clahe(), ("horizontal_flip", {"probability": 1.0}, 2)]
    np.testing.assert_array_equal(run(chain, [wide]), run(chain[1:], [narrow]))


def test_min_max_is_pillows_and_torchvisions_autocontrast_rounded_instead_of_cut(rng):
    """Both cut where we round, so ours is theirs or one more."""
    for height, width in SIZES:
        image = draw_image(rng, height, width, 3)
        got = run([STRETCHES[0]], [image])[0].astype(int)
        pillow = np.asarray(ImageOps.autocontrast(Image.fromarray(image))).astype(int)
        tensor = functional.autocontrast(torch.from_numpy(image).permute(2, 0, 1)).permute(1, 2, 0).numpy().astype(int)
        assert set(np.unique(got - pillow)) <= {0, 1}
        assert set(np.unique(got - tensor)) <= {0, 1}


def test_min_max_of_all_channels_is_opencvs_normalize(rng):
    """Save for halves, which OpenCV rounds to even, and which a range of odd width does not have."""
    image = draw_image(rng, 64, 64, 3)
    image[0, 0], image[0, 1] = 10, 239
    image = np.clip(image, 10, 239)
    np.testing.assert_array_equal(run([STRETCHES[1]], [image])[0], cv2.normalize(image, None, 0, 255, cv2.NORM_MINMAX))


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_equalize_is_opencvs_equalize_hist_of_each_channel(rng, kind):
    for image in images_of(rng, 3, np.uint8):
        wanted = np.stack([cv2.equalizeHist(np.ascontiguousarray(image[..., c])) for c in range(3)], axis=2)
        if kind == np.uint8:
            np.testing.assert_array_equal(run([EQUALIZE[0]], [image])[0], wanted)
        else:  # the same image in 16 bits has as many levels at the same ranks
            got = run([EQUALIZE[0]], [image.astype(np.uint16) * 257])[0]
            many = image.min(axis=(0, 1)) < image.max(axis=(0, 1))
            assert np.abs(got[..., many] / 257 - wanted[..., many]).max(initial=0) <= 0.51


def test_equalize_on_luminance_is_opencvs_on_y_of_ycrcb(rng):
    for image in images_of(rng, 3, np.uint8):
        planes = cv2.cvtColor(image, cv2.COLOR_RGB2YCrCb)
        planes[..., 0] = cv2.equalizeHist(np.ascontiguousarray(planes[..., 0]))
        wanted = cv2.cvtColor(planes, cv2.COLOR_YCrCb2RGB)
        np.testing.assert_array_equal(run([EQUALIZE[1]], [image])[0], wanted)


def test_equalize_with_pillows_formula_is_pillows_and_torchvisions(rng):
    for image in images_of(rng, 3, np.uint8):
        got = run([PILLOW[0]], [image])[0]
        np.testing.assert_array_equal(got, np.asarray(ImageOps.equalize(Image.fromarray(image))))
        tensor = functional.equalize(torch.from_numpy(image).permute(2, 0, 1)).permute(1, 2, 0)
        np.testing.assert_array_equal(got, tensor.numpy())


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize(("rows", "columns"), [(8, 8), (3, 5), (1, 1), (2, 16)])
def test_clahe_is_opencvs_to_the_bit(rng, kind, rows, columns):
    for height, width in [(1, 1), (3, 5), (16, 32), (50, 61), (48, 61), (61, 48)]:
        image = draw_image(rng, height, width, 1, kind)
        for limit in (0.0, 2.0, 40.0):
            wanted = cv2.createCLAHE(limit, (columns, rows)).apply(image[..., 0])
            np.testing.assert_array_equal(run([clahe(rows, columns, limit)], [image])[0][..., 0], wanted)


def opencv_clahe(image, limit=2.0, tiles=(8, 8)):
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
    lab[..., 0] = cv2.createCLAHE(limit, tiles).apply(np.ascontiguousarray(lab[..., 0]))
    return cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)


def test_clahe_of_colour_is_opencvs_on_l_of_lab_to_the_bit(rng):
    for image in images_of(rng, 3, np.uint8):
        np.testing.assert_array_equal(run([clahe()], [image])[0], opencv_clahe(image))
    levels = np.arange(0, 256, 5, dtype=np.uint8)
    colours = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(len(levels), -1, 3)
    np.testing.assert_array_equal(run([clahe()], [colours])[0], opencv_clahe(colours))


@pytest.mark.slow
def test_clahe_of_every_colour_is_opencvs_to_the_bit():
    levels = np.arange(256, dtype=np.uint8)
    colours = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(4096, 4096, 3)
    np.testing.assert_array_equal(run([clahe()], [colours])[0], opencv_clahe(colours))


def test_a_fourth_channel_is_left_as_it_is_by_what_works_on_lightness(rng):
    image = draw_image(rng, 30, 41, 4)
    for op in (clahe(), EQUALIZE[1], PILLOW[1]):
        got = run([op], [image])[0]
        np.testing.assert_array_equal(got[..., 3], image[..., 3])
        np.testing.assert_array_equal(got[..., :3], run([op], [np.ascontiguousarray(image[..., :3])])[0])


def test_gamma_is_torchvisions_rounded_instead_of_cut(rng):
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    for _, params, _ in GAMMA:
        got = run([("gamma", params, 0)], [ramp])[0].astype(int)
        tensor = functional.adjust_gamma(torch.from_numpy(ramp).permute(2, 0, 1), params["gamma"], params["gain"])
        assert np.abs(got[..., 0] - tensor[0].numpy().astype(int)).max() <= 1


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_random_gamma_equals_its_twin_and_explains_itself(rng, kind):
    image = draw_image(rng, 12, 17, 3, kind)
    op = ("random_gamma", {"low": 0.4, "high": 2.5}, 6)
    chain = _native.Chain([op], 3, dtype=np.dtype(kind).name)
    for sample, got in enumerate(run([op], [image] * 20, seed=3, epoch=4)):
        np.testing.assert_array_equal(got, twin([op], image, seed=3, epoch=4, sample=sample))
        [(name, applied, values)] = chain.explain(12, 17, sample, seed=3, epoch=4)
        assert (name, applied) == ("random_gamma", True)
        np.testing.assert_array_equal(got, run([("gamma", {"gain": 1.0, **values}, 0)], [image])[0])


def test_the_logarithm_of_a_random_gamma_is_uniform():
    chain = _native.Chain([("random_gamma", {"low": 0.5, "high": 2.0}, 6)], 3)
    drawn = [chain.explain(4, 4, sample, seed=1, epoch=0)[0][2]["gamma"] for sample in range(4000)]
    shares, _ = np.histogram(np.log2(drawn), bins=10, range=(-1, 1))
    assert shares.sum() == 4000
    assert np.abs(shares - 400).max() < 100  # five standard deviations


@pytest.mark.parametrize("op", [STRETCHES[0], EQUALIZE[0], EQUALIZE[1], clahe(), GAMMA[0]], ids=lambda op: op[0])
def test_each_op_is_applied_to_a_share_of_the_images(rng, op):
    image = draw_image(rng, 24, 25, 3)
    name, params, stream = op
    changed = run([op], [image])[0]
    some = run([(name, {**params, "probability": 0.3}, stream)], [image] * 400)
    hit = [not np.array_equal(one, image) for one in some]
    assert 70 < sum(hit) < 170
    assert all(np.array_equal(one, changed) for one, was in zip(some, hit, strict=True) if was)


@pytest.mark.parametrize("op", [*EQUALIZE, clahe(), *STRETCHES[:3]], ids=lambda op: op[0])
def test_what_an_op_before_did_is_seen_and_the_source_is_not_changed(rng, op):
    image = draw_image(rng, 33, 41, 3)
    kept = image.copy()
    flip = ("horizontal_flip", {"probability": 1.0}, 2)
    flipped = np.ascontiguousarray(image[:, ::-1])
    np.testing.assert_array_equal(run([flip, op], [image]), run([op], [flipped]))
    np.testing.assert_array_equal(image, kept)


@settings(max_examples=40, deadline=None)
@given(arrays.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(1))))
def test_stretches_and_equalisation_keep_the_order_of_values(image):
    for op in (*STRETCHES, EQUALIZE[0], PILLOW[0], GAMMA[0]):
        got = run([op], [image])[0].ravel().astype(int)
        order = np.argsort(image.ravel(), kind="stable")
        assert (np.diff(got[order]) >= 0).all()


@settings(max_examples=40, deadline=None)
@given(arrays.arrays(np.uint16, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(1))))
def test_min_max_twice_is_min_max_once_and_reaches_both_ends(image):
    op = ("min_max", {"per_channel": True}, 0)
    once = run([op], [image])[0]
    np.testing.assert_array_equal(run([op], [once])[0], once)
    if image.min() < image.max():
        assert (once.min(), once.max()) == (0, 65535)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_standardize_equals_its_twin_to_the_bit(rng, channels, per_channel, kind):
    op = ("standardize", {"per_channel": per_channel}, 0)
    for image in images_of(rng, channels, kind):
        wanted = twin([op], image, seed=0, epoch=0, sample=0)
        np.testing.assert_array_equal(run([op], [image], floats=True)[0], wanted)
        np.testing.assert_array_equal(run([op], [image], floats=True, channels_last=True)[0], wanted)


def test_standardize_is_tensorflows_formula(rng):
    """(x - mean) / max(std, 1 / sqrt(number of values)), of all values, on images in [0, 1]."""
    for image in (
        draw_image(rng, 40, 61, 3),
        np.full((5, 6, 3), 200, np.uint8),
        (draw_image(rng, 9, 9, 3) > 128).astype(np.uint8),
    ):
        x = image.transpose(2, 0, 1) / 255.0
        wanted = (x - x.mean()) / max(x.std(), 1 / math.sqrt(x.size))
        got = run([("standardize", {"per_channel": False}, 0)], [image], floats=True)[0]
        np.testing.assert_allclose(got, wanted, atol=2e-5)


def test_the_sums_of_a_large_bright_image_do_not_overflow():
    image = np.full((450, 500, 3), 255, np.uint8)
    image[0, 0] = 254
    got = run([("standardize", {"per_channel": True}, 0)], [image], floats=True)[0]
    np.testing.assert_array_equal(
        got, twin([("standardize", {"per_channel": True}, 0)], image, seed=0, epoch=0, sample=0)
    )


@pytest.mark.parametrize(
    ("op", "kind", "message"),
    [
        (("to_8_bits", {"low": 5, "high": 5}, 0), "uint16", "'low' must be less than 'high', but they are 5 and 5"),
        (("to_8_bits", {"low": 0, "high": 9, "probability": 0.5}, 0), "uint16", "'probability' must be 1, not 0.5"),
        (("percentile_stretch", {"low": 75, "high": 25, "per_channel": True}, 0), "uint8", "but they are 75 and 25"),
        (("equalize", {"formula": "pillow", "on": "channels"}, 0), "uint16", "'formula' must be 'opencv' for 16-bit"),
        (
            ("clahe", {"clip_limit": 2, "rows": 8, "columns": 65}, 0),
            "uint8",
            "'columns' must be between 1 and 64, not 65",
        ),
        (
            ("clahe", {"clip_limit": 2, "rows": 8, "columns": 8}, 0),
            "uint16",
            "one channel only; put an op before it that makes 8 bits of them, such as to_8_bits",
        ),
        (("random_gamma", {"low": 2, "high": 1}, 0), "uint8", "'low' must not exceed 'high', but they are 2 and 1"),
        (("gamma", {"gamma": 0, "gain": 1}, 0), "uint8", "'gamma' must be between 0.01 and 100, not 0"),
    ],
)
def test_bad_parameters_are_refused(op, kind, message):
    with pytest.raises(ValueError, match=message):
        _native.Chain([op], 3, dtype=kind)

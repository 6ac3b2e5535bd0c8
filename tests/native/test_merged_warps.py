"""Crops, flips and warps in one interpolation against the same one after the other (``fuse=False``)."""

from __future__ import annotations

import numpy as np
import pytest
from reference.chain import run

CROP = {"size": 96, "scale_low": 0.2, "scale_high": 1.0, "ratio_low": 0.75, "ratio_high": 1.33, "antialias": True}
WILD = {"degrees_low": -40.0, "degrees_high": 40.0, "scale_low": 0.6, "scale_high": 1.5, "shear_x_low": -20.0}


def crop(**changed):
    return ("random_resized_crop", {**CROP, **changed}, 1)


def across(probability=0.5):
    return ("horizontal_flip", {"probability": probability}, 2)


def down(probability=0.5):
    return ("vertical_flip", {"probability": probability}, 3)


def rotate(border="reflect101", stream=4, **changed):
    return ("rotate", {"degrees": 30.0, "border": border, **changed}, stream)


def affine(border="edge", **changed):
    return ("affine", {**WILD, "border": border, **changed}, 5)


def photographs(count, height, width, waves=(7.0, 40.0)):
    """Smooth images: sums of waves that are some pixels long, without noise."""
    rng = np.random.default_rng(3)
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    found = []
    for _ in range(count):
        planes = []
        for _ in range(3):
            plane = sum(np.sin(x / rng.uniform(*waves) + y / rng.uniform(*waves) + rng.uniform(0, 6)) for _ in range(3))
            planes.append(127 + 42 * plane)
        found.append(np.clip(np.stack(planes, axis=2), 0, 255).astype(np.uint8))
    return found


@pytest.mark.parametrize("border", ["constant", "edge", "reflect", "reflect101"])
def test_flips_around_a_warp_in_one_are_within_one_of_all_in_turn(border):
    images = photographs(6, 50, 71)
    for ops in (
        [across(1.0), rotate(border)],
        [rotate(border), down(1.0)],
        [across(), down(), rotate(border), across(), down()],
        [down(), affine(border), across()],
    ):
        merged, apart = run(ops, images).astype(int), run(ops, images, fuse=False).astype(int)
        assert np.abs(merged - apart).max() <= 1


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_one_interpolation_instead_of_two_hardly_changes_smooth_images(dtype):
    """Mean below 1 level, largest below 14, of 255, at waves of 44 pixels and more, as the architecture says."""
    factor = 1 if dtype == np.uint8 else 257
    enlarged = [image.astype(dtype) * factor for image in photographs(8, 96, 96)]
    for ops in (
        [crop(), across(), rotate()],
        [crop(), rotate("edge"), down()],
        [crop(), down(), affine("reflect")],
        [rotate("reflect"), across(), affine("edge")],
        [("resize", {"size": 120, "fit": "cover", "antialias": True}, 1), across(), rotate()],
        [("resize", {"size": 96, "fit": "cover", "antialias": False}, 1), rotate("reflect"), affine()],
    ):
        merged, apart = run(ops, enlarged) / factor, run(ops, enlarged, fuse=False) / factor
        assert 0 < np.abs(merged - apart).mean() < 1, ops
        assert np.abs(merged - apart).max() < 14, ops


def test_along_the_edge_of_a_constant_border_one_interpolation_is_sharper_too():
    """There the image is not smooth; elsewhere the same bound holds."""
    images = photographs(8, 96, 96)
    for ops in ([crop(), rotate("constant", fill=90.0)], [rotate("constant"), affine("constant")]):
        away = np.abs(run(ops, images).astype(int) - run(ops, images, fuse=False))
        assert away.mean() < 1
        assert (away > 14).mean() < 0.01


def test_what_is_shrunk_with_antialiasing_is_not_merged_with_a_warp():
    images = photographs(8, 240, 320)
    ops = [crop(scale_low=0.5), across(), rotate(), down()]
    np.testing.assert_array_equal(run(ops, images), run(ops, images, fuse=False))


@pytest.mark.parametrize("ops", [[rotate("wrap"), across()], [across(), rotate(interpolation="nearest")]])
def test_wrapped_borders_and_nearest_pixels_are_not_merged(ops):
    images = photographs(4, 40, 31)
    np.testing.assert_array_equal(run(ops, images), run(ops, images, fuse=False))


def test_different_constants_are_not_merged():
    images = photographs(4, 40, 31)
    ops = [rotate("constant", fill=10.0), rotate("constant", stream=9, fill=200.0)]
    np.testing.assert_array_equal(run(ops, images), run(ops, images, fuse=False))


def test_a_step_that_never_applies_changes_no_byte_of_merged_ones():
    images = photographs(8, 96, 96)
    for ops, idle in [
        ([crop(), across(), rotate()], affine(probability=0.0)),
        ([rotate(), affine()], down(0.0)),
        ([crop(), rotate()], across(0.0)),
    ]:
        for place in range(len(ops) + 1):
            if ops[0] == crop() and place == 0:
                continue  # the crop must get the images as they are
            np.testing.assert_array_equal(run([*ops[:place], idle, *ops[place:]], images), run(ops, images))


def test_merging_changes_no_draw():
    """Each part alone, with all others idle, does the same merged as not."""
    images = photographs(8, 96, 96)
    for kept in range(3):
        ops = [
            (name, {**params, "probability": 1.0 if place == kept else 0.0}, stream)
            for place, (name, params, stream) in enumerate([across(), rotate(), affine()])
        ]
        np.testing.assert_array_equal(run(ops, images), run([ops[kept]], images, fuse=False))


def test_many_moves_in_a_row_are_all_done():
    """More than one merged op holds."""
    images = photographs(2, 30, 41)
    np.testing.assert_array_equal(run([across(1.0)] * 21, images), np.stack(images)[:, :, ::-1])

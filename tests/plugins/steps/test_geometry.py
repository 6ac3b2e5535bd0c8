from __future__ import annotations

import flowerablate_geometry as geometry
import pytest

from flowerablate import NativeOp, StepContext, StudyError
from flowerablate.discovery import collect_specs

SPECS = {spec.name: spec for spec in collect_specs(geometry, "geometry")}
CONTEXT = StepContext(image_size=64)


def defaults(name, **changed):
    return {param.name: param.default for param in SPECS[name].params} | changed


def test_everything_but_resizing_central_crops_and_padding_is_random():
    assert {name for name, spec in SPECS.items() if not spec.random} == {"resize", "center_crop", "pad"}


@pytest.mark.parametrize("name", ["resize", "center_crop", "random_crop", "random_resized_crop"])
@pytest.mark.parametrize(("size", "expected"), [(0, 64), (48, 48)])
def test_size_zero_means_the_image_size_of_the_study(name, size, expected):
    assert SPECS[name].build(CONTEXT, **defaults(name, size=size)).params["size"] == expected


def test_scale_and_ratio_become_the_bounds_of_the_native_op():
    op = SPECS["random_resized_crop"].build(CONTEXT, **defaults("random_resized_crop", scale=(0.5, 0.75)))
    assert op == NativeOp(
        "random_resized_crop",
        {
            "size": 64,
            "scale_low": 0.5,
            "scale_high": 0.75,
            "ratio_low": 0.75,
            "ratio_high": 1.333,
            "interpolation": "bilinear",
            "antialias": True,
            "probability": 1.0,
        },
    )


@pytest.mark.parametrize("name", ["scale", "ratio"])
@pytest.mark.parametrize("values", [(1.0, 0.5), (0.5,), (0.2, 0.5, 1.0), ()])
def test_what_is_not_a_pair_with_the_lower_number_first_is_refused(name, values):
    params = defaults("random_resized_crop", **{name: values})
    with pytest.raises(StudyError, match=f"'random_resized_crop': {name} must be two numbers, the lower one first"):
        SPECS["random_resized_crop"].build(CONTEXT, **params)


@pytest.mark.parametrize(("evaluation", "expected"), [("resize", "resize"), ("center_crop", "center_crop")])
def test_the_stand_in_of_the_random_crop_is_what_evaluation_says_at_the_same_size(evaluation, expected):
    params = defaults("random_resized_crop", evaluation=evaluation, size=40)
    op = SPECS["random_resized_crop"].stand_in(CONTEXT, **params)
    assert (op.op, op.params["size"]) == (expected, 40)


def test_the_resizing_stand_in_takes_the_largest_square_with_the_antialias_of_the_crop():
    op = SPECS["random_resized_crop"].stand_in(CONTEXT, **defaults("random_resized_crop", antialias=False))
    assert op.params == {"size": 64, "fit": "cover", "interpolation": "bilinear", "antialias": False}


@pytest.mark.parametrize("interpolation", ["area", "nearest"])
def test_what_has_no_choice_of_antialiasing_takes_none(interpolation):
    op = SPECS["resize"].build(CONTEXT, **defaults("resize", interpolation=interpolation))
    assert op.params == {"size": 64, "fit": "cover", "interpolation": interpolation}


def test_the_stand_in_of_the_random_crop_at_one_scale_is_the_central_one():
    op = SPECS["random_crop"].stand_in(CONTEXT, **defaults("random_crop", size=40, padding=4))
    assert op == NativeOp("center_crop", {"size": 40})


def test_the_ranges_of_affine_become_the_bounds_of_the_native_op():
    op = SPECS["affine"].build(CONTEXT, **defaults("affine", scale=(0.5, 0.75), shear_x=(-3.0, 4.0)))
    assert (op.params["scale_low"], op.params["scale_high"]) == (0.5, 0.75)
    assert (op.params["shear_x_low"], op.params["shear_x_high"]) == (-3.0, 4.0)
    assert (op.params["shear_y_low"], op.params["shear_y_high"]) == (0.0, 0.0)


@pytest.mark.parametrize("name", ["degrees", "scale", "shift_x", "shift_y", "shear_x", "shear_y"])
def test_a_range_of_affine_that_is_none_is_refused(name):
    with pytest.raises(StudyError, match=f"'affine': {name} must be two numbers, the lower one first"):
        SPECS["affine"].build(CONTEXT, **defaults("affine", **{name: (1.0, 0.5)}))


@pytest.mark.parametrize("name", ["horizontal_flip", "vertical_flip", "rotate", "affine", "perspective", "elastic"])
def test_flips_and_warps_keep_the_size_and_so_need_no_stand_in(name):
    assert SPECS[name].stand_in is None
    assert SPECS[name].build(CONTEXT, **defaults(name)).op == name


@pytest.mark.parametrize("name", ["random_crop", "pad", "rotate", "affine", "perspective", "elastic"])
def test_a_fill_that_the_border_does_not_use_is_refused(name):
    with pytest.raises(StudyError, match=f"'{name}': fill is for border 'constant', not 'edge'"):
        SPECS[name].build(CONTEXT, **defaults(name, border="edge", fill=128.0))
    assert SPECS[name].build(CONTEXT, **defaults(name, border="constant", fill=128.0)).params["fill"] == 128.0

from __future__ import annotations

import flowerablate_geometry as geometry
import pytest

from flowerablate import NativeOp, StepContext, StudyError
from flowerablate.discovery import collect_specs

SPECS = {spec.name: spec for spec in collect_specs(geometry, "geometry")}
CONTEXT = StepContext(image_size=64)


def defaults(name, **changed):
    return {param.name: param.default for param in SPECS[name].params} | changed


def test_crop_flip_and_rotation_are_random_and_the_others_are_not():
    assert {name for name, spec in SPECS.items() if spec.random} == {"random_resized_crop", "horizontal_flip", "rotate"}


@pytest.mark.parametrize("name", ["resize", "center_crop", "random_resized_crop"])
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
            "antialias": True,
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
    assert op.params == {"size": 64, "fit": "cover", "antialias": False}


def test_flip_and_rotation_keep_the_size_and_so_need_no_stand_in():
    assert SPECS["horizontal_flip"].stand_in is None
    assert SPECS["rotate"].stand_in is None

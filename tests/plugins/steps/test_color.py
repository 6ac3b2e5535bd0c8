from __future__ import annotations

import flowerablate_color as color
import pytest

from flowerablate import NativeOp, StepContext, StudyError
from flowerablate.discovery import collect_specs

SPECS = {spec.name: spec for spec in collect_specs(color, "color")}


def test_brightness_and_contrast_can_each_be_switched_off():
    assert {param.name: param.off for param in SPECS["brightness_contrast"].features} == {
        "brightness": 0.0,
        "contrast": 0.0,
    }


def test_brightness_contrast_hands_its_parameters_to_the_core():
    params = {"brightness": 0.1, "contrast": 0.3, "probability": 0.5}
    assert SPECS["brightness_contrast"].build(StepContext(64), **params) == NativeOp("brightness_contrast", params)


def defaults(name, **changed):
    return {param.name: param.default for param in SPECS[name].params} | changed


def build(name, channels=3, **changed):
    return SPECS[name].build(StepContext(64, channels), **defaults(name, **changed))


def test_what_draws_is_random_and_the_rest_is_computed_once():
    assert {name for name, spec in SPECS.items() if not spec.random} == {
        "grey",
        "invert",
        "single_channel",
    }


@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation"])
def test_a_pair_of_factors_becomes_the_bounds_of_the_native_op(name):
    wanted = NativeOp(name, {"low": 0.5, "high": 1.5, "probability": 0.3})
    assert build(name, factor=(0.5, 1.5), probability=0.3) == wanted


@pytest.mark.parametrize(
    ("name", "param"),
    [
        ("brightness", "factor"),
        ("contrast", "factor"),
        ("saturation", "factor"),
        ("hue", "shift"),
        ("solarize", "threshold"),
    ],
)
@pytest.mark.parametrize("values", [(0.4, 0.3), (0.2,), (0.1, 0.2, 0.3), ()])
def test_what_is_no_pair_in_order_is_refused(name, param, values):
    with pytest.raises(StudyError, match=f"step '{name}': {param} must be two numbers, the lower one first"):
        build(name, **{param: values})


def test_bits_are_a_pair_of_whole_numbers():
    assert build("posterize", bits=(2, 5)).params == {"bits_low": 2, "bits_high": 5, "probability": 1.0}
    with pytest.raises(StudyError, match="step 'posterize': bits must be two numbers, the lower one first"):
        build("posterize", bits=(5, 4))


@pytest.mark.parametrize(("channel", "index"), [("red", 0), ("green", 1), ("blue", 2)])
def test_a_channel_is_named_by_its_colour(channel, index):
    assert build("single_channel", channel=channel) == NativeOp(
        "single_channel", {"channel": index, "probability": 1.0}
    )


def test_a_grey_image_is_its_own_green():
    assert build("single_channel", channels=1, channel="green").params["channel"] == 0


@pytest.mark.parametrize("name", ["channel_shuffle", "saturation", "hue"])
def test_what_needs_colours_refuses_grey_images(name):
    with pytest.raises(StudyError, match=f"step '{name}': the images have one channel, so it cannot change anything"):
        build(name, channels=1)


@pytest.mark.parametrize(
    ("name", "parts"),
    [("color_jitter", ["brightness", "contrast", "saturation", "hue"]), ("hsv_jitter", ["hue", "saturation", "value"])],
)
def test_each_part_of_a_jitter_can_be_switched_off(name, parts):
    assert {param.name: param.off for param in SPECS[name].features} == dict.fromkeys(parts, 0.0)
    assert build(name) == NativeOp(name, defaults(name))

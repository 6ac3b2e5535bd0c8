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


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_one_number_stands_for_all_channels(channels):
    op = SPECS["normalize"].build(StepContext(64, channels), mean=(0.5,), std=(0.25,))
    assert op == NativeOp("normalize", {"mean": (0.5,) * channels, "std": (0.25,) * channels})


@pytest.mark.parametrize(("mean", "std", "name"), [((0.5, 0.5, 0.5), (0.2,), "mean"), ((0.5,), (0.2, 0.2), "std")])
def test_a_number_of_values_that_does_not_fit_the_channels_is_refused(mean, std, name):
    with pytest.raises(StudyError, match=f"{name} has .* numbers, but the pictures have 1 channels"):
        SPECS["normalize"].build(StepContext(64, channels=1), mean=mean, std=std)


def test_the_defaults_are_imagenets():
    defaults = {param.name: param.default for param in SPECS["normalize"].params}
    assert defaults == {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}

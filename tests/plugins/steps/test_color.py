from __future__ import annotations

import flowerablate_color as color

from flowerablate import NativeOp, StepContext
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

from __future__ import annotations

import flowerablate_noise as noise
import pytest

from flowerablate import NativeOp, StepContext, StudyError
from flowerablate.discovery import collect_specs

SPECS = {spec.name: spec for spec in collect_specs(noise, "noise")}
CONTEXT = StepContext(image_size=64)


def build(name, **changed):
    defaults = {param.name: param.default for param in SPECS[name].params}
    return SPECS[name].build(CONTEXT, **(defaults | changed))


def test_all_are_random_and_of_two_kinds():
    assert all(spec.random for spec in SPECS.values())
    assert {name: spec.kind for name, spec in SPECS.items()} == {
        "gaussian_noise": "noise",
        "salt_and_pepper": "noise",
        "random_erasing": "erasing",
        "cutout": "erasing",
    }


def test_bounds_become_those_of_the_native_op():
    assert build("gaussian_noise", std=(0.1, 0.2)) == NativeOp(
        "gaussian_noise", {"std_low": 0.1, "std_high": 0.2, "per_channel": True, "probability": 1.0}
    )
    erasing = build("random_erasing", scale=(0.1, 0.2), ratio=(0.5, 2.0)).params
    assert [erasing[name] for name in ("scale_low", "scale_high", "ratio_low", "ratio_high")] == [0.1, 0.2, 0.5, 2.0]


def test_the_defaults_of_random_erasing_are_torchvisions():
    defaults = {param.name: param.default for param in SPECS["random_erasing"].params}
    assert (defaults["scale"], defaults["ratio"], defaults["probability"]) == ((0.02, 0.33), (0.3, 3.3), 0.5)


@pytest.mark.parametrize(
    ("name", "param"), [("gaussian_noise", "std"), ("random_erasing", "scale"), ("random_erasing", "ratio")]
)
@pytest.mark.parametrize("values", [(0.4, 0.2), (0.5,), ()])
def test_what_is_not_a_pair_with_the_lower_number_first_is_refused(name, param, values):
    with pytest.raises(StudyError, match=f"{param} must be two numbers, the lower one first"):
        build(name, **{param: values})


@pytest.mark.parametrize("name", ["random_erasing", "cutout"])
@pytest.mark.parametrize("fill", ["noise", "mean"])
def test_a_value_that_is_not_used_is_refused(name, fill):
    with pytest.raises(StudyError, match=f"{name}': value is for fill 'constant', not '{fill}'"):
        build(name, fill=fill, value=0.5)
    assert build(name, fill="constant", value=0.5).params["value"] == 0.5

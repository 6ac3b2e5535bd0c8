from __future__ import annotations

import flowerablate_filters as filters
import pytest

from flowerablate import NativeOp, StepContext, StudyError
from flowerablate.discovery import collect_specs

SPECS = {spec.name: spec for spec in collect_specs(filters, "filters")}
CONTEXT = StepContext(image_size=64)


def build(name, **changed):
    defaults = {param.name: param.default for param in SPECS[name].params}
    return SPECS[name].build(CONTEXT, **(defaults | changed))


def test_all_are_of_the_kind_filter_and_two_are_random():
    assert {spec.kind for spec in SPECS.values()} == {"filter"}
    assert {name for name, spec in SPECS.items() if spec.random} == {"random_gaussian_blur", "sharpness"}


def test_every_filter_takes_a_probability():
    assert all(build(name, probability=0.25).params["probability"] == 0.25 for name in SPECS)


def test_bounds_become_those_of_the_native_op():
    assert build("random_gaussian_blur", sigma=(0.5, 1.5)) == NativeOp(
        "random_gaussian_blur", {"size": 0, "sigma_low": 0.5, "sigma_high": 1.5, "probability": 1.0}
    )
    assert build("sharpness", factor=(0.2, 1.8)) == NativeOp("sharpness", {"low": 0.2, "high": 1.8, "probability": 1.0})


@pytest.mark.parametrize("name", ["gaussian_blur", "random_gaussian_blur", "median_blur", "unsharp", "sobel"])
def test_an_even_size_is_refused_with_the_cure(name):
    with pytest.raises(StudyError, match=f"'{name}': the size must be odd, not 4; use 5"):
        build(name, size=4)


@pytest.mark.parametrize("name", ["gaussian_blur", "unsharp"])
def test_a_gaussian_needs_a_size_or_a_sigma(name):
    with pytest.raises(StudyError, match="size and sigma are both 0; set one of them"):
        build(name, size=0, sigma=0.0)


@pytest.mark.parametrize(("name", "param"), [("random_gaussian_blur", "sigma"), ("sharpness", "factor")])
@pytest.mark.parametrize("values", [(2.0, 1.0), (1.0,), ()])
def test_what_is_not_a_pair_with_the_lower_number_first_is_refused(name, param, values):
    with pytest.raises(StudyError, match=f"{param} must be two numbers, the lower one first"):
        build(name, **{param: values})

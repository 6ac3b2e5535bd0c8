from __future__ import annotations

import flowerablate_morphology as morphology
import pytest

from flowerablate import NativeOp, StepContext, StudyError
from flowerablate.discovery import collect_specs
from flowerablate.testing import check_step

SPECS = {spec.name: spec for spec in collect_specs(morphology, "morphology")}
CONTEXT = StepContext(image_size=64)


OPERATIONS = ["blackhat", "close", "dilate", "erode", "gradient", "open", "tophat"]


def build(name, **changed):
    spec = SPECS[name]
    return spec.build(CONTEXT, **{**{param.name: param.default for param in spec.params}, **changed})


def test_every_step_is_deterministic_and_of_the_kind_morphology():
    assert sorted(SPECS) == sorted([*OPERATIONS, "morphology"])
    assert {(spec.kind, spec.random) for spec in SPECS.values()} == {("morphology", False)}


@pytest.mark.parametrize("op", OPERATIONS)
def test_an_operation_under_its_own_name_equals_the_parameter_of_the_general_step(op):
    changed = {"size": 5, "shape": "cross", "iterations": 2, "on": "luminance", "border": "edge", "probability": 0.5}
    assert (
        build(op, **changed) == build("morphology", op=op, **changed) == NativeOp("morphology", {"op": op, **changed})
    )


def test_the_anchor_of_opencv_is_for_operations_of_two_passes():
    assert build("tophat", anchor="opencv").params["anchor"] == "opencv"
    assert build("morphology", op="close", anchor="opencv").params["anchor"] == "opencv"
    with pytest.raises(StudyError, match="step 'erode': anchor is for open, close, tophat, blackhat; remove it"):
        build("morphology", op="erode", anchor="opencv")


def test_the_default_is_opening_three_by_three():
    op = build("morphology")
    assert (op.params["op"], op.params["size"], op.params["shape"]) == ("open", 3, "rectangle")
    assert (op.params["iterations"], op.params["on"], op.params["border"]) == (1, "channels", "neutral")


def test_a_disk_of_even_size_is_refused_with_the_cure():
    with pytest.raises(StudyError, match="odd size, not 4; use 5"):
        build("open", size=4, shape="disk")


@pytest.mark.parametrize("shape", ["rectangle", "cross", "ellipse"])
def test_other_shapes_take_even_sizes(shape):
    assert build("open", size=4, shape=shape).params["size"] == 4


def test_a_value_of_the_border_goes_to_the_core_where_it_counts_and_is_refused_elsewhere():
    assert build("open", border="constant", border_value=9).params["border_value"] == 9
    assert "border_value" not in build("open").params
    with pytest.raises(StudyError, match="border_value is for border 'constant', not 'edge'"):
        build("open", border="edge", border_value=9)


@pytest.mark.parametrize("name", ["morphology", "tophat"])
def test_steps_pass_the_conformance_suite(name):
    check_step(SPECS[name])

from __future__ import annotations

import flowerablate_morphology as morphology
import pytest

from flowerablate import NativeOp, StepContext, StudyError
from flowerablate.discovery import collect_specs

SPECS = {spec.name: spec for spec in collect_specs(morphology, "morphology")}
CONTEXT = StepContext(image_size=64)


def test_every_step_is_deterministic_and_of_the_kind_morphology():
    assert sorted(SPECS) == ["close", "dilate", "erode", "morphology", "open"]
    assert {(spec.kind, spec.random) for spec in SPECS.values()} == {("morphology", False)}


@pytest.mark.parametrize("op", ["erode", "dilate", "open", "close"])
def test_an_operation_under_its_own_name_equals_the_parameter_of_the_general_step(op):
    own = SPECS[op].build(CONTEXT, size=5, shape="cross")
    general = SPECS["morphology"].build(CONTEXT, op=op, size=5, shape="cross")
    assert own == general == NativeOp("morphology", {"op": op, "size": 5, "shape": "cross"})


def test_the_default_is_opening_three_by_three():
    defaults = {param.name: param.default for param in SPECS["morphology"].params}
    assert defaults == {"op": "open", "size": 3, "shape": "rectangle"}


def test_a_disk_of_even_size_is_refused_with_the_cure():
    with pytest.raises(StudyError, match="odd size, not 4; use 5"):
        SPECS["open"].build(CONTEXT, size=4, shape="disk")


@pytest.mark.parametrize("shape", ["rectangle", "cross", "ellipse"])
def test_other_shapes_take_even_sizes(shape):
    assert SPECS["open"].build(CONTEXT, size=4, shape=shape).params["size"] == 4

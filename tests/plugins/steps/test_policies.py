from __future__ import annotations

import flowerablate_policies as policies
import pytest

from flowerablate import NativeOp, StepContext, _native
from flowerablate.discovery import collect_specs

SPECS = {spec.name: spec for spec in collect_specs(policies, "policies")}
PARTS = ["geometry", "color", "sharpness", "histogram"]


def build(name, **changed):
    params = {param.name: param.default for param in SPECS[name].params} | changed
    return SPECS[name].build(StepContext(64), **params), params


def test_both_policies_are_random_and_of_one_kind():
    assert {(name, spec.kind, spec.random) for name, spec in SPECS.items()} == {
        ("rand_augment", "policy", True),
        ("trivial_augment", "policy", True),
    }


@pytest.mark.parametrize("name", ["rand_augment", "trivial_augment"])
def test_each_part_of_a_space_is_a_feature(name):
    assert {param.name: param.off for param in SPECS[name].features} == dict.fromkeys(PARTS, False)


@pytest.mark.parametrize("name", ["rand_augment", "trivial_augment"])
def test_the_parameters_are_those_of_the_native_op(name):
    op, params = build(name, geometry=False, probability=0.5)
    assert op == NativeOp(name, params)
    _native.Chain([(op.op, op.params, 1)], 3)


def test_the_defaults_are_torchvisions_two_ops_of_magnitude_nine():
    op, _ = build("rand_augment")
    assert (op.params["ops"], op.params["magnitude"]) == (2, 9)

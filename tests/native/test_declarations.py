"""What ops declare of themselves: it holds for the ops, and the steps of the plugins agree with it."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from declared import any_params
from reference.chain import pack

from flowerablate import NativeOp, Param, StepContext, StepSpec, _native
from flowerablate.discovery import discover

FORMATS = [(dtype, channels) for dtype in ("uint8", "uint16") for channels in (1, 3, 4)]
TYPES = {"bool": bool, "int": int, "float": float, "str": str, "tuple": tuple}


def declared(name: str, channels: int = 4, dtype: str = "uint16") -> dict[str, _native.ParamDeclaration]:
    return {param["name"]: param for param in _native.op_params(name, channels, dtype)["params"]}


@pytest.mark.parametrize("name", _native.op_names())
def test_a_declaration_is_complete(name):
    op = _native.op_params(name)
    assert ("uint8", 3) in op["formats"]
    for param in op["params"]:
        assert param["meaning"]
        assert (param["choices"] != ()) == (param["type"] == "str")
        if param["type"] in ("int", "float", "tuple"):
            assert param["min"] <= param["max"]
        if param["default"] is not None:
            assert type(param["default"]) is TYPES[param["type"]]
    names = [param["name"] for param in op["params"]]
    assert op["last"] or names[0] == "probability"
    for param in op["params"]:
        others = [param["below"], param["not_above"], *(c and c[0] for c in (param["when"], param["count_when"]))]
        assert set(filter(None, others)) <= set(names)


def refusal(name: str, params: dict[str, Any], channels: int, dtype: str) -> str:
    """The message with which the op is refused; empty if it is not."""
    try:
        _native.Chain([(name, params, 0)], channels, dtype=dtype)
    except ValueError as refused:
        return str(refused) or "no message"
    return ""


@pytest.mark.parametrize("name", _native.op_names())
@pytest.mark.parametrize(("dtype", "channels"), FORMATS)
def test_declared_formats_and_values_are_taken_and_others_refused(name, dtype, channels):
    choose = random.Random(f"{name} {dtype} {channels}")
    takes = (dtype, channels) in _native.op_params(name)["formats"]
    messages = [refusal(name, any_params(name, channels, dtype, choose), channels, dtype) for _ in range(40)]
    assert ("" in messages) == takes
    refused = [message for message in messages if message]
    if takes:  # what several parameters must be together, or with such images
        assert all("parameter" in message for message in refused)
    else:
        assert all("it takes " in message for message in refused)


def values_outside(param: _native.ParamDeclaration) -> list[Any]:
    low, high = param["min"], param["max"]
    if param["type"] == "int":
        return [low - 1, high + 1]
    if param["type"] == "float":
        return [low - 0.001, high + max(1e-3, abs(high) * 1e-6), float("nan")]
    return ["no such word"] if param["type"] == "str" else []


@pytest.mark.parametrize("name", _native.op_names())
def test_values_outside_of_the_declared_range_are_refused_by_name(name):
    choose = random.Random(name)
    for param in _native.op_params(name)["params"]:
        for value in values_outside(param):
            params = any_params(name, 3, "uint8", choose)
            if param["when"]:
                params[param["when"][0]] = param["when"][1][0]
            params[param["name"]] = value
            with pytest.raises(ValueError, match=f"'{param['name']}' must"):
                _native.Chain([(name, params, 0)], 3)


@pytest.mark.parametrize("name", _native.op_names())
def test_a_missing_parameter_without_a_default_is_refused_by_name(name):
    choose = random.Random(name)
    for param in _native.op_params(name)["params"]:
        params = any_params(name, 3, "uint8", choose)
        if param["name"] in params and param["default"] is None:
            del params[param["name"]]
            with pytest.raises(ValueError, match=f"'{param['name']}' is missing"):
                _native.Chain([(name, params, 0)], 3)


def with_defaults(name: str, params: dict[str, Any]) -> dict[str, Any]:
    """*params* and the defaults of all others that are taken with them."""
    full = dict(params)
    for param in sorted(_native.op_params(name)["params"], key=lambda param: param["type"] != "str"):
        taken = param["when"] is None or full.get(param["when"][0]) in param["when"][1]
        if param["default"] is not None and taken:
            full.setdefault(param["name"], param["default"])
    return full


@pytest.mark.parametrize("name", [name for name in _native.op_names() if not _native.op_params(name)["last"]])
def test_a_default_is_what_stands_for_a_parameter_that_is_not_given(rng, name):
    image = rng.integers(0, 256, (40, 50, 3), dtype=np.uint8)
    needed = any_params(name, 3, "uint8", random.Random(2), optional=0)
    full = with_defaults(name, needed)
    assert set(full) > set(needed)
    results = []
    for params in (needed, full):
        chain = _native.Chain([(name, params, 3)], 3)
        out = np.empty((1, *chain.output_size(40, 50), 3), np.uint8)
        chain.run(**pack([image]), out=out, seed=1, epoch=0)
        results.append(out)
    np.testing.assert_array_equal(*results)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("no_such_op",), ValueError, "unknown name 'no_such_op'; known are adaptive_threshold"),
        ((3,), TypeError, "name must be a str, not int"),
        (("resize", 2), ValueError, "channels must be 1, 3 or 4, not 2"),
        (("resize", 5), ValueError, "channels must be between 1 and 4, not 5"),
        (("resize", 3, "float32"), ValueError, "dtype must be 'uint8' or 'uint16', not 'float32'"),
    ],
)
def test_bad_arguments_of_op_params_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        _native.op_params(*arguments)


def test_ranges_follow_the_format_of_the_images():
    assert declared("morphology", 3, "uint8")["border_value"]["max"] == 255
    assert declared("morphology", 3, "uint16")["border_value"]["max"] == 65535
    assert [declared("single_channel", channels)["channel"]["max"] for channels in (1, 3, 4)] == [0, 2, 2]
    assert [declared("normalize", channels)["mean"]["count"] for channels in (1, 3, 4)] == [1, 3, 4]
    assert declared("to_8_bits", 3, "uint8")["probability"]["min"] == 0
    assert declared("to_8_bits", 3, "uint16")["probability"]["min"] == 1


# Steps of the plugins

STEPS: list[StepSpec] = [component.spec for component in discover(None, strict=True).registry.slot("step").values()]

OF_THE_STEP = {
    ("random_resized_crop", "evaluation"): "which stand-in acts",
    ("single_channel", "channel"): "a word for the number of the colour",
    ("clahe", "tiles"): "rows and columns in one",
    ("threshold", "channel"): "which choices there are depends on the channels of the images",
    **{
        (step, "border_value"): "its maximum depends on the bits of the images"
        for step in ("morphology", "erode", "dilate", "open", "close", "gradient", "tophat", "blackhat")
    },
}
"""Parameters that a step has for itself, in another form than its op, or checks when it knows the images."""


def native_op(spec: StepSpec) -> NativeOp | None:
    built = spec.build(StepContext(image_size=64, channels=3), **{param.name: param.default for param in spec.params})
    return built if isinstance(built, NativeOp) and "statistics" not in built.params else None


NATIVE = [spec for spec in STEPS if native_op(spec)]


def counterparts(spec: StepSpec, param: Param) -> list[_native.ParamDeclaration]:
    """The parameters of the op that a step's becomes: the one of its name, or the two that it bounds."""
    op = native_op(spec)
    assert op is not None
    of_op = declared(op.op)
    if param.name in of_op:
        return [of_op[param.name]]
    for prefix in (f"{param.name}_", ""):
        if {f"{prefix}low", f"{prefix}high"} <= set(of_op):
            return [of_op[f"{prefix}low"], of_op[f"{prefix}high"]]
    return []


CASES = [
    pytest.param(spec, param, id=f"{spec.name}.{param.name}")
    for spec in NATIVE
    for param in spec.params
    if (spec.name, param.name) not in OF_THE_STEP
]


@pytest.mark.parametrize(("spec", "param"), CASES)
def test_a_parameter_of_a_step_is_one_of_its_op(spec, param):
    found = counterparts(spec, param)
    assert found, "neither a parameter of the op nor in OF_THE_STEP"
    for of_op in found:
        element = param.default[0] if isinstance(param.default, tuple) else param.default
        wanted = float if of_op["type"] == "tuple" else TYPES[of_op["type"]]
        assert type(element) is wanted
        assert set(param.choices) <= set(of_op["choices"])
        if of_op["choices"]:
            assert set(param.choices) == set(of_op["choices"])
        if of_op["type"] in ("int", "float", "tuple"):  # a step may take less than its op, never more
            lowest = 1 if (param.name, param.low) == ("size", 0) and of_op["min"] == 1 else param.low  # 0: image_size
            assert lowest is not None
            assert of_op["min"] <= lowest
            assert param.high is not None
            assert param.high <= of_op["max"]
        if len(found) == 1 and of_op["default"] is not None and param.name not in ("probability", "op"):
            assert param.default == of_op["default"] or (spec.name, param.name) in OWN_DEFAULTS


OWN_DEFAULTS = {("pad", "pixels")}
"""Where a step does something by default that its op leaves to the caller."""


def test_every_op_is_the_op_of_a_step():
    assert {op.op for spec in NATIVE if (op := native_op(spec))} == set(_native.op_names())


def test_every_parameter_of_an_op_can_be_set_by_a_step():
    missing = {}
    for spec in NATIVE:
        op = native_op(spec)
        assert op is not None
        reached = {of_op["name"] for param in spec.params for of_op in counterparts(spec, param)} | set(op.params)
        elsewhere = {
            name
            for name, param in declared(op.op).items()
            if param["when"] and param["when"][0] == "op" and op.params["op"] not in param["when"][1]
        }
        missing[spec.name] = set(declared(op.op)) - reached - elsewhere - {"probability"}
    assert not {name: left for name, left in missing.items() if left}

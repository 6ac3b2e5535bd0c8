"""Whatever is passed, the answer is a Python exception that names the argument."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowerablate import _native

RESIZE = {"size": 8, "fit": "cover", "antialias": True}
CROP = {"size": 8, "scale_low": 0.1, "scale_high": 1.0, "ratio_low": 0.75, "ratio_high": 1.33, "antialias": True}
ROTATE = {"degrees": 10, "border": "edge", "probability": 1.0}
MORPHOLOGY = {"op": "open", "size": 3, "shape": "cross"}
NORMALIZE = {"mean": (0.5, 0.5, 0.5), "std": (0.2, 0.2, 0.2)}


def arguments(**changed):
    """A valid call for three 8x8 images of three channels, with *changed* arguments."""
    return {
        "pixels": np.arange(3 * 192, dtype=np.int64).astype(np.uint8),
        "offsets": np.array([0, 192, 384], np.int64),
        "heights": np.array([8, 8, 8], np.int32),
        "widths": np.array([8, 8, 8], np.int32),
        "indices": np.array([2, 0], np.int64),
        "ids": np.array([5, 6], np.uint64),
        "out": np.empty((2, 8, 8, 3), np.uint8),
        "seed": 0,
        "epoch": 0,
        **changed,
    }


def call(ops=(), **changed):
    given = arguments(**changed)
    _native.Chain(ops, 3).run(**given)
    return given["out"]


def test_the_valid_call_works():
    np.testing.assert_array_equal(call()[1].ravel(), arguments()["pixels"][:192])
    assert (
        call(indices=np.empty(0, np.int64), ids=np.empty(0, np.uint64), out=np.empty((0, 8, 8, 3), np.uint8)).size == 0
    )
    read_only = arguments()["pixels"]
    read_only.flags.writeable = False
    call(pixels=read_only)


@pytest.mark.parametrize(
    ("ops", "error", "message"),
    [
        ("resize", TypeError, "ops must be a sequence of (name, params, stream), not str"),
        (3, TypeError, "ops must be a sequence of (name, params, stream), not int"),
        (["resize"], TypeError, "op 0 must be a tuple (name, params, stream)"),
        ([("resize", RESIZE)], TypeError, "op 0 must be a tuple (name, params, stream)"),
        ([(1, RESIZE, 0)], TypeError, "op 0: the name must be a str, not int"),
        ([("resize", [], 0)], TypeError, "op 0: params must be a mapping, not list"),
        ([("resize", RESIZE, 1.0)], TypeError, "op 0: stream must be a whole number, not float"),
        ([("resize", RESIZE, -1)], ValueError, "op 0: stream must be between 0 and 18446744073709551615, not -1"),
        ([("blur", {}, 0)], ValueError, "op 0: unknown name 'blur'; known are adaptive_threshold, "),
        ([("resize", {}, 0)], ValueError, "op 0 (resize): parameter 'fit' is missing"),
        ([("resize", {"fit": "cover"}, 0)], ValueError, "op 0 (resize): parameter 'size' is missing"),
        (
            [("resize", {**RESIZE, "sise": 1}, 0)],
            ValueError,
            "op 0 (resize): unknown parameter 'sise'; it takes probability, size",
        ),
        ([("resize", {**RESIZE, 1: 1}, 0)], TypeError, "op 0: parameter names must be str"),
        ([("resize", {**RESIZE, "size": 0}, 0)], ValueError, "'size' must be between 1 and 8192, not 0"),
        ([("resize", {**RESIZE, "size": 2**70}, 0)], ValueError, "parameter 'size' is too large"),
        ([("resize", {**RESIZE, "size": 8.0}, 0)], TypeError, "'size' must be a whole number, not 8"),
        ([("resize", {**RESIZE, "size": True}, 0)], TypeError, "'size' must be a whole number, not True"),
        ([("resize", {**RESIZE, "size": None}, 0)], TypeError, "must be a bool, int, float, str or tuple of numbers"),
        ([("resize", {**RESIZE, "antialias": 1}, 0)], TypeError, "'antialias' must be True or False, not 1"),
        ([("resize", {**RESIZE, "fit": "pad"}, 0)], ValueError, "must be one of cover, stretch, shorter, not 'pad'"),
        ([("resize", {**RESIZE, "fit": 1}, 0)], TypeError, "'fit' must be one of cover, stretch, shorter, not 1"),
        ([("center_crop", {"size": 10**6}, 0)], ValueError, "'size' must be between 1 and 8192, not 1000000"),
        ([("horizontal_flip", {"probability": 1.5}, 0)], ValueError, "'probability' must be between 0 and 1, not 1.5"),
        ([("horizontal_flip", {"probability": 1.0000001}, 0)], ValueError, "must be between 0 and 1, not 1.0000001"),
        (
            [("affine", {"degrees_low": 3, "degrees_high": 1, "border": "edge"}, 0)],
            ValueError,
            "'degrees_low' must not exceed 'degrees_high', but they are 3 and 1",
        ),
        (
            [("threshold", {"value": (1, 2), "channel": "0"}, 0)],
            ValueError,
            "'value' must be a tuple of one number, not",
        ),
        ([("horizontal_flip", {"probability": float("nan")}, 0)], ValueError, "must be between 0 and 1, not nan"),
        ([("horizontal_flip", {"probability": "x"}, 0)], TypeError, "'probability' must be a number, not 'x'"),
        ([("rotate", {**ROTATE, "degrees": float("inf")}, 0)], ValueError, "must be between 0 and 360, not inf"),
        ([("random_resized_crop", {**CROP, "scale_low": 0.0}, 0)], ValueError, "'scale_low' must be between"),
        ([("random_resized_crop", {**CROP, "scale_high": 0.05}, 0)], ValueError, "'scale_low' must not exceed"),
        ([("random_resized_crop", {**CROP, "ratio_low": 2}, 0)], ValueError, "'ratio_low' must not exceed"),
        ([("morphology", {**MORPHOLOGY, "size": 64}, 0)], ValueError, "'size' must be between 1 and 63, not 64"),
        (
            [("morphology", {**MORPHOLOGY, "shape": "disk", "size": 4}, 0)],
            ValueError,
            "must be odd for shape 'disk'",
        ),
        ([("normalize", {**NORMALIZE, "std": (1, 1)}, 0)], ValueError, "'std' must be a tuple of 3 numbers"),
        (
            [("normalize", {**NORMALIZE, "std": (1, 0, 1)}, 0)],
            ValueError,
            "each number of parameter 'std' must be",
        ),
        ([("normalize", {**NORMALIZE, "std": (1, "x", 1)}, 0)], TypeError, "'std' must hold numbers only, not str"),
        ([("normalize", {**NORMALIZE, "mean": 0.5}, 0)], TypeError, "'mean' must be a tuple of 3 numbers"),
        ([("normalize", NORMALIZE, 0), ("resize", RESIZE, 0)], ValueError, "op 0 (normalize): it must be the last op"),
    ],
)
def test_a_bad_chain_is_refused(ops, error, message):
    with pytest.raises(error, match=re.escape(message)):
        _native.Chain(ops, 3)


@pytest.mark.parametrize(("channels", "error"), [(2, ValueError), (0, ValueError), (5, ValueError), (3.0, TypeError)])
def test_a_bad_number_of_channels_is_refused(channels, error):
    with pytest.raises(error, match="channels must be"):
        _native.Chain([], channels)


def sharing_memory():
    memory = np.zeros(2000, np.uint8)
    return {"pixels": memory[:1000], "out": memory[800:1184].reshape(2, 8, 8, 3)}


BAD = {
    "pixels list": ({"pixels": [1, 2]}, TypeError, "pixels must be a NumPy array of uint8, not list"),
    "pixels type": ({"pixels": np.zeros(576, np.int8)}, TypeError, "pixels must be an array of uint8, not int8"),
    "pixels shape": ({"pixels": np.zeros((3, 192), np.uint8)}, ValueError, "pixels must have one dimension, not 2"),
    "pixels stride": ({"pixels": np.zeros(1152, np.uint8)[::2]}, ValueError, "contiguous, its stride is 2"),
    "pixels reversed": ({"pixels": np.zeros(576, np.uint8)[::-1]}, ValueError, "pixels must be contiguous"),
    "pixels short": ({"pixels": np.zeros(575, np.uint8)}, ValueError, "sample 2: its 192 values at offset 384"),
    "offsets type": ({"offsets": np.zeros(3, np.int32)}, TypeError, "offsets must be an array of int64, not int32"),
    "offsets order": ({"offsets": np.zeros(3, ">i8")}, TypeError, "offsets must be an array of int64, not >i8"),
    "offsets unaligned": (
        {"offsets": np.frombuffer(bytes(25), np.uint8)[1:].view(np.int64)},
        ValueError,
        "offsets must be aligned",
    ),
    "offsets negative": ({"offsets": np.array([0, 0, -1])}, ValueError, "sample 2: its 192 values at offset -1"),
    "images huge": (
        {"heights": np.full(3, 2**16, np.int32), "widths": np.full(3, 2**15, np.int32)},
        ValueError,
        "sample 2: images may have at most 2147483647 pixels, not 65536x32768",
    ),
    "offsets huge": ({"offsets": np.array([0, 0, 2**63 - 1])}, ValueError, "sample 2: its 192 values at offset 92233"),
    "heights count": ({"heights": np.ones(2, np.int32)}, ValueError, "heights must have as many elements"),
    "heights zero": ({"heights": np.array([8, 8, 0], np.int32)}, ValueError, "sample 2: height and width"),
    "heights huge": ({"heights": np.array([8, 8, 2**24], np.int32)}, ValueError, "sample 2: its 402653184 values"),
    "widths count": ({"widths": np.ones(4, np.int32)}, ValueError, "widths must have as many elements as offsets (3)"),
    "widths type": ({"widths": np.ones(3)}, TypeError, "widths must be an array of int32, not float64"),
    "widths negative": ({"widths": np.array([-8, 8, 8], np.int32)}, ValueError, "sample 0: height and width"),
    "indices high": ({"indices": np.array([0, 3])}, ValueError, "indices[1] must be between 0 and the number"),
    "indices negative": ({"indices": np.array([-1, 0])}, ValueError, "indices[0] must be between 0"),
    "ids type": ({"ids": np.array([1, 2])}, TypeError, "ids must be an array of uint64, not int64"),
    "ids count": ({"ids": np.array([1], np.uint64)}, ValueError, "ids must have as many elements as indices"),
    "seed negative": ({"seed": -1}, ValueError, "seed must be between 0 and 18446744073709551615, not -1"),
    "seed float": ({"seed": 1.0}, TypeError, "seed must be a whole number, not float"),
    "epoch huge": ({"epoch": 2**32}, ValueError, "epoch must be between 0 and 4294967295, not 4294967296"),
    "threads negative": ({"threads": -1}, ValueError, "threads must be between 0 and 1024, not -1"),
    "threads bool": ({"threads": True}, TypeError, "threads must be a whole number, not bool"),
    "out list": ({"out": []}, TypeError, "out must be a NumPy array of uint8 or float32, not list"),
    "out type": ({"out": np.empty((2, 3, 8, 8))}, TypeError, "out must be an array of uint8 or float32, not float64"),
    "out shape": ({"out": np.empty((8, 8, 3), np.uint8)}, ValueError, "but has 3 dimensions"),
    "out channels": ({"out": np.empty((2, 3, 8, 8), np.uint8)}, ValueError, "with 3 channels, not 8"),
    "out count": ({"out": np.empty((3, 8, 8, 3), np.uint8)}, ValueError, "as many images as indices (2), not 3"),
    "out size": ({"out": np.empty((2, 9, 8, 3), np.uint8)}, ValueError, "sample 2 comes out with 8x8 pixels"),
    "out strided": ({"out": np.empty((2, 8, 16, 3), np.uint8)[:, :, ::2]}, ValueError, "out must be contiguous"),
    "out transposed": (
        {"out": np.empty((2, 8, 8, 3), np.float32).transpose(0, 3, 2, 1)},
        ValueError,
        "order of channels last",
    ),
    "out broadcast": ({"out": np.broadcast_to(np.zeros(3, np.uint8), (2, 8, 8, 3))}, ValueError, "writeable"),
    "out shared": (sharing_memory(), ValueError, "out must not share memory with pixels"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_call_is_refused(case):
    changed, error, message = BAD[case]
    with pytest.raises(error, match=re.escape(message)):
        call(**changed)


def test_images_that_come_out_with_different_sizes_are_refused_by_index():
    with pytest.raises(ValueError, match="sample 1 comes out with 4x8 pixels, but out holds 8x8"):
        call(heights=np.array([8, 4, 8], np.int32), indices=np.array([0, 1], np.int64))


def test_normalised_values_do_not_fit_bytes():
    with pytest.raises(ValueError, match="out must be float32, not uint8"):
        call([("normalize", NORMALIZE, 0)])


def test_nothing_is_written_when_a_call_is_refused():
    out = np.full((2, 8, 8, 3), 7, np.uint8)
    with pytest.raises(ValueError, match="indices"):
        call(out=out, indices=np.array([0, 99]))
    assert (out == 7).all()


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"ids": np.array([1])}, TypeError, "ids must be an array of uint64"),
        ({"first": -1}, ValueError, "first must be between"),
        ({"count": "2"}, TypeError, "count must be a whole number, not str"),
        ({"stream": 2**64}, ValueError, "stream must be between"),
    ],
)
def test_bad_arguments_of_uniform_are_refused(changed, error, message):
    valid = {"seed": 0, "stream": 0, "epoch": 0, "ids": np.zeros(2, np.uint64), "first": 0, "count": 2}
    with pytest.raises(error, match=message):
        _native.uniform(**{**valid, **changed})


anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**65), 2**65),
    st.floats(),
    st.text(max_size=4),
    st.lists(st.integers(0, 3)),
)
PARAMS = {
    "resize": RESIZE,
    "center_crop": {"size": 8},
    "random_resized_crop": CROP,
    "horizontal_flip": {"probability": 0.5},
    "rotate": ROTATE,
    "brightness_contrast": {"brightness": 0.1, "contrast": 0.1, "probability": 0.5},
    "morphology": MORPHOLOGY,
    "normalize": NORMALIZE,
}


def refusal(function, *args, **kwargs):
    """The message with which a call is refused; empty if it is not."""
    try:
        function(*args, **kwargs)
    except (TypeError, ValueError) as refused:
        return str(refused) or "no message"
    return ""


@settings(max_examples=200, deadline=None)
@given(data=st.data(), name=st.sampled_from(sorted(PARAMS)))
def test_any_parameter_is_either_used_or_refused_by_name(data, name):
    key = data.draw(st.sampled_from(sorted(PARAMS[name])))
    ops = [(name, {**PARAMS[name], key: data.draw(st.one_of(anything, st.integers(-2, 70)))}, 0)]
    message = refusal(_native.Chain, ops, 3)
    if message:
        assert f"'{key}'" in message
        return
    height, width = _native.Chain(ops, 3).output_size(8, 8)
    if height * width < 10**6:
        call(ops, out=np.zeros((2, 3, height, width), np.float32))


types = st.sampled_from(["u1", "i4", "i8", "u8", "f4", "f8", ">i8", "O", "c8", "?", "S3", "M8[s]"])
arrays = st.builds(np.zeros, st.lists(st.integers(0, 9), max_size=5), types)


@settings(max_examples=300, deadline=None)
@given(name=st.sampled_from(sorted(arguments())), value=st.one_of(anything, arrays))
def test_any_argument_is_either_used_or_refused_by_name(name, value):
    message = refusal(call, **{name: value})
    assert not message or name in message or "sample" in message


@pytest.mark.parametrize(
    "op", [("res\udcff", {}, 0), ("resize", {"size\udcff": 3}, 0), ("resize", {"size": "\udcff"}, 0)]
)
def test_half_a_character_is_a_wrong_value_in_one_line(op):
    with pytest.raises(ValueError, match=r"^op 0.* must be a text that UTF-8 can hold, not '.*\\udcff'$"):
        _native.Chain([op], 3)

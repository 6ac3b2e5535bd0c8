"""Morphology equals OpenCV to the bit, and obeys the algebra of erosion and dilation."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from reference import morphology as twin
from reference.chain import run
from skimage.morphology import disk

SHAPES = {"rectangle": cv2.MORPH_RECT, "cross": cv2.MORPH_CROSS, "ellipse": cv2.MORPH_ELLIPSE}
OPS = {"erode": cv2.MORPH_ERODE, "dilate": cv2.MORPH_DILATE, "open": cv2.MORPH_OPEN, "close": cv2.MORPH_CLOSE}


def core(image, op, size, shape):
    return run([("morphology", {"op": op, "size": size, "shape": shape}, 0)], [image])[0]


def opencv(image, op, size, shape):
    kernel = disk((size - 1) // 2) if shape == "disk" else cv2.getStructuringElement(SHAPES[shape], (size, size))
    return cv2.morphologyEx(image, OPS[op], kernel).reshape(image.shape)


def sizes_of(shape, sizes):
    return [size for size in sizes if shape != "disk" or size % 2]


def check(rng, shape, size, pictures):
    for height, width, channels in pictures:
        image = rng.integers(0, 256, (height, width, channels), dtype=np.uint8)
        for op in OPS:
            np.testing.assert_array_equal(
                core(image, op, size, shape), opencv(image, op, size, shape), f"{op} of {image.shape}"
            )


CASES = [(s, k) for s in [*SHAPES, "disk"] for k in sizes_of(s, [1, 2, 3, 4, 5, 6, 7, 9, 12, 15, 16, 17, 31, 32, 63])]


@pytest.mark.parametrize(("shape", "size"), CASES)
def test_equals_opencv(rng, shape, size):
    check(rng, shape, size, [(37, 53, 3), (70, 131, 1), (11, 6, 4)])


@pytest.mark.parametrize("shape", [*SHAPES, "disk"])
@pytest.mark.parametrize("picture", [(1, 1, 3), (1, 40, 1), (40, 1, 4), (2, 3, 3)])
def test_equals_opencv_where_the_picture_is_smaller_than_the_element(rng, shape, picture):
    for size in sizes_of(shape, [2, 3, 8, 21, 62, 63]):
        check(rng, shape, size, [picture])


@pytest.mark.slow
@pytest.mark.parametrize("shape", [*SHAPES, "disk"])
@pytest.mark.parametrize("size", range(1, 64))
def test_equals_opencv_for_every_size(rng, shape, size):
    if size in sizes_of(shape, [size]):
        check(rng, shape, size, [(224, 224, 3), (61, 300, 1), (90, 400, 3), (5, 9, 4), (33, 17, 3), (1, 1, 1)])


@pytest.mark.parametrize("shape", [*SHAPES, "disk"])
@pytest.mark.parametrize("size", [1, 2, 3, 6, 9, 14, 15])
def test_equals_the_twin(rng, shape, size):
    if size not in sizes_of(shape, [size]):
        pytest.skip("disks have odd sizes")
    image = rng.integers(0, 256, (23, 31, 3), dtype=np.uint8)
    for op in OPS:
        np.testing.assert_array_equal(core(image, op, size, shape), twin.morphology(image, op, size, shape))


images = npst.arrays(
    np.uint8,
    st.tuples(st.integers(1, 24), st.integers(1, 24), st.sampled_from([1, 3, 4])),
    elements=st.integers(0, 255),
)
elements = st.tuples(st.integers(1, 33), st.sampled_from(sorted(SHAPES)))
few = settings(max_examples=40, deadline=None)


@few
@given(image=images, element=elements)
def test_dilation_is_extensive_and_erosion_anti_extensive(image, element):
    assert (core(image, "dilate", *element) >= image).all()
    assert (core(image, "erode", *element) <= image).all()


@few
@given(image=images, size=st.integers(0, 16), shape=st.sampled_from(sorted(SHAPES)))
def test_opening_and_closing_are_idempotent_and_bound_the_picture_for_odd_sizes(image, size, shape):
    element = (2 * size + 1, shape)
    opened, closed = core(image, "open", *element), core(image, "close", *element)
    assert (opened <= image).all()
    assert (closed >= image).all()
    np.testing.assert_array_equal(core(opened, "open", *element), opened)
    np.testing.assert_array_equal(core(closed, "close", *element), closed)


@few
@given(image=images, element=elements)
def test_erosion_is_dilation_of_the_negative(image, element):
    np.testing.assert_array_equal(core(image, "erode", *element), 255 - core(255 - image, "dilate", *element))
    np.testing.assert_array_equal(core(image, "open", *element), 255 - core(255 - image, "close", *element))


@few
@given(image=images, element=elements, other=st.integers(0, 255))
def test_every_operation_is_monotone(image, element, other):
    brighter = np.maximum(image, np.uint8(other))
    for op in OPS:
        assert (core(image, op, *element) <= core(brighter, op, *element)).all()


@few
@given(image=images, element=elements, down=st.integers(0, 5), right=st.integers(0, 5))
def test_erosion_moves_with_the_picture(image, element, down, right):
    margins = ((down, 0), (right, 0), (0, 0))
    moved = core(np.pad(image, margins, constant_values=255), "erode", *element)
    np.testing.assert_array_equal(moved[down:, right:], core(image, "erode", *element))

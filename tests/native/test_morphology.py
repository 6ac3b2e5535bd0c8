"""Morphology equals OpenCV to the bit, and obeys the algebra of erosion and dilation."""

from __future__ import annotations

from itertools import product

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from reference import morphology as twin
from reference.chain import run
from scipy import ndimage
from skimage.morphology import disk

SHAPES = {"rectangle": cv2.MORPH_RECT, "cross": cv2.MORPH_CROSS, "ellipse": cv2.MORPH_ELLIPSE}
OPS = {
    "erode": cv2.MORPH_ERODE,
    "dilate": cv2.MORPH_DILATE,
    "open": cv2.MORPH_OPEN,
    "close": cv2.MORPH_CLOSE,
    "gradient": cv2.MORPH_GRADIENT,
    "tophat": cv2.MORPH_TOPHAT,
    "blackhat": cv2.MORPH_BLACKHAT,
}
BASIC = ("erode", "dilate", "open", "close")
BORDERS = {
    "neutral": cv2.BORDER_CONSTANT,
    "constant": cv2.BORDER_CONSTANT,
    "edge": cv2.BORDER_REPLICATE,
    "reflect": cv2.BORDER_REFLECT,
    "reflect101": cv2.BORDER_REFLECT_101,
}


TWICE = {"open": (cv2.erode, cv2.dilate), "close": (cv2.dilate, cv2.erode)}
TWICE |= {"tophat": TWICE["open"], "blackhat": TWICE["close"]}


def core(image, op, size, shape, **others):
    return run([("morphology", {"op": op, "size": size, "shape": shape, **others}, 0)], [image])[0]


def opencv(image, op, size, shape, iterations=1, border="neutral", border_value=None, anchor="centered"):
    kernel = disk((size - 1) // 2) if shape == "disk" else cv2.getStructuringElement(SHAPES[shape], (size, size))
    words = {} if border_value is None else {"borderValue": (border_value,) * 4}
    words |= {"iterations": iterations, "borderType": BORDERS[border]}
    if op not in TWICE or anchor == "opencv":
        return cv2.morphologyEx(image, OPS[op], kernel, **words).reshape(image.shape)
    first, second = TWICE[op]
    middle = size - 1 - size // 2
    done = second(first(image, kernel, **words), kernel[::-1, ::-1].copy(), anchor=(middle, middle), **words)
    difference = {"tophat": (image, done), "blackhat": (done, image)}.get(op)
    return (done if difference is None else cv2.subtract(*(each.reshape(image.shape) for each in difference))).reshape(
        image.shape
    )


def sizes_of(shape, sizes):
    return [size for size in sizes if shape != "disk" or size % 2]


def check(rng, shape, size, images):
    for height, width, channels in images:
        image = rng.integers(0, 256, (height, width, channels), dtype=np.uint8)
        for op, others in with_anchors(size):
            np.testing.assert_array_equal(
                core(image, op, size, shape, **others),
                opencv(image, op, size, shape, **others),
                f"{op} {others} of {image.shape}",
            )


def with_anchors(size):
    """Every operation with its default anchor, and with that of OpenCV where it matters."""
    return [(op, {}) for op in OPS] + [(op, {"anchor": "opencv"}) for op in TWICE if size % 2 == 0]


def random_image(rng, shape, pixel_type=np.uint8):
    return rng.integers(0, np.iinfo(pixel_type).max, shape, pixel_type, endpoint=True)


def check_settings(image, *, sizes, iterations, against=opencv):
    """Every operation, shape and border in each of the sizes and iterations."""
    for shape, border, (op, anchor) in product(SHAPES, BORDERS, with_anchors(2)):
        for size, times in product(sizes, iterations):
            if anchor and size % 2:
                continue
            others = {"iterations": times, "border": border, **anchor}
            if border == "constant":
                others["border_value"] = 100
            got = core(image, op, size, shape, **others)
            np.testing.assert_array_equal(
                got, against(image, op, size, shape, **others), f"{op} {size} {shape} {others}"
            )


CASES = [(s, k) for s in [*SHAPES, "disk"] for k in sizes_of(s, [1, 2, 3, 4, 5, 6, 7, 9, 12, 15, 16, 17, 31, 32, 63])]


@pytest.mark.parametrize(("shape", "size"), CASES)
def test_equals_opencv(rng, shape, size):
    check(rng, shape, size, [(37, 53, 3), (70, 131, 1), (11, 6, 4)])


@pytest.mark.parametrize("shape", [*SHAPES, "disk"])
@pytest.mark.parametrize("image", [(1, 1, 3), (1, 40, 1), (40, 1, 4), (2, 3, 3)])
def test_equals_opencv_where_the_image_is_smaller_than_the_element(rng, shape, image):
    for size in sizes_of(shape, [2, 3, 8, 21, 62, 63]):
        check(rng, shape, size, [image])


@pytest.mark.parametrize(
    "image",
    [
        (23, 31, 3),
        (2, 3, 4),
        *(pytest.param(shape, marks=pytest.mark.slow) for shape in ((9, 40, 1), (1, 1, 3), (1, 17, 1))),
    ],
)
@pytest.mark.parametrize("pixel_type", [np.uint8, np.uint16])
def test_borders_and_iterations_equal_opencv(rng, image, pixel_type):
    check_settings(random_image(rng, image, pixel_type), sizes=(1, 2, 3, 6, 9), iterations=(1, 2, 3))


@pytest.mark.slow
@pytest.mark.longest
@pytest.mark.parametrize("image", [(61, 53, 3), (224, 224, 1), (5, 90, 4)])
@pytest.mark.parametrize("pixel_type", [np.uint8, np.uint16])
def test_every_border_and_more_iterations_equal_opencv(rng, image, pixel_type):
    check_settings(random_image(rng, image, pixel_type), sizes=(2, 5, 16, 31, 63), iterations=(1, 4, 16))


@pytest.mark.parametrize("pixel_type", [np.uint8, np.uint16])
def test_borders_and_iterations_equal_the_twin(rng, pixel_type):
    for image in [(7, 11, 3), (2, 3, 1)]:
        check_settings(
            random_image(rng, image, pixel_type), sizes=(1, 2, 5), iterations=(1, 2), against=twin.morphology
        )


@pytest.mark.parametrize("border", ["wrap", "transparent"])
def test_a_border_that_opencv_refuses_is_refused(rng, border):
    with pytest.raises(ValueError, match="'border' must be one of neutral, constant"):
        core(random_image(rng, (5, 5, 1)), "erode", 3, "cross", border=border)
    with pytest.raises(cv2.error):
        cv2.erode(np.zeros((5, 5), np.uint8), np.ones((3, 3), np.uint8), borderType=cv2.BORDER_WRAP)


def test_a_value_of_the_border_is_refused_where_it_would_not_count(rng):
    with pytest.raises(ValueError, match="parameter 'border_value' is for border constant only"):
        core(random_image(rng, (5, 5, 1)), "erode", 3, "cross", border="edge", border_value=3)


@pytest.mark.parametrize("pixel_type", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", ["rectangle", "ellipse", "disk"])
def test_equals_opencv_in_sixteen_bits_for_many_sizes(rng, shape, pixel_type):
    image = random_image(rng, (45, 70, 3), pixel_type)
    for size in sizes_of(shape, [2, 3, 4, 7, 8, 15, 31, 48, 63]):
        for op in ("dilate", "open", "tophat"):
            np.testing.assert_array_equal(core(image, op, size, shape), opencv(image, op, size, shape))


@pytest.mark.parametrize("size", [3, 4, 5, 8, 31])
@pytest.mark.parametrize("shape", ["rectangle", "cross", "disk"])
def test_equals_scipy_with_its_origin_for_even_sizes(rng, shape, size):
    """SciPy's footprint of a dilation is mirrored, and its anchor is the other middle one where the size is even."""
    if size not in sizes_of(shape, [size]):
        pytest.skip("disks have odd sizes")
    image = random_image(rng, (33, 29))
    flags = twin.element(shape, size)
    origin = -1 if size % 2 == 0 else 0
    for mode, border in [("reflect", "reflect"), ("nearest", "edge"), ("mirror", "reflect101")]:
        eroded = ndimage.grey_erosion(image, footprint=flags, mode=mode)
        dilated = ndimage.grey_dilation(image, footprint=flags[::-1, ::-1], mode=mode, origin=origin)
        np.testing.assert_array_equal(core(image[..., None], "erode", size, shape, border=border)[..., 0], eroded)
        np.testing.assert_array_equal(core(image[..., None], "dilate", size, shape, border=border)[..., 0], dilated)


@pytest.mark.parametrize("pixel_type", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("op", OPS)
def test_on_luminance_every_channel_gets_the_change_of_opencvs_grey(rng, op, channels, pixel_type):
    image = random_image(rng, (19, 37, channels), pixel_type)
    got = core(image, op, 5, "ellipse", on="luminance", iterations=2)
    grey = image if channels == 1 else cv2.cvtColor(image[..., :3], cv2.COLOR_RGB2GRAY)[..., None]
    change = opencv(grey, op, 5, "ellipse", iterations=2).astype(int) - grey
    wanted = (image[..., :3].astype(int) + change).clip(0, np.iinfo(pixel_type).max)
    np.testing.assert_array_equal(got[..., :3], wanted)
    np.testing.assert_array_equal(got[..., 3:], image[..., 3:])
    params = {"op": op, "size": 5, "shape": "ellipse", "on": "luminance", "iterations": 2}
    np.testing.assert_array_equal(got, twin.morphology(image, **params))


def test_on_luminance_a_grey_image_comes_out_as_in_each_channel(rng):
    image = random_image(rng, (20, 31, 1)).repeat(3, axis=2)
    for op in BASIC:
        np.testing.assert_array_equal(core(image, op, 3, "cross", on="luminance"), core(image, op, 3, "cross"))


def test_only_the_drawn_share_of_the_images_is_changed(rng):
    image = random_image(rng, (12, 12, 1))
    params = {"op": "dilate", "size": 3, "shape": "cross", "probability": 0.3}
    done = run([("morphology", params, 5)], [image] * 400)
    dilated = core(image, "dilate", 3, "cross")
    changed = [np.array_equal(one, dilated) for one in done]
    assert all(np.array_equal(one, image) for one, is_changed in zip(done, changed, strict=True) if not is_changed)
    assert 90 <= sum(changed) <= 150  # 120 wanted, standard deviation 9


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
    for op, others in with_anchors(size):
        got = core(image, op, size, shape, **others)
        np.testing.assert_array_equal(got, twin.morphology(image, op, size, shape, **others))


@pytest.mark.parametrize("shape", [*SHAPES, "disk"])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 8, 9, 62])
@pytest.mark.parametrize("iterations", [1, 2])
def test_openings_take_only_light_away_and_do_so_once_for_every_size(rng, shape, size, iterations):
    """Anti-extensive, idempotent, and the dual of a closing; with OpenCV's anchor, even sizes shift the image."""
    if size not in sizes_of(shape, [size]):
        pytest.skip("disks have odd sizes")
    image = random_image(rng, (40, 57, 3))
    words = {"size": size, "shape": shape, "iterations": iterations}
    opened, closed = core(image, "open", **words), core(image, "close", **words)
    assert (opened <= image).all()
    assert (closed >= image).all()
    np.testing.assert_array_equal(core(opened, "open", **words), opened)
    np.testing.assert_array_equal(core(closed, "close", **words), closed)
    np.testing.assert_array_equal(core(255 - image, "open", **words), 255 - closed)
    np.testing.assert_array_equal(core(image, "tophat", **words), image - opened)
    np.testing.assert_array_equal(core(image, "blackhat", **words), closed - image)
    if size in (2, 4):
        assert (core(image, "open", anchor="opencv", **words) > image).any()


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
def test_opening_and_closing_are_idempotent_and_bound_the_image_for_odd_sizes(image, size, shape):
    element = (2 * size + 1, shape)
    opened, closed = core(image, "open", *element), core(image, "close", *element)
    assert (opened <= image).all()
    assert (closed >= image).all()
    np.testing.assert_array_equal(core(opened, "open", *element), opened)
    np.testing.assert_array_equal(core(closed, "close", *element), closed)


@few
@given(image=images, element=elements, times=st.integers(1, 3))
def test_erosion_is_dilation_of_the_negative(image, element, times):
    """With OpenCV's anchor, which is the same for both, this holds for even sizes, too."""
    negative = 255 - image
    for one, other in [("erode", "dilate"), ("open", "close")]:
        np.testing.assert_array_equal(
            core(image, one, *element, iterations=times), 255 - core(negative, other, *element, iterations=times)
        )
    np.testing.assert_array_equal(core(image, "tophat", *element), core(negative, "blackhat", *element))
    np.testing.assert_array_equal(core(image, "gradient", *element), core(negative, "gradient", *element))


@few
@given(image=images, size=st.integers(1, 9), times=st.integers(1, 5))
def test_a_rectangle_several_times_is_a_larger_one_once(image, size, times):
    often = core(image, "dilate", 2 * size + 1, "rectangle", iterations=times)
    np.testing.assert_array_equal(often, core(image, "dilate", min(2 * size * times + 1, 63), "rectangle"))


@few
@given(image=images, size=st.integers(0, 7), shape=st.sampled_from(sorted(SHAPES)))
def test_the_hats_and_the_opening_add_up_to_the_image_for_odd_sizes(image, size, shape):
    element = (2 * size + 1, shape)
    np.testing.assert_array_equal(core(image, "open", *element) + core(image, "tophat", *element), image)
    np.testing.assert_array_equal(core(image, "close", *element) - core(image, "blackhat", *element), image)


@few
@given(image=images, element=elements, other=st.integers(0, 255))
def test_erosion_dilation_opening_and_closing_are_monotone(image, element, other):
    brighter = np.maximum(image, np.uint8(other))
    for op in BASIC:
        assert (core(image, op, *element) <= core(brighter, op, *element)).all()


@few
@given(image=images, element=elements, down=st.integers(0, 5), right=st.integers(0, 5))
def test_erosion_moves_with_the_image(image, element, down, right):
    margins = ((down, 0), (right, 0), (0, 0))
    moved = core(np.pad(image, margins, constant_values=255), "erode", *element)
    np.testing.assert_array_equal(moved[down:, right:], core(image, "erode", *element))


@few
@given(image=images, element=elements)
def test_a_binary_image_stays_binary(image, element):
    binary = np.where(image > 127, np.uint8(255), np.uint8(0))
    for op in OPS:
        assert set(np.unique(core(binary, op, *element))) <= {0, 255}

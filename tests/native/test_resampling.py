"""How exact resizing of 8-bit images is: against float64, with and without rounding between passes, and Pillow."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from reference import geometry
from reference.chain import run

PILLOW = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
# How far a sum may be off before it is rounded. Cubic weights have 24 bits. The others have 14 or more, so that their
# running sum is off by up to 2^-15: 255 * 2^-15 for each of at most three steps between neighbours, or more and finer.
DOUBT = {"bicubic": 1e-3, "bilinear": 0.025, "area": 0.025}
PILLOWS_DOUBT = 1e-3  # 22 bits: 255 * 2^-23 for each of some ten weights
SIZES = [
    (240, 320),
    (150, 97),
    (33, 64),
]  # 320 -> 224 has sums of exactly a half wherever the neighbours mirror each other


def resized(image, size, interpolation):
    params = {"size": size, "fit": "stretch", "interpolation": interpolation}
    params |= {} if interpolation == "area" else {"antialias": True}
    return run([("resize", params, 0)], [image])[0]


def pillow(image, size, interpolation):
    squeezed = Image.fromarray(image[..., 0] if image.shape[2] == 1 else image)
    return np.asarray(squeezed.resize((size, size), PILLOW[interpolation])).reshape(size, size, image.shape[2])


def noise(rng, height, width, channels=3, low=0, high=255):
    return rng.integers(low, high + 1, (height, width, channels), dtype=np.uint8)


def black_and_white(rng, height, width):
    return 255 * noise(rng, height, width, high=1)


def difference(a, b):
    return np.abs(a.astype(int) - b.astype(int))


def check_passes(image, got, size, interpolation, doubt):
    """Two passes and a rounding between them give these values; sums half-way but for *doubt* may fall either way.

    Returns the share of the values that may be one of several.
    """
    low, high = geometry.resampled_between(image, size, size, True, interpolation, doubt)
    assert (low <= got).all(), (image.shape, size)
    assert (got <= high).all(), (image.shape, size)
    assert int((high - low).max()) <= 2
    return (high > low).mean()


@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear", "area"])
def test_resizing_is_two_passes_with_one_rounding_to_bytes_between_them(rng, interpolation):
    for height, width in SIZES:
        for image in (noise(rng, height, width), noise(rng, height, width, 1), black_and_white(rng, height, width)):
            for size in (41, 224):
                got = resized(image, size, interpolation)
                doubtful = check_passes(image, got, size, interpolation, DOUBT[interpolation])
                assert doubtful < (0.1 if interpolation == "bicubic" else 0.5), (height, width, size)


@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
def test_pillow_has_the_same_passes_with_weights_of_22_bits(rng, interpolation):
    """To the bit. It begins with the rows, as we do, but since version 13 with the columns where that is less work."""
    for height, width in [*SIZES, (320, 240)]:
        for image in (noise(rng, height, width), black_and_white(rng, height, width)):
            for size in (41, 224):
                wanted = pillow(image, size, interpolation)
                orders = [
                    geometry.resampled_as_pillow(image, size, size, interpolation, first) for first in (True, False)
                ]
                assert any((wanted == order).all() for order in orders), (height, width, size)


@pytest.mark.parametrize(("interpolation", "most"), [("bicubic", 2), ("bilinear", 1)])
def test_resizing_is_within_these_levels_of_pillow_where_both_begin_with_the_rows(rng, interpolation, most):
    """Half-way sums of the first pass fall either way; cubic weights, some negative, make up to 1.27 of that level."""
    for height, width in SIZES:
        for image in (noise(rng, height, width), black_and_white(rng, height, width)):
            for size in (41, 224):
                wanted = geometry.resampled_as_pillow(image, size, size, interpolation)
                away = difference(resized(image, size, interpolation), wanted)
                assert away.max() <= most, (height, width, size)
                assert (away > 1).mean() < 1e-3
                assert (away > 0).mean() < 0.05


@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear", "area"])
def test_two_roundings_and_nothing_else_keep_resizing_from_the_exact_value(rng, interpolation):
    """Half a level for the second, and for the first half a level times the sum of the weights' sizes, 1 to 1.27.

    The noise is so faint that cubic weights lead nowhere beyond black or white: that would be cut off between them.
    """
    for height, width in SIZES:
        for size in (41, 224):
            image = noise(rng, height, width, low=64, high=191)
            exact = geometry.exactly_resampled(image, size, size, True, interpolation)
            sizes = np.abs(geometry.weights(height, size, True, interpolation)).sum(axis=1).max()
            error = np.abs(resized(image, size, interpolation) - exact)
            assert error.max() <= 0.5 + 0.5 * sizes + 2.5 * DOUBT[interpolation], (height, width, size)
            if interpolation in PILLOW:
                theirs = np.abs(geometry.resampled_as_pillow(image, size, size, interpolation) - exact)
                assert theirs.max() <= 0.5 + 0.5 * sizes + 2.5 * PILLOWS_DOUBT
                assert error.mean() <= theirs.mean() + 1e-3  # neither is nearer


@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
def test_photographs_come_out_as_from_pillow_but_for_sums_half_way(real_data, interpolation):
    paths = sorted((real_data / "flowers").rglob("*.jpg"))
    for path in paths[:: max(1, len(paths) // 3)]:
        with Image.open(path) as opened:
            image = np.asarray(opened.convert("RGB").resize((320, 240)))
        got, wanted = resized(image, 224, interpolation), pillow(image, 224, interpolation)
        check_passes(image, got, 224, interpolation, DOUBT[interpolation])
        check_passes(image, wanted, 224, interpolation, PILLOWS_DOUBT)
        away = difference(got, wanted)
        assert away.max() <= 2
        assert (away > 1).mean() < 1e-3

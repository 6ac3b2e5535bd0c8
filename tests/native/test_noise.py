"""Noise and erasing: equal to their twins, distributed as they say, told by explain()."""

from __future__ import annotations

import numpy as np
import pytest
from reference import noise as twin
from reference.chain import run
from reference.chain import twin as twin_of
from reference.philox import Draws, philox4x32_10
from scipy import stats

from flowerablate import _native

SHAPES = [(1, 1, 3), (1, 40, 1), (40, 1, 4), (2, 3, 3), (5, 6, 4), (37, 53, 3), (33, 70, 1), (97, 100, 4)]
FILLS = ["noise", "mean", "constant"]
ERASING = {"scale_low": 0.02, "scale_high": 0.4, "ratio_low": 0.3, "ratio_high": 3.3, "value": 0.3}


def images(rng, dtype=np.uint8):
    most = np.iinfo(dtype).max
    return [rng.integers(0, most, shape, dtype, endpoint=True) for shape in SHAPES]


def check(image, name, samples=3, **params):
    """The core equals the twin for several samples."""
    op = (name, params, 5)
    got = run([op], [image] * samples, seed=2, epoch=3)
    for sample in range(samples):
        wanted = twin_of([op], image, seed=2, epoch=3, sample=sample)
        np.testing.assert_array_equal(got[sample], wanted, f"{op}, {image.shape}, sample {sample}")


def explained(name, params, size, samples, stream=7):
    chain = _native.Chain([(name, params, stream)], 3)
    return [chain.explain(*size, sample, seed=5, epoch=2)[0] for sample in range(samples)]


def grey(samples=1, value=128, size=(224, 224)):
    return [np.full((*size, 3), value, np.uint8)] * samples


def test_the_vectorised_twin_draws_the_same_words_as_the_plain_one():
    draws = Draws(11, 12, 13, 2**40 + 14)
    counter = (14, 2**8, 13, twin.FIRST_BLOCK + 4)
    assert tuple(twin.pixel_words(draws, twin.FIRST_BLOCK, 9)[16:20]) == philox4x32_10(counter, draws.key)


@pytest.mark.parametrize("per_channel", [True, False])
@pytest.mark.parametrize(
    ("low", "high"), [(0.0, 0.0), (0.1, 0.1), (0.02, 0.3), (1.0, 1.0), (1e-4, 1e-4), (0.001, 0.001), (0.0078, 0.0082)]
)
def test_gaussian_noise_equals_the_twin(rng, low, high, per_channel):
    for image in images(rng):
        check(image, "gaussian_noise", std_low=low, std_high=high, per_channel=per_channel)


@pytest.mark.parametrize("per_channel", [True, False])
@pytest.mark.parametrize("amount", [0.0, 1e-9, 0.1, 1.0])
@pytest.mark.parametrize("salt_share", [0.0, 0.3, 1.0])
def test_salt_and_pepper_equals_the_twin(rng, amount, salt_share, per_channel):
    for image in images(rng):
        check(image, "salt_and_pepper", amount=amount, salt_share=salt_share, per_channel=per_channel)


@pytest.mark.parametrize("fill", FILLS)
def test_random_erasing_equals_the_twin(rng, fill):
    for image in images(rng):
        check(image, "random_erasing", samples=8, **ERASING, fill=fill, probability=0.8)


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize(
    ("holes", "size", "share"), [(1, 0, 0.5), (3, 7, 0.0), (64, 0, 0.1), (1, 8192, 0.0), (2, 0, 0.0)]
)
def test_cutout_equals_the_twin(rng, fill, holes, size, share):
    for image in images(rng):
        check(image, "cutout", holes=holes, size=size, share=share, fill=fill, value=0.7)


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("salt_and_pepper", {"amount": 0.3, "salt_share": 0.4, "per_channel": True}),
        ("salt_and_pepper", {"amount": 0.3, "salt_share": 0.4, "per_channel": False}),
        *[("random_erasing", {**ERASING, "fill": fill}) for fill in FILLS],
        *[("cutout", {"holes": 2, "size": 9, "share": 0.0, "fill": fill, "value": 0.7}) for fill in FILLS],
    ],
)
def test_16_bit_images_equal_the_twin(rng, name, params):
    for image in images(rng, np.uint16):
        chain = _native.Chain([(name, params, 5)], image.shape[2], dtype="uint16")
        out = np.empty((1, *image.shape), np.uint16)
        sizes = {"heights": np.array([image.shape[0]], np.int32), "widths": np.array([image.shape[1]], np.int32)}
        places = {"offsets": np.zeros(1, np.int64), "indices": np.zeros(1, np.int64), "ids": np.full(1, 4, np.uint64)}
        chain.run(image.ravel(), **sizes, **places, out=out, seed=2, epoch=3)
        np.testing.assert_array_equal(out[0], twin_of([(name, params, 5)], image, seed=2, epoch=3, sample=4))


def test_the_table_follows_the_quantiles_of_the_normal_distribution():
    p = np.arange(32768)
    length = twin.normal_length(p) / 4096
    exact = stats.norm.isf((p + 0.5) / 65536)
    assert np.abs(length - exact).max() < 0.0007
    assert (np.diff(length) <= 0).all()
    assert abs((length**2).mean() - 1) < 1e-4
    assert abs((length**4).mean() - 3) < 2e-3


def test_gaussian_noise_is_normal_with_the_deviation_that_was_asked_for():
    """Values are rounded, so they are compared with the normal distribution of whole numbers."""
    params = {"std_low": 0.1, "std_high": 0.1, "per_channel": True}
    got = run([("gaussian_noise", params, 1)], grey(8), seed=1)
    noise = got.astype(int).ravel() - 128
    n = len(noise)
    assert abs(noise.mean()) < 4 * 25.5 / np.sqrt(n)
    assert abs(noise.std() / np.hypot(25.5, np.sqrt(1 / 12)) - 1) < 4 / np.sqrt(2 * n)
    assert abs(stats.skew(noise)) < 4 * np.sqrt(6 / n)
    assert abs(stats.kurtosis(noise)) < 4 * np.sqrt(24 / n) + 0.002
    edges = np.arange(-80.5, 81)
    found = np.histogram(noise, edges)[0]
    wanted = np.diff(stats.norm.cdf(edges / 25.5)) * n
    chi2 = ((found - wanted) ** 2 / wanted).sum()
    assert stats.chi2.sf(chi2, len(wanted)) > 1e-4
    steps = np.abs(np.cumsum(found - wanted)).max() / n
    assert steps * np.sqrt(n) < 1.95  # Kolmogorov's bound at p = 0.001, for values that are not even continuous


def test_noise_has_no_pattern_in_space_channels_samples_or_epochs():
    op = ("gaussian_noise", {"std_low": 0.1, "std_high": 0.1, "per_channel": True}, 1)
    one, two = run([op], grey(2), seed=1).astype(float) - 128
    later = run([op], grey(1), seed=1, epoch=1)[0].astype(float) - 128
    for a, b in [
        (one[:, 1:], one[:, :-1]),
        (one[1:], one[:-1]),
        (one[..., 0], one[..., 1]),
        (one[:, 2:, 0], one[:, :-2, 2]),
        (one, two),
        (one, later),
    ]:
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 5 / np.sqrt(a.size)


def test_noise_of_whole_pixels_is_the_same_in_every_channel():
    params = {"std_low": 0.1, "std_high": 0.1, "per_channel": False}
    got = run([("gaussian_noise", params, 1)], grey())[0]
    assert (got == got[..., :1]).all()
    assert got.std() > 20


def test_the_deviation_is_drawn_uniformly_and_told():
    found = explained("gaussian_noise", {"std_low": 0.05, "std_high": 0.2, "per_channel": True}, (9, 9), 2000)
    values = [told["std"] for _, _, told in found]
    assert stats.kstest(values, "uniform", (0.05, 0.15)).pvalue > 1e-3


def test_salt_and_pepper_replaces_the_share_that_was_asked_for():
    params = {"amount": 0.1, "salt_share": 0.3, "per_channel": True}
    got = run([("salt_and_pepper", params, 1)], grey(8), seed=1)
    for value, share in [(255, 0.03), (0, 0.07), (128, 0.9)]:
        error = 4 * np.sqrt(share * (1 - share) / got.size)
        assert abs((got == value).mean() - share) < error


def test_salt_and_pepper_of_whole_pixels_keeps_them_grey():
    params = {"amount": 0.2, "salt_share": 0.5, "per_channel": False}
    got = run([("salt_and_pepper", params, 1)], grey())[0]
    assert (got == got[..., :1]).all()
    assert set(np.unique(got)) == {0, 128, 255}


def test_random_erasing_draws_areas_and_ratios_between_their_bounds():
    """Two small shares never fail an attempt on a large image, so their distributions are the plain ones."""
    params = {**ERASING, "scale_low": 0.02, "scale_high": 0.2, "fill": "mean"}
    found = [told for _, _, told in explained("random_erasing", params, (1000, 1000), 2000)]
    areas = np.array([told["height"] * told["width"] for told in found]) / 1e6
    ratios = np.log([told["height"] / told["width"] for told in found])
    assert stats.kstest(areas, "uniform", (0.02, 0.18)).pvalue > 1e-3
    assert stats.kstest(ratios, "uniform", (np.log(0.3), np.log(3.3 / 0.3))).pvalue > 1e-3
    tops = [told["top"] / (1001 - told["height"]) for told in found]
    lefts = [told["left"] / (1001 - told["width"]) for told in found]
    assert stats.kstest(tops, "uniform").pvalue > 1e-3
    assert stats.kstest(lefts, "uniform").pvalue > 1e-3


def test_random_erasing_changes_the_rectangle_that_it_tells_and_nothing_else():
    params = {**ERASING, "fill": "constant", "value": 0.0, "probability": 0.7}
    got = run([("random_erasing", params, 7)], grey(50, size=(30, 40)), seed=5, epoch=2)
    found = explained("random_erasing", params, (30, 40), 50)
    assert {applied for _, applied, _ in found} == {True, False}
    for image, (_, applied, told) in zip(got, found, strict=True):
        wanted = np.full((30, 40, 3), 128, np.uint8)
        if applied:
            rows = slice(told["top"], told["top"] + told["height"])
            wanted[rows, told["left"] : told["left"] + told["width"]] = 0
        np.testing.assert_array_equal(image, wanted)


def test_a_rectangle_that_never_fits_leaves_the_image_as_it_is():
    params = {**ERASING, "scale_low": 1.0, "scale_high": 1.0, "fill": "noise"}
    image = grey(1, size=(20, 20))[0]
    np.testing.assert_array_equal(run([("random_erasing", params, 1)], [image])[0], image)
    _, _, told = explained("random_erasing", params, (20, 20), 1)[0]
    assert told == {"top": 0, "left": 0, "height": 0, "width": 0}


def test_cutout_changes_the_squares_that_it_tells_and_nothing_else():
    params = {"holes": 3, "size": 8, "share": 0.0, "fill": "constant", "value": 1.0}
    got = run([("cutout", params, 7)], grey(20, size=(30, 40)), seed=5, epoch=2)
    for image, (_, _, told) in zip(got, explained("cutout", params, (30, 40), 20), strict=True):
        wanted = np.full((30, 40, 3), 128, np.uint8)
        holes = np.array([told[part] for part in ("top", "left", "height", "width")], int).T
        for top, left, height, width in holes:
            wanted[top : top + height, left : left + width] = 255
        np.testing.assert_array_equal(image, wanted)


def test_centres_of_cutout_lie_anywhere_in_the_image():
    params = {"holes": 1, "size": 1, "share": 0.0, "fill": "mean", "value": 0.0}
    found = [told for _, _, told in explained("cutout", params, (100, 100), 3000)]
    for part in ("top", "left"):
        counts = np.bincount([int(told[part][0]) // 10 for told in found], minlength=10)
        assert stats.chisquare(counts).pvalue > 1e-3


def test_erased_pixels_are_filled_with_uniform_bytes():
    params = {"holes": 1, "size": 8192, "share": 0.0, "fill": "noise", "value": 0.0}
    got = run([("cutout", params, 1)], grey(2, size=(250, 250)), seed=3)
    assert stats.chisquare(np.bincount(got.ravel(), minlength=256)).pvalue > 1e-3


def test_erased_pixels_are_filled_with_the_mean_of_the_image(rng):
    image = rng.integers(0, 256, (21, 33, 3), dtype=np.uint8)
    params = {"holes": 1, "size": 8192, "share": 0.0, "fill": "mean", "value": 0.0}
    got = run([("cutout", params, 1)], [image])[0]
    np.testing.assert_array_equal(got, np.broadcast_to(np.rint(image.mean((0, 1))), image.shape))


@pytest.mark.parametrize(
    ("name", "params", "message"),
    [
        (
            "gaussian_noise",
            {"std_low": 0.3, "std_high": 0.2, "per_channel": True},
            "parameter 'std_low' must not exceed 'std_high', but they are 0.3 and 0.2",
        ),
        (
            "cutout",
            {"holes": 0, "size": 3, "share": 0.0, "fill": "mean", "value": 0.0},
            "parameter 'holes' must be between 1 and 64, not 0",
        ),
        ("random_erasing", {**ERASING, "fill": "random"}, "must be one of noise, mean, constant, not 'random'"),
    ],
)
def test_what_cannot_be_drawn_is_said(name, params, message):
    with pytest.raises(ValueError, match=message):
        _native.Chain([(name, params, 0)], 3)

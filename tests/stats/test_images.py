"""The interval over replicates x images: against mean squares, the paired t test, and the truth it should cover."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from flowerablate.contracts import Contrast
from flowerablate.stats import paired_effect
from flowerablate.stats.images import Components, ImageEvidence, Influence, TwoLevel, two_level


def names(count: int) -> tuple[str, ...]:
    return tuple(f"{number:05d}" for number in range(count))


def influence(values: NDArray[np.float64], keys: Sequence[str]) -> Influence:
    """What each image adds to the mean of *values*."""
    return Influence(tuple(keys), tuple(keys), (values - values.mean()) / len(values))


def crossed(table: NDArray[np.float64]) -> TwoLevel:
    """The effects [R, J] of R replicates on the same J images."""
    found = two_level(table.mean(axis=1).tolist(), [influence(row, names(table.shape[1])) for row in table])
    assert found is not None
    return found


def made_up(
    seed: int, replicates: int, images: int, parts: tuple[float, float, float] = (1, 1, 1)
) -> NDArray[np.float64]:
    """Normal effects around 0; *parts*: what replicates, images and the rest add to the variance of the mean."""
    rng = np.random.default_rng(seed)
    of_replicate, of_image, rest = (
        math.sqrt(part * count) for part, count in zip(parts, (replicates, images, replicates * images), strict=True)
    )
    return np.asarray(
        of_replicate * rng.normal(size=(replicates, 1))
        + of_image * rng.normal(size=(1, images))
        + rest * rng.normal(size=(replicates, images))
    )


def mean_squares(table: NDArray[np.float64]) -> tuple[float, float, float]:
    """Of replicates, images and the rest, as a textbook's table of variance has them."""
    replicates, images = table.shape
    grand = float(table.mean())
    rows = [float(np.mean(row)) for row in table]
    columns = [float(np.mean(column)) for column in table.T]
    of_rows = images * sum((row - grand) ** 2 for row in rows) / (replicates - 1)
    of_columns = replicates * sum((column - grand) ** 2 for column in columns) / (images - 1)
    rest = sum((table[i, j] - rows[i] - columns[j] + grand) ** 2 for i in range(replicates) for j in range(images)) / (
        (replicates - 1) * (images - 1)
    )
    return of_rows, of_columns, float(rest)


@pytest.mark.parametrize("seed", range(4))
def test_on_one_test_set_the_variance_is_that_of_the_mean_squares(seed: int) -> None:
    table = made_up(seed, 5, 30, (1, 2, 1))
    of_rows, of_columns, rest = mean_squares(table)
    assert of_columns > rest  # else the estimate is another, see below
    found = crossed(table)
    assert found.mean == pytest.approx(table.mean())
    assert found.variance == pytest.approx((of_rows + of_columns - rest) / table.size)
    assert found.replicates == pytest.approx(of_rows / table.size)


def test_degrees_of_freedom_are_near_satterthwaites_for_normal_effects() -> None:
    table = made_up(1, 6, 2000, (2, 1, 1))
    of_rows, of_columns, rest = mean_squares(table)
    by_squares = (of_rows + of_columns - rest) ** 2 / (of_rows**2 / 5 + of_columns**2 / 1999 + rest**2 / (5 * 1999))
    assert crossed(table).df == pytest.approx(by_squares, rel=0.05)


def test_without_a_common_image_it_is_the_paired_t_interval() -> None:
    table = made_up(1, 7, 20)
    keys = names(table.size)
    found = two_level(
        table.mean(axis=1).tolist(), [influence(row, keys[20 * i : 20 * i + 20]) for i, row in enumerate(table)]
    )
    effect = paired_effect(table.mean(axis=1).tolist(), [0.0] * 7)
    assert found is not None
    assert found.interval(0.95) == pytest.approx((effect.low, effect.high))
    assert found.p == pytest.approx(effect.t_p)
    ((df, error),) = found.scales
    assert (df, error) == pytest.approx((6, effect.sd / math.sqrt(7)))
    assert found.images == 0


def test_equal_images_add_nothing() -> None:
    table = np.repeat(np.array([[0.1], [0.3], [0.2]]), 40, axis=1)
    found = crossed(table)
    assert found.interval(0.95) == pytest.approx(scipy.stats.t.interval(0.95, 2, 0.2, 0.1 / math.sqrt(3)))


def test_equal_replicates_leave_the_noise_of_the_images() -> None:
    row = np.random.default_rng(2).normal(size=50)
    found = crossed(np.stack([row] * 4))
    assert found.error == pytest.approx(np.std(row, ddof=1) / math.sqrt(50))
    assert 20 < found.df <= 49
    assert found.replicates == pytest.approx(0, abs=1e-20)


def test_where_nothing_varies_there_is_no_interval() -> None:
    assert two_level([0.5, 0.5], [influence(np.full(9, 0.5), names(9))] * 2) is None
    assert two_level([0.5], [influence(np.arange(9.0), names(9))]) is None


def test_rounding_is_no_variation() -> None:
    nearly = [influence(np.full(9, 0.5), names(9))] * 3
    differences = [0.1, 0.1 + 1e-16, 0.1 - 1e-16]
    assert two_level(differences, nearly) is None
    assert two_level([1e-17, -1e-17, 3e-17], nearly, scale=0.9) is None


def test_a_negative_component_does_not_narrow_the_interval() -> None:
    table = np.array([[1.0, 0.0] * 20, [0.0, 1.0] * 20, [0.6, 0.5] * 20])  # the replicates contradict one another
    of_rows, of_columns, rest = mean_squares(table)
    assert of_columns < rest
    found = crossed(table)
    assert found.variance == pytest.approx(of_rows / table.size)
    assert (found.df, found.images) == (2, 0)


@given(st.integers(0, 10**6), st.integers(2, 8), st.integers(2, 12))
def test_it_is_never_surer_than_replicates_or_images_alone(seed: int, replicates: int, images: int) -> None:
    table = made_up(seed, replicates, images, (0, 0, 1))
    of_rows, of_columns, _ = mean_squares(table)
    assert crossed(table).variance * table.size >= max(of_rows, of_columns) * (1 - 1e-9)


@given(st.integers(0, 10**6), st.integers(2, 3), st.sampled_from([(16, 1, 1), (1, 4, 1)]))
def test_with_few_replicates_it_is_never_surer_than_their_t_test(
    seed: int, replicates: int, parts: tuple[float, float, float]
) -> None:
    table = made_up(seed, replicates, 50, parts)
    found, plain = crossed(table), scipy.stats.ttest_1samp(table.mean(axis=1), 0.0)
    low, high = found.interval(0.95)
    assert low <= plain.confidence_interval(0.95).low + 1e-9
    assert high >= plain.confidence_interval(0.95).high - 1e-9
    assert found.p >= plain.pvalue * (1 - 1e-9)
    assert (found.p <= 0.05) == (not low < 0 < high)
    nearer = scipy.stats.ttest_1samp(table.mean(axis=1), 1.0, alternative="less").pvalue
    assert found.equivalence(1.0, 0.95).below_p >= nearer * (1 - 1e-9)


@given(st.integers(0, 10**6))
def test_the_order_of_replicates_and_images_does_not_matter(seed: int) -> None:
    table = made_up(seed, 5, 11)
    rng = np.random.default_rng(seed)
    mixed = table[rng.permutation(5)][:, rng.permutation(11)]
    one, other = crossed(table), crossed(mixed)
    assert other.variance == pytest.approx(one.variance)
    assert other.df == pytest.approx(one.df)


def test_units_scale_with_the_metric() -> None:
    table = made_up(3, 5, 40)
    one, hundred = crossed(table), crossed(100 * table)
    assert hundred.error == pytest.approx(100 * one.error)
    assert hundred.p == pytest.approx(one.p)


def test_equivalence_is_two_one_sided_tests_with_the_same_error() -> None:
    found = crossed(made_up(4, 8, 60))
    margin = abs(found.mean) + 2 * found.error
    tests = found.equivalence(margin, 0.95)
    assert tests.above_p == pytest.approx(scipy.stats.t.sf((found.mean + margin) / found.error, found.df))
    assert tests.below_p == pytest.approx(scipy.stats.t.cdf((found.mean - margin) / found.error, found.df))
    assert tests.low is not None
    assert tests.high is not None
    inside = -margin < tests.low and tests.high < margin
    assert inside == (tests.p < 0.05)


def test_a_length_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="3 differences, but the images of 2"):
        two_level([0.1, 0.2, 0.3], [influence(np.arange(4.0), names(4))] * 2)


def test_a_contrast_weighs_the_images_of_its_variants() -> None:
    values = {
        change: np.random.default_rng(number).normal(size=12) for number, change in enumerate(["", "-a", "-b", "-a -b"])
    }
    evidence = ImageEvidence("accuracy", {(change, 0): influence(row, names(12)) for change, row in values.items()})
    contrast = Contrast("a x b", "interaction", {"": 1, "-a": -1, "-b": -1, "-a -b": 1})
    (found,) = evidence.of(contrast, [0]) or ()
    together = values[""] - values["-a"] - values["-b"] + values["-a -b"]
    assert found.values == pytest.approx((together - together.mean()) / 12)


def test_variants_that_tested_on_other_images_are_not_paired() -> None:
    removal = Contrast("-a", "removal", {"": 1, "-a": -1})
    row = np.arange(4.0)
    base = influence(row, names(4))
    assert ImageEvidence("accuracy", {("", 0): base, ("-a", 0): influence(row, "abcd")}).of(removal, [0]) is None
    assert ImageEvidence("accuracy", {("", 0): base}).of(removal, [0]) is None
    both = ImageEvidence("accuracy", {("", 0): base, ("-a", 0): base})
    assert both.fixed_split
    assert both.of(removal, [0]) is not None
    assert both.of(removal, [0, 1]) is None


def covered(
    studies: int, replicates: int, images: int, parts: tuple[float, float, float], pool: int | None = None
) -> tuple[float, float]:
    """The fractions of simulated studies in which the intervals cover the truth: this one, and t over replicates.

    With a *pool* each replicate tests on *images* drawn from so many.
    """
    ours = plain = 0
    limit = scipy.stats.t.ppf(0.975, replicates - 1)
    keys = np.array(names(pool or images))
    for study in range(studies):
        rng = np.random.default_rng([study, replicates, images])
        table = made_up(study, replicates, pool or images, parts)
        tests = [np.sort(rng.permutation(len(keys))[:images]) for _ in range(replicates)]
        rows = [row[test] for row, test in zip(table, tests, strict=True)]
        effects = [float(row.mean()) for row in rows]
        found = two_level(effects, [influence(row, keys[test]) for row, test in zip(rows, tests, strict=True)])
        assert found is not None
        low, high = found.interval(0.95)
        ours += low <= 0 <= high
        plain += abs(np.mean(effects)) <= limit * np.std(effects, ddof=1) / math.sqrt(replicates)
    return ours / studies, plain / studies


# Parts of the variance of the mean: replicates, images, rest. Four standard errors of 3,000 studies are .016.
ESTIMABLE = [(1, 0.25, 0.25), (1, 1, 0.25), (1, 1, 1), (1, 4, 1)]


@pytest.mark.slow
@pytest.mark.longest
@pytest.mark.parametrize("parts", ESTIMABLE)
@pytest.mark.parametrize(("replicates", "images"), [(5, 50), (5, 500), (10, 50), (10, 200), (20, 50), (20, 200)])
def test_the_interval_covers_the_truth_on_one_test_set(
    replicates: int, images: int, parts: tuple[float, float, float]
) -> None:
    ours, plain = covered(3000, replicates, images, parts)
    assert 0.934 <= ours <= 0.966
    assert plain < ours
    if parts[1] >= parts[0]:
        assert plain < 0.935


@pytest.mark.slow
@pytest.mark.longest
@pytest.mark.parametrize("parts", [(0, 0, 1), (1, 0, 1), (0, 1, 1), (1, 1, 20)])
def test_where_a_component_is_too_small_to_see_the_interval_is_cautious(parts: tuple[float, float, float]) -> None:
    ours, _ = covered(3000, 10, 100, parts)
    assert 0.94 <= ours <= 0.98


@pytest.mark.slow
@pytest.mark.longest
@pytest.mark.parametrize("parts", ESTIMABLE)
@pytest.mark.parametrize("replicates", [5, 10, 20])
def test_the_interval_covers_the_truth_where_test_sets_overlap(
    replicates: int, parts: tuple[float, float, float]
) -> None:
    ours, plain = covered(3000, replicates, 50, parts, pool=250)
    assert 0.934 <= ours <= 0.97
    assert plain <= ours


@pytest.mark.slow
@pytest.mark.longest
@pytest.mark.parametrize("parts", [(16, 1, 1), (4, 1, 1), (1, 0.25, 1), (1, 1, 1)])
@pytest.mark.parametrize("replicates", [2, 3])
@pytest.mark.parametrize("pool", [None, 250])
def test_two_or_three_replicates_do_not_cover_less(
    pool: int | None, replicates: int, parts: tuple[float, float, float]
) -> None:
    ours, plain = covered(3000, replicates, 50, parts, pool=pool)
    assert ours >= max(0.934, plain)


def test_the_components_are_those_of_the_table_of_variance() -> None:
    table = made_up(8, 6, 40, (3, 2, 1))
    of_rows, of_columns, rest = mean_squares(table)
    parts = crossed(table).components
    assert parts is not None
    assert (parts.replicates, parts.images) == (6, 40)
    assert (parts.replicate, parts.image, parts.rest) == pytest.approx(
        ((of_rows - rest) / 40, (of_columns - rest) / 6, rest)
    )
    assert parts.variance() == pytest.approx(crossed(table).variance)


def test_twice_the_images_help_where_images_are_the_noise() -> None:
    parts = Components(replicate=0.0, image=1.0, rest=0.0, replicates=5, images=50)
    assert parts.from_images == 1
    assert parts.narrower(times_replicates=2) == 0
    assert parts.narrower(times_images=2) == pytest.approx(1 - math.sqrt(0.5))
    rest = Components(replicate=0.0, image=0.0, rest=1.0, replicates=5, images=50)
    assert rest.from_images == 0
    assert rest.narrower(times_replicates=2) == rest.narrower(times_images=2) == pytest.approx(1 - math.sqrt(0.5))


def test_twice_the_replicates_narrow_by_what_was_predicted() -> None:
    predicted, found = [], []
    for seed in range(40):
        table = made_up(seed, 20, 200, (1, 1, 1))
        half, whole = crossed(table[:10]), crossed(table)
        assert half.components is not None
        predicted.append(half.components.variance(times_replicates=2))
        found.append(whole.variance)
    assert np.mean(predicted) == pytest.approx(np.mean(found), rel=0.1)


def test_test_sets_of_their_own_have_no_components() -> None:
    table = made_up(1, 4, 20)
    keys = names(table.size)
    apart = [influence(row, keys[20 * i : 20 * i + 20]) for i, row in enumerate(table)]
    found = two_level(table.mean(axis=1).tolist(), apart)
    assert found is not None
    assert found.components is None

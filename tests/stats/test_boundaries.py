"""Boundaries of repeated looks, against published ones and against direct simulation."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from flowerablate.stats.boundaries import boundary_scores, first_level_score, level_of, score_of, spent, tables
from flowerablate.stats.looks import StudyLook


def planned(*pairs, last=None):
    """Return looks at those numbers of pairs by a plan that spends the whole level by the last."""
    return tuple(StudyLook(n, progress=n / (last or pairs[-1])) for n in pairs)


REPLACED = (StudyLook(12, progress=0.6, paid=0.25), StudyLook(20, progress=1.0, paid=0.25))
"""A plan whose first quarter went to pairs that were replaced."""


def crossing(looks, level, sides, studies=200_000):
    """Simulate studies of pure noise: the fraction that has crossed a boundary by each look."""
    noise = np.random.default_rng(len(looks)).standard_normal((studies, looks[-1].pairs))
    crossed = np.zeros(studies, dtype=bool)
    fractions = []
    for (n, *_), score in zip(looks, boundary_scores(looks, level, sides), strict=True):
        t = noise[:, :n].mean(axis=1) / noise[:, :n].std(axis=1, ddof=1) * np.sqrt(n)
        boundary = stats.t.isf(stats.norm.sf(score), n - 1)
        crossed |= (np.abs(t) if sides == 2 else t) >= boundary
        fractions.append(crossed.mean())
    return fractions


def test_with_many_replicates_they_are_the_published_ones():
    # Five looks, two-sided .05, O'Brien-Fleming-like spending: Lan and DeMets (1983), as tabulated by Reboussin,
    # DeMets, Kim and Lan (2000), doi:10.1016/s0197-2456(00)00057-x.
    found = boundary_scores(planned(2000, 4000, 6000, 8000, 10_000), 0.05, 2)
    assert found == pytest.approx([4.877, 3.357, 2.680, 2.290, 2.031], abs=2e-3)


def test_one_sided_ones_are_those_of_twice_the_level_where_the_other_side_is_out_of_reach():
    looks = planned(20, 40, 60)
    one, two = boundary_scores(looks, 0.005, 1), boundary_scores(looks, 0.01, 2)
    assert one == pytest.approx(two, abs=0.005)


@pytest.mark.parametrize("sides", [1, 2])
@pytest.mark.parametrize(
    "looks",
    [
        pytest.param(planned(2, 3, 4, 5, 6), marks=pytest.mark.slow),
        pytest.param(planned(3, 7, 11, 16, 20), marks=pytest.mark.slow),
        planned(5, 9, 13, 16, 20),
        REPLACED,
    ],
)
def test_noise_crosses_them_with_the_chance_that_was_spent(looks, sides):
    level = 0.05
    due = [float(spent(np.array(score_of(level, sides)), look, sides)) for look in looks]
    assert due[-1] == pytest.approx(level, rel=0.03)
    for fraction, wanted in zip(crossing(looks, level, sides), due, strict=True):
        assert fraction == pytest.approx(wanted, abs=4 * np.sqrt(wanted / 200_000) + 0.01 * wanted)


@pytest.mark.slow
@pytest.mark.parametrize("sides", [1, 2])
@pytest.mark.parametrize("level", [0.5, 0.005, 0.001])
def test_so_it_is_at_other_levels_and_with_a_look_after_each_replicate(level, sides):
    fraction = crossing(planned(*range(2, 21)), level, sides, studies=1_000_000)[-1]
    assert fraction == pytest.approx(level, abs=4 * np.sqrt(level / 1_000_000) + 0.005 * level)


@pytest.mark.parametrize("sides", [1, 2])
@pytest.mark.parametrize("looks", [planned(2, 5), planned(5, 9, 13, 16, 20), planned(30, 50, 80, 130)])
def test_a_smaller_level_has_farther_boundaries_at_every_look(looks, sides):
    for table in tables(looks, sides):
        assert np.all(np.diff(table.levels) > 0)
        assert np.all(np.diff(table.scores) > 0)


def test_a_level_and_its_score_name_each_other():
    for sides in (1, 2):
        assert [level_of(score_of(level, sides), sides) for level in (0.4, 0.05, 1e-6)] == pytest.approx(
            [0.4, 0.05, 1e-6]
        )


def test_the_exact_chain_passes_smoothly_into_the_normal_one():
    ends = [boundary_scores(planned(n // 2, n), 0.05, 2)[-1] for n in (60, 64, 66, 80)]
    assert all(abs(a - b) < 2e-3 for a, b in pairwise(ends))


def test_a_single_look_is_the_plain_test():
    assert boundary_scores(planned(7), 0.05, 2)[0] == pytest.approx(stats.norm.isf(0.025), abs=1e-4)
    assert boundary_scores(planned(7), 0.05, 1)[0] == pytest.approx(stats.norm.isf(0.05), abs=1e-4)


@pytest.mark.parametrize(
    "look",
    [StudyLook(5, progress=0.25), StudyLook(5, progress=1.0), StudyLook(10, progress=0.5, paid=0.25)],
)
def test_the_level_of_a_first_look_is_the_one_whose_boundary_it_reaches(look):
    for level in (0.3, 0.05, 1e-4):
        (boundary,) = boundary_scores((look,), level, 2)
        assert level_of(first_level_score(boundary, look), 2) == pytest.approx(level, rel=2e-3)


def test_a_first_look_that_may_spend_nothing_rejects_nothing():
    assert level_of(first_level_score(5.5, StudyLook(5, progress=0.25, paid=0.5)), 2) == 1


def test_where_the_first_look_spent_everything_a_second_decides_nothing():
    (_, second) = tables((StudyLook(5, progress=1.0), StudyLook(10, progress=1.0)), 2)
    assert level_of(second.level_score(5.5), 2) == 1

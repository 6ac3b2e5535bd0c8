"""Tables whose size is chosen by what the last one showed: all of them together err no more than the level says."""

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from flowerablate.contracts import JudgedTable, Rules
from flowerablate.stats import summarise
from flowerablate.stats.looks import LookSchedule

CELLS = np.linspace(-7, 7, 351)
EDGES = np.concatenate([[-np.inf], (CELLS[1:] + CELLS[:-1]) / 2, [np.inf]])
SIZES = 1 - np.geomspace(2e-3, 0.999, 20)
"""The fractions of the next table's replicates that there may be already: from nearly all to nearly none."""


def shares(reserve, tables=5):
    schedule = LookSchedule(reserve=reserve)
    return [schedule.share(number) for number in range(1, tables + 1)]


def worst(level, parts):
    """Return how often a true null is rejected by who always chooses the size at which that is likeliest.

    *parts*: the fraction of *level* that each table has. The mean of many replicates is normal, so the normal score of
    the next table, of which there is a fraction r already, is sqrt(r) times the present one plus noise of variance
    1 - r. Backwards from the last table, each score has a best r (dynamic programming).
    """
    bounds = [-ndtri(level * part / 2) for part in parts]
    later = np.zeros(len(CELLS))
    steps = [np.diff(ndtr((EDGES - np.sqrt(r) * CELLS[:, None]) / np.sqrt(1 - r)), axis=1) for r in SIZES]
    for bound in bounds[:0:-1]:
        open_later = np.where(np.abs(CELLS) < bound, later, 0.0)
        chances = [
            ndtr((-bound - np.sqrt(r) * CELLS) / np.sqrt(1 - r))
            + ndtr((-bound + np.sqrt(r) * CELLS) / np.sqrt(1 - r))
            + step @ open_later
            for r, step in zip(SIZES, steps, strict=True)
        ]
        later = np.max(chances, axis=0)
    chance = np.diff(ndtr(EDGES))
    return level * parts[0] + float(chance @ np.where(np.abs(CELLS) < bounds[0], later, 0.0))


@pytest.mark.parametrize("reserve", [0.1, 0.2, 0.5, 0.9])
def test_whoever_chooses_the_sizes_errs_no_more_than_the_level_says(reserve):
    assert 0.025 <= worst(0.05, shares(reserve)) <= 0.05


@pytest.mark.parametrize("comparisons", [3, 10])
def test_so_it_is_for_each_of_several_comparisons_that_are_independent(comparisons):
    each = worst(0.05 / comparisons, shares(0.2))
    assert 1 - (1 - each) ** comparisons <= 0.05


def test_with_parts_that_add_up_to_all_of_the_level_they_would_err_more():
    assert worst(0.05, [0.8, 0.15, 0.0375, 0.009375]) > 0.052


def test_the_simulation_knows_the_chance_of_sizes_that_are_fixed():
    assert worst(0.05, [1.0]) == pytest.approx(0.05, abs=1e-9)


@pytest.mark.parametrize("how", ["looked", "judged"])
def test_two_hundred_tables_are_each_a_test_of_their_own(arms, how):
    noise = np.random.default_rng(2).standard_normal((204, 2))
    trials = arms(base=(0.8 + 0.01 * noise[:, 0]).tolist(), a=(0.79 + 0.01 * noise[:, 1]).tolist())
    sizes = range(5, 204)
    tables = [JudgedTable(n, n, number=n, planned=False) for n in sizes]
    so_far = {"looked": sizes} if how == "looked" else {"judged": {"-a": tables}}
    (row,) = summarise(trials, **so_far).rows
    assert len(row.evidence.looks) == 200
    assert row.verdict == "helps"
    assert sum(look.share for look in row.evidence.looks) <= 1


def test_a_minimum_that_is_lowered_after_a_table_decides_nothing_earlier(arms):
    base = [0.9, 0.91, 0.92]
    trials = arms(base=base, a=[value - 0.02 - 0.0001 * seed for seed, value in enumerate(base)])
    lowered = Rules(min_replicates=3)
    assert summarise(trials, rules=lowered).rows[0].verdict == "helps"
    summary = summarise(trials, rules=lowered, told=[Rules()])
    assert (summary.rows[0].verdict, summary.rows[0].decision.more) == ("undecided", 2)
    assert any(
        note.startswith("A verdict still needs 5 replicates, as in tables before, not 3") for note in summary.notes
    )
    assert any("min_replicates was 5" in note for note in summary.notes)


def test_nor_does_the_usual_test_where_the_modified_one_needed_more(arms):
    base = [0.9, 0.91, 0.92, 0.9, 0.91, 0.92]
    trials = arms(base=base, a=[value - 0.02 - 0.0001 * seed for seed, value in enumerate(base)])
    assert summarise(trials).rows[0].verdict == "helps"
    assert summarise(trials, told=[Rules(test="modified-t")]).rows[0].verdict == "undecided"


def test_a_minimum_that_is_raised_is_in_force_at_once(arms):
    base = [0.9, 0.91, 0.92, 0.9]
    trials = arms(base=base, a=[value - 0.02 - 0.0001 * seed for seed, value in enumerate(base)])
    summary = summarise(trials, rules=Rules(min_replicates=5), told=[Rules(min_replicates=3)])
    assert summary.rows[0].verdict == "undecided"
    assert not any("still needs" in note for note in summary.notes)


def test_a_table_that_is_not_recorded_decides_nothing_but_keeps_what_was_decided(arms):
    base = [0.93, 0.931, 0.929, 0.93, 0.93, 0.94, 0.93]
    trials = arms(base=base, a=[0.9] * 7, b=[0.93, 0.931, 0.929, 0.9, 0.96, 0.91, 0.94])
    rows = {row.label: row for row in summarise(trials, looked=[5], counts=False).rows}
    assert (rows["-a"].verdict, rows["-a"].evidence.decisive_pairs) == ("helps", 5)
    alone = summarise(trials, counts=False)
    assert {row.verdict for row in alone.rows} == {"undecided"}
    assert all(row.family_interval is None for row in alone.rows)
    assert any(note.startswith("This table is not recorded in the ledger") for note in alone.notes)

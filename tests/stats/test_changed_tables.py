"""Tables whose pairs are others by now: what they have spent, and who pays for it."""

import numpy as np
import pytest

from flowerablate.contracts import Rules
from flowerablate.stats import summarise
from flowerablate.stats.family import own_shares
from flowerablate.stats.looks import LookSchedule, Pairs, StudyLook
from flowerablate.stats.sequential import sequential_p


def test_a_table_that_had_too_few_pairs_for_a_verdict_has_spent_nothing():
    for pairs_then in (0, 4):
        schedule = LookSchedule.of(Rules(), [5], 5, judged=[(5, pairs_then)], pairs=Pairs(range(5)))
        assert (schedule.lost, schedule.reached(range(5))) == ((), (StudyLook(5, 0.8),))
    extended = LookSchedule.of(Rules(), [5], 10, judged=[(5, 4)], pairs=Pairs([0, 1, 3, 4, *range(5, 10)]))
    assert extended.reached(range(9)) == (StudyLook(9, 0.8),)


def test_a_table_with_too_few_pairs_leaves_nothing_to_speak_of():
    few, enough = (LookSchedule.of(Rules(), [], n) for n in (4, 5))
    assert (few.kept, enough.kept) == (0.0, pytest.approx(0.2))


def test_a_look_whose_pairs_have_changed_takes_nothing_from_an_earlier_one():
    schedule = LookSchedule.of(Rules(), [5, 10], 10, judged=[(5, 5), (10, 9)], pairs=Pairs(range(10)))
    assert schedule.lost == (10,)
    assert schedule.reached(range(10)) == (StudyLook(5, 0.8), StudyLook(10, pytest.approx(0.8375)))
    assert schedule.kept == pytest.approx(0.0125)


def test_tables_with_failed_trials_run_again_in_the_second_reject_a_true_null_as_often_as_the_level_says():
    noise = np.random.default_rng(7).standard_normal((4000, 10))
    there = [seed for seed in range(10) if seed != 7]
    tables = [
        (range(5), LookSchedule.of(Rules(), [], 5)),
        (there, LookSchedule.of(Rules(), [5], 10, judged=[(5, 5)], pairs=Pairs(there))),
        (range(10), LookSchedule.of(Rules(), [5, 10], 10, judged=[(5, 5), (10, 9)], pairs=Pairs(range(10)))),
    ]
    wrong = [
        any(sequential_p(row[list(seeds)].tolist(), schedule.reached(seeds)) <= 0.05 for seeds, schedule in tables)
        for row in noise
    ]
    assert 0.042 <= np.mean(wrong) <= 0.05 + 3 * 0.0035


def test_trials_that_are_others_though_as_many_are_paid_for_anew():
    def pairs_by(version):
        return Pairs(range(5), [f"base {seed} -a {version} {seed}" for seed in range(5)])

    seen = [pairs_by("first").at(5)]
    assert LookSchedule.of(Rules(), [5], 5, judged=seen, pairs=pairs_by("first")).reached(range(5)) == (
        StudyLook(5, 0.8),
    )
    changed = LookSchedule.of(Rules(), [5], 5, judged=seen, pairs=pairs_by("second"))
    assert changed.lost == (5,)
    assert changed.reached(range(5)) == (StudyLook(5, pytest.approx(0.15)),)
    planned = LookSchedule.of(Rules(looks=(5, 7)), [], 7, judged=seen, pairs=Pairs(range(7), [*"abcdefg"]))
    assert planned.silent == (5,)


def test_what_has_changed_since_a_table_is_said(arms):
    trials = arms(base=[0.9, 0.91, 0.92, 0.9, 0.91, 0.92], a=[0.88, 0.89, 0.9, 0.88, 0.892, 0.9])
    notes = summarise(trials, looked=[6], judged={"-a": [(6, 5)]}).notes
    said = "Trials of -a were run again, changed or removed after verdicts had been shown. The error that those "
    said += "verdicts have spent stays spent, and what was shown at {} replicates decides nothing any more."
    assert said.format(6) in notes
    assert said.format(5) in summarise(trials, rules=Rules(looks=(5, 6)), judged={"-a": [(6, 5)]}).notes
    assert not any("run again" in note for note in summarise(trials, looked=[6], judged={"-a": [(6, 6)]}).notes)


def test_the_p_that_is_needed_is_that_of_each_comparison_where_their_looks_differ(arms):
    base = [0.9, 0.91, 0.92, 0.9, 0.91, 0.92]
    trials = arms(base=base, a=[value - 0.01 for value in base], b=[value - 0.02 for value in base])
    (note,) = (
        note
        for note in summarise(trials, looked=[6], judged={"-a": [(6, 5)], "-b": [(6, 6)]}).notes
        if "a p of" in note
    )
    assert note.endswith("a single comparison needs a p of .0075 or less for -a and of .04 or less for -b.")


def test_a_level_that_was_lower_in_an_earlier_table_is_what_all_of_them_together_keep(arms):
    scores = 0.8 + 0.02 * np.random.default_rng(1).standard_normal((10, 2))
    trials = arms(base=scores[:, 0].tolist(), a=scores[:, 1].tolist())
    for levels, end in (
        ((0.9, 0.95), "is not .05, but at most that of the earlier level, .1"),
        ((0.95,), "stays at .05"),
    ):
        shown = [Rules(level=level) for level in levels]
        (note,) = (note for note in summarise(trials, looked=[5], shown=shown).notes if "all tables" in note)
        assert f"the error rate of all tables together {end}: a single" in note


def test_by_max_t_the_order_of_the_questions_changes_nothing_and_no_table_decides_twice(arms):
    noise = np.random.default_rng(4)
    base = (0.9 + 0.01 * noise.standard_normal(24)).tolist()
    lower = {name: [value - 0.004 + 0.006 * noise.standard_normal() for value in base] for name in "ab"}
    judged = {"-a": [(12, 11)], "-b": [(12, 12)]}
    found = {}
    for order in ("ab", "ba"):
        trials = arms(base=base, **{name: lower[name] for name in order})
        summary = summarise(trials, rules=Rules(family="max-t"), looked=[12], judged=judged)
        assert summary.procedure == "max-t"
        found[order] = {row.label: (row.adjusted_p, row.verdict) for row in summary.rows}
    assert found["ab"]["-a"][0] == pytest.approx(found["ba"]["-a"][0], abs=0.02)
    assert found["ab"]["-b"][0] == pytest.approx(found["ba"]["-b"][0], abs=0.02)


def test_a_family_shares_the_error_by_the_tables_of_all_its_comparisons():
    early = LookSchedule.of(Rules(), [12], 24, judged=[(12, 12)], pairs=Pairs(range(24)))
    changed = LookSchedule.of(Rules(), [12], 24, judged=[(12, 11)], pairs=Pairs(range(24)))
    late = LookSchedule.of(Rules(), [], 24)
    shares = own_shares([changed, early, late])
    assert shares == [
        {24: pytest.approx(0.15)},
        {12: pytest.approx(0.8), 24: pytest.approx(0.15)},
        {24: pytest.approx(0.15)},
    ]
    again = LookSchedule.of(Rules(), [12, 24], 24, judged=[(12, 12), (24, 23)], pairs=Pairs(range(24)))
    assert own_shares([again, early])[0] == {12: pytest.approx(0.8), 24: pytest.approx(0.0375)}
    assert own_shares([again, early])[1] == {12: pytest.approx(0.8), 24: pytest.approx(0.15)}

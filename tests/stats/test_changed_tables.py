"""Tables whose pairs are others by now: what they have spent, and who pays for it."""

import numpy as np
import pytest
from null_studies import rejected

from flowerablate.contracts import JudgedTable, Rules
from flowerablate.stats import summarise
from flowerablate.stats.family import own_shares
from flowerablate.stats.looks import LookSchedule, StudyLook
from flowerablate.stats.pairs import Pairs
from flowerablate.stats.sequential import sequential_p


def unplanned(schedule):
    return tuple(table.replicates for table in schedule.tables if table.decides)


def lost(schedule):
    return tuple(table.replicates for table in schedule.tables if not table.decides)


def test_a_table_that_had_too_few_pairs_for_a_verdict_has_spent_nothing():
    for pairs_then in (0, 4):
        schedule = LookSchedule.of(Rules(), [5], 5, judged=[(5, pairs_then)], pairs=Pairs(range(5)))
        assert (lost(schedule), schedule.reached(range(5))) == ((), (StudyLook(5, 0.8),))
    extended = LookSchedule.of(Rules(), [5], 10, judged=[(5, 4)], pairs=Pairs([0, 1, 3, 4, *range(5, 10)]))
    assert extended.reached(range(9)) == (StudyLook(9, 0.8),)


def test_a_table_with_too_few_pairs_leaves_nothing_to_speak_of():
    few, enough = (LookSchedule.of(Rules(), [], n) for n in (4, 5))
    assert (few.kept, enough.kept) == (0.0, pytest.approx(0.2))


def test_a_look_whose_pairs_have_changed_takes_nothing_from_an_earlier_one():
    schedule = LookSchedule.of(Rules(), [5, 10], 10, judged=[(5, 5), (10, 9)], pairs=Pairs(range(10)))
    assert lost(schedule) == (10,)
    assert schedule.reached(range(10)) == (StudyLook(5, 0.8), StudyLook(10, pytest.approx(0.02)))
    assert schedule.kept == pytest.approx(0.08)


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
        return Pairs(range(5), [f"{version[:3]}{seed:03}" for seed in range(5)])

    seen = [pairs_by("first").at(5)]
    assert LookSchedule.of(Rules(), [5], 5, judged=seen, pairs=pairs_by("first")).reached(range(5)) == (
        StudyLook(5, 0.8),
    )
    changed = LookSchedule.of(Rules(), [5], 5, judged=seen, pairs=pairs_by("second"))
    assert lost(changed) == (5,)
    assert changed.reached(range(5)) == (StudyLook(5, pytest.approx(0.1)),)
    planned = LookSchedule.of(
        Rules(looks=(5, 7)), [], 7, judged=seen, pairs=Pairs(range(7), [f"other{seed}" for seed in range(7)])
    )
    assert planned.silent == (5,)


def test_what_has_changed_since_a_table_is_said(arms):
    trials = arms(base=[0.9, 0.91, 0.92, 0.9, 0.91, 0.92], a=[0.88, 0.89, 0.9, 0.88, 0.892, 0.9])
    notes = summarise(trials, looked=[6], judged={"-a": [(6, 5)]}).notes
    said = "Trials of -a were added in between, run again, changed or removed after verdicts had been shown, "
    said += "at 6 replicates with 5 pairs. "
    said += "What that table has spent of the error stays spent, and it decides nothing any more."
    assert said in notes
    assert said in summarise(trials, rules=Rules(looks=(5, 6)), judged={"-a": [(6, 5)]}).notes
    assert not any("run again" in note for note in summarise(trials, looked=[6], judged={"-a": [(6, 6)]}).notes)
    used = summarise(trials, rules=Rules(looks=(5, 6)), judged={"-a": [JudgedTable(6, 6, "others" * 6)]})
    assert used.rows[0].verdict == "undecided"
    assert any(
        note.startswith("Nothing of the error is left for -a: the plan had reached its end") for note in used.notes
    )


def test_the_p_that_is_needed_is_that_of_each_comparison_where_their_looks_differ(arms):
    base = [0.9, 0.91, 0.92, 0.9, 0.91, 0.92]
    trials = arms(base=base, a=[value - 0.01 for value in base], b=[value - 0.02 for value in base])
    (note,) = (
        note
        for note in summarise(trials, looked=[6], judged={"-a": [(6, 5)], "-b": [(6, 6)]}).notes
        if "a p of" in note
    )
    assert note.endswith("a single comparison needs a p of .005 or less for -a and of .04 or less for -b.")


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
        {24: pytest.approx(0.1)},
        {12: pytest.approx(0.8), 24: pytest.approx(0.1)},
        {24: pytest.approx(0.1)},
    ]
    again = LookSchedule.of(Rules(), [12, 24], 24, judged=[(12, 12), (24, 23)], pairs=Pairs(range(24)))
    unchanged = LookSchedule.of(Rules(), [12, 24], 24, judged=[(12, 12), (24, 24)], pairs=Pairs(range(24)))
    assert own_shares([again, unchanged])[0] == {12: pytest.approx(0.8), 24: pytest.approx(0.02)}
    assert own_shares([again, unchanged])[1] == {12: pytest.approx(0.8), 24: pytest.approx(0.1)}


def versions(*each):
    """The pairs of as many replicates as there are words, each with the trials of a version of the code."""
    return Pairs(range(len(each)), [f"{seed:03}{version:>3}" for seed, version in enumerate(each)])


def test_a_digest_of_an_earlier_version_says_nothing_of_the_trials():
    there = versions(*["one"] * 6)
    schedule = LookSchedule.of(Rules(), [5], 6, judged=[JudgedTable(5, 5, "e24930182a88")], pairs=there)
    assert (unplanned(schedule), lost(schedule)) == ((5, 6), ())


def test_a_table_with_too_few_pairs_never_comes_back_as_a_look():
    schedule = LookSchedule.of(Rules(), [5, 10], 10, judged=[(5, 4), (10, 9)], pairs=Pairs(range(10)))
    assert (unplanned(schedule), lost(schedule)) == ((10,), (10,))
    assert schedule.reached(range(10)) == (StudyLook(10, pytest.approx(0.1)),)
    lenient = LookSchedule.of(Rules(), [7], 12, judged=[JudgedTable(7, 7, verdict=False)], pairs=Pairs(range(12)))
    assert lenient.reached(range(12)) == (StudyLook(12, 0.8),)  # a verdict had needed ten then


def test_tables_are_counted_in_the_order_in_which_they_were_shown():
    old, new = versions(*["old"] * 10), versions(*["new"] * 10)
    judged = [old.at(10)._replace(number=1), new.at(5)._replace(number=2)]
    schedule = LookSchedule.of(Rules(), [5, 10], 10, judged=judged, pairs=new)
    assert schedule.reached(range(10)) == (StudyLook(5, pytest.approx(0.1)), StudyLook(10, pytest.approx(0.02)))
    fewer = LookSchedule.of(Rules(), [10], 5, judged=judged[:1], pairs=versions(*["new"] * 5))
    assert fewer.reached(range(5)) == (StudyLook(5, pytest.approx(0.1)),)


def test_a_table_with_the_pairs_of_an_earlier_one_is_none_of_its_own():
    there = versions(*["one"] * 20)
    judged = [there.at(5)._replace(number=1), there.at(5)._replace(replicates=10, number=2)]
    schedule = LookSchedule.of(Rules(), [5, 10], 20, judged=judged, pairs=there)
    assert schedule.reached(range(20)) == (StudyLook(5, 0.8), StudyLook(20, pytest.approx(0.1)))


def wrong(*tables):
    """How often a true null is rejected in any of *tables*: the versions of the pairs, each with its looks."""
    noise = np.random.default_rng(3).standard_normal((20_000, 3, 20))
    return rejected(*((noise[:, version], seeds, looks) for version, seeds, looks in tables))


@pytest.mark.parametrize("stopped", [13, 16, 20])
def test_a_plan_that_goes_on_with_other_code_spends_what_the_old_code_has_left(stopped):
    rules = Rules(looks=(5, 9, 13, 16, 20))
    old, new = versions(*["old"] * 20), versions(*["new"] * 20)
    before = LookSchedule.of(rules, [], stopped, pairs=old)
    shown = old.at(stopped)._replace(number=1, planned=True)
    after = LookSchedule.of(rules, [], 20, judged=[shown], pairs=new)
    assert after.offset == stopped / 20
    tables = [(0, range(stopped), before.reached(range(stopped))), (1, range(20), after.reached(range(20)))]
    assert wrong(*tables) <= 0.05 + 3 * 0.0016


def test_a_comparison_that_was_in_a_table_of_its_own_before_a_plan_has_paid_for_it():
    there = versions(*["one"] * 10)
    judged = [there.at(7)._replace(number=2, planned=False)]
    schedule = LookSchedule.of(Rules(looks=(10, 13)), [10], 10, judged=judged, pairs=there)
    assert unplanned(schedule) == (7,)
    assert schedule.left == pytest.approx(0.125)


def test_a_question_with_fewer_replicates_takes_nothing_from_others_by_max_t():
    there = versions(*["one"] * 12)
    early = LookSchedule.of(Rules(), [12], 12, judged=[there.at(12)._replace(number=1)], pairs=there)
    late = LookSchedule.of(Rules(), [], 10, pairs=versions(*["one"] * 10))
    assert own_shares([early, late]) == [{12: pytest.approx(0.8)}, {10: pytest.approx(0.1)}]

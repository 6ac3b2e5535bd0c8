"""The looks at a study, and what is left of the error after them."""

import numpy as np
import pytest

from flowerablate.contracts import Rules
from flowerablate.report import render
from flowerablate.stats import summarise
from flowerablate.stats.looks import LookSchedule, StudyLook
from flowerablate.stats.pairs import Pairs
from flowerablate.stats.sequential import sequential_p

PLAN = (5, 9, 13, 16, 20)


def pairs(looks):
    return tuple(look.pairs for look in looks)


def unplanned(schedule):
    return tuple(table.replicates for table in schedule.tables if table.decides)


def lost(schedule):
    return tuple(table.replicates for table in schedule.tables if not table.decides)


def test_the_first_table_of_a_fixed_study_leaves_a_fifth_of_the_error_of_which_the_second_spends_half():
    schedule = LookSchedule.of(Rules(), [5, 10], now=20)
    assert schedule.reached(range(20)) == (StudyLook(5, 0.8), StudyLook(10, 0.1), StudyLook(20, pytest.approx(0.02)))
    assert schedule.ahead(schedule.reached(range(20))) == (StudyLook(40, pytest.approx(0.004)),)
    assert schedule.before == (5, 10)
    assert schedule.left == pytest.approx(0.025)
    assert schedule.kept == pytest.approx(0.08)


def test_the_table_that_is_shown_again_is_no_further_look():
    assert LookSchedule.of(Rules(), [5], now=5).reached(range(5)) == (StudyLook(5, 0.8),)


def test_tables_with_too_few_replicates_for_a_verdict_spend_nothing():
    assert unplanned(LookSchedule.of(Rules(), [2, 3, 4], now=5)) == (5,)


def test_without_a_reserve_the_first_table_spends_all():
    schedule = LookSchedule.of(Rules(reserve=0.0), [5], now=10)
    assert schedule.reached(range(10)) == (StudyLook(5, 1.0), StudyLook(10, 0.0))
    assert schedule.left == 0


def test_a_plan_spends_what_looks_before_it_have_left():
    schedule = LookSchedule.of(Rules(looks=PLAN), [5], now=9)
    assert [look.share for look in schedule.reached(range(9))] == pytest.approx([0.8, 0.125, 0.125])
    assert pairs(schedule.reached(range(9))) == (5, 5, 9)
    assert pairs(schedule.ahead(schedule.reached(range(9)))) == (13, 16, 20)
    alone = LookSchedule.of(Rules(looks=PLAN), [], now=9).reached(range(9))
    assert alone == (StudyLook(5, progress=0.25), StudyLook(9, progress=0.45))


def test_what_there_is_counts_as_a_look_where_a_study_ended_between_two():
    planned = LookSchedule(planned=PLAN)
    for n, reached in ((4, (4,)), (9, (5, 9)), (11, (5, 9, 11)), (20, PLAN)):
        assert pairs(planned.reached(range(n))) == reached


def test_a_failed_trial_leaves_the_looks_where_they_were_with_a_pair_less():
    planned = LookSchedule(planned=PLAN)
    assert pairs(planned.reached([0, 1, 3, 4, 5, 6, 7, 8])) == (4, 8)
    assert pairs(planned.reached([0, 9])) == (2,)
    assert planned.reached([3]) == ()
    assert LookSchedule.of(Rules(min_replicates=2), [5], 10).reached([0, 2, 3, 4, 6, 7]) == (
        StudyLook(4, 0.8),
        StudyLook(6, 0.1),
    )


def natural(scores, arms, rules, sizes=(5, 10, 20)):
    """Look at ever more replicates until every row has a verdict, as one does."""
    looked = []
    for n in sizes:
        columns = {f"v{j}": scores[:n, j].tolist() for j in range(1, scores.shape[1])}
        summary = summarise(arms(base=scores[:n, 0].tolist(), **columns), rules=rules, looked=looked)
        if all(row.verdict != "undecided" for row in summary.rows):
            break
        looked.append(n)
    return summary


@pytest.mark.parametrize(("reserve", "least"), [(0.2, 0.035), (0.5, 0.02), (0.0, 0.04)])
def test_all_looks_together_reject_a_true_null_as_often_as_the_level_says(reserve, least):
    looks = LookSchedule.of(Rules(reserve=reserve), [5, 10], 20).reached(range(20))
    noise = np.random.default_rng(6).standard_normal((3000, 20))
    rejected = np.mean([sequential_p(row.tolist(), looks) <= 0.05 for row in noise])
    assert least <= rejected <= 0.05 + 3 * 0.004


@pytest.mark.parametrize("variants", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_adding_replicates_until_a_verdict_appears_keeps_the_error(arms, variants):
    studies = 400
    wrong = {0.2: 0, 0.0: 0}
    for reserve in wrong:
        for number in range(studies):
            scores = 0.8 + 0.02 * np.random.default_rng([variants, number]).standard_normal((20, 1 + variants))
            summary = natural(scores, arms, Rules(reserve=reserve))
            wrong[reserve] += any(row.verdict != "undecided" for row in summary.rows)
    assert all(count / studies <= 0.05 + 3 * 0.011 for count in wrong.values())


def test_a_verdict_once_reached_stays_when_replicates_are_added(arms):
    early = {"base": [0.9, 0.91, 0.92, 0.9, 0.91], "a": [0.88, 0.89, 0.9, 0.88, 0.892]}
    late = {"base": [0.8, 0.95, 0.7, 0.9, 0.85], "a": [0.9, 0.7, 0.8, 0.95, 0.7]}
    both = arms(**{name: early[name] + late[name] for name in early})
    assert summarise(arms(**early)).rows[0].verdict == "helps"
    extended = summarise(both, looked=[5]).rows[0]
    assert (extended.verdict, extended.n) == ("helps", 10)
    assert summarise(both).rows[0].verdict == "undecided"


def test_the_thin_interval_holds_at_every_look_and_the_thick_one_at_this_number_of_replicates(arms):
    scores = 0.8 + 0.02 * np.random.default_rng(1).standard_normal((10, 2))
    trials = arms(base=scores[:, 0].tolist(), a=scores[:, 1].tolist())
    once, again = summarise(trials).rows[0], summarise(trials, looked=[5]).rows[0]
    assert (once.effect.low, once.effect.high) == (again.effect.low, again.effect.high)
    low, high = again.family_interval
    assert low < once.family_interval[0] < once.effect.low < once.effect.high < once.family_interval[1] < high


def test_a_look_with_too_few_pairs_for_a_verdict_decides_nothing_later():
    schedule = LookSchedule.of(Rules(), [5], now=9)
    assert pairs(schedule.reached([0, 1, 5, 6, 7, 8])) == (6,)  # three of the first five have failed
    assert pairs(schedule.reached([0, 1, 5])) == (3,)


def test_what_the_first_table_spent_is_spent_whatever_the_rules_say_since():
    generous, early = Rules(reserve=0.9), Rules(reserve=0.2, min_replicates=3)
    assert LookSchedule.of(generous, [5], 10, shown=[Rules()]).left == pytest.approx(0.125)
    assert unplanned(LookSchedule.of(Rules(), [3, 5], 10, shown=[early])) == (3, 5, 10)
    assert LookSchedule.of(Rules(looks=PLAN), [10], 5).left == pytest.approx(0.125)


@pytest.mark.parametrize("later", [0.0, 0.1, 0.5, 0.9])
def test_a_reserve_that_is_changed_after_the_first_table_moves_no_boundary(arms, later):
    first, then = Rules(reserve=0.2), Rules(reserve=later)
    for rules in (then, Rules(reserve=later, looks=PLAN)):
        kept = Rules(reserve=0.2, looks=rules.looks)
        shown = [first, then]
        assert LookSchedule.of(rules, [5, 8], 9, shown=shown) == LookSchedule.of(kept, [5, 8], 9, shown=[first])
    scores = 0.8 + 0.02 * np.random.default_rng(3).standard_normal((10, 2))
    trials = arms(base=scores[:, 0].tolist(), a=scores[:, 1].tolist())
    before, after = (summarise(trials, rules=rules, looked=[5], shown=[first]) for rules in (first, then))
    assert after.rows[0].adjusted_p == before.rows[0].adjusted_p
    assert after.kept == before.kept
    (note,) = (note for note in after.notes if "reserve" in note)
    assert note.startswith(f"The reserve stays 0.2, that of the first table with verdicts, not {later:g}")
    assert not any("reserve" in note for note in before.notes)


def test_each_question_has_the_looks_of_its_own_replicates(arms):
    base = (0.9 + 0.01 * np.random.default_rng(1).standard_normal(20)).tolist()
    fewer = [value - 0.004 * (1 + i % 3) for i, value in enumerate(base[:10])]
    trials = arms(base=base, a=[value - 0.01 for value in base], b=fewer)
    rows = {row.label: row for row in summarise(trials, looked=[20], seen={"-a": (20,), "-b": (5, 10)}).rows}
    assert rows["-a"].evidence.looks == (StudyLook(20, 0.8),)
    assert rows["-b"].evidence.looks == (StudyLook(5, 0.8), StudyLook(10, 0.1))


def test_an_effect_whose_sign_has_turned_since_it_was_decided_is_undecided(arms):
    base = [0.93, 0.931, 0.929, 0.93, 0.93, 0.87, 0.869, 0.871, 0.868, 0.87]
    row = summarise(arms(base=base, a=[0.9] * 10), looked=[5]).rows[0]
    assert row.verdict == "undecided"
    assert row.reason == "the first 5 replicates and all 10 point in opposite directions"


def test_a_verdict_of_an_earlier_table_says_so(arms):
    base = [0.93, 0.931, 0.929, 0.93, 0.93, 0.93, 0.87, 0.99, 0.85, 0.97]
    row = summarise(arms(base=base, a=[0.9] * 10), looked=[5]).rows[0]
    assert row.verdict == "helps"
    assert row.reason.endswith("(paired t, of the first 5)")


def test_without_any_error_left_nothing_is_decided_and_everything_is_drawn(arms):
    scores = 0.8 + 0.02 * np.random.default_rng(2).standard_normal((8, 3))
    trials = arms(base=scores[:, 0].tolist(), **{f"v{j}": scores[:, j].tolist() for j in (1, 2)})
    for rules in (Rules(reserve=0.0), Rules(reserve=0.0, looks=(6, 7, 8)), Rules(reserve=0.0, family="max-t")):
        summary = summarise(trials, rules=rules, looked=(5,))
        assert {row.verdict for row in summary.rows} == {"undecided"}
        for name in ("rich", "svg", "json"):
            assert "Infinity" not in render(summary, name)


def test_while_trials_are_missing_there_is_no_verdict(arms):
    trials = arms(base=[0.9, 0.91, 0.92, 0.9, 0.91], a=[0.88, 0.89, 0.9, 0.88, 0.892])
    assert summarise(trials).rows[0].verdict == "helps"
    row = summarise(trials, pending=2).rows[0]
    assert (row.verdict, row.reason) == ("undecided", "provisional: 2 trials of the study still to run")


@pytest.mark.parametrize("name", ["rich", "csv", "json", "md", "svg", "latex"])
def test_a_provisional_table_shows_effects_without_tests_and_intervals(arms, name):
    trials = arms(base=[0.9, 0.91, 0.92, 0.9, 0.91] * 2, a=[0.88, 0.89, 0.9, 0.88, 0.892] * 2)
    summary = summarise(trials, pending=2, secondary=("loss",))
    (row,) = summary.rows
    assert row.effect.mean == pytest.approx(0.0196)
    hidden = (row.effect.low, row.effect.t_p, row.effect.robust, row.evidence, row.adjusted_p, row.family_interval)
    assert hidden == (None,) * 6
    assert (row.effect.p, row.effect.sign_flip_p) == (None, None)
    assert summary.secondary[0].effects[0] is None or summary.secondary[0].effects[0].low is None
    text = render(summary, name)
    assert "provisional" in text
    assert ("pending" in text) == (name in ("rich", "md", "svg", "latex"))
    low = f"{100 * summarise(trials).rows[0].effect.low:.1f}"
    assert low not in text.replace(f"{100 * row.effect.mean:.1f}", "")
    assert not any("needs a p of" in note for note in summary.notes)


def test_between_planned_looks_only_comparisons_that_have_reached_one_have_verdicts(arms):
    base, a = [0.9, 0.91, 0.92, 0.9, 0.91, 0.92, 0.9], [0.88, 0.89, 0.9, 0.88, 0.892, 0.9, 0.88]
    trials = arms(base=base, stopped=a[:5], going=a[:6], idle=base[:5])
    rows = {row.label: row for row in summarise(trials, rules=Rules(looks=(5, 7)), pending=2).rows}
    assert rows["-stopped"].verdict == "helps"
    assert (rows["-going"].verdict, rows["-idle"].verdict) == ("undecided", "undecided")
    assert rows["-going"].reason == "provisional: 2 trials of the study still to run"
    finished = summarise(trials, rules=Rules(looks=(5, 7))).rows
    assert {row.label: row.verdict for row in finished}["-going"] == "helps"


def test_an_effect_that_has_left_the_margin_since_it_was_negligible_is_undecided(arms):
    base = [0.9, 0.901, 0.899, 0.9, 0.9, 0.95, 0.97, 0.94, 0.96, 0.88]
    row = summarise(arms(base=base, a=[0.9] * 10), rules=Rules(margin=0.01), looked=[5]).rows[0]
    assert row.adjusted_equivalence_p <= 0.05
    assert (row.verdict, row.reason) == (
        "undecided",
        "within the margin at an earlier look, but not with all 10 replicates",
    )


def test_a_look_whose_failed_trials_have_values_now_is_paid_for_and_decides_nothing():
    schedule = LookSchedule.of(Rules(), [10], 10, judged=[(10, 5)], pairs=Pairs(range(10)))
    assert lost(schedule) == (10,)
    assert schedule.reached(range(10)) == (StudyLook(10, pytest.approx(0.1)),)
    assert schedule.left == pytest.approx(0.125)
    assert (schedule.before, schedule.counted) == ((10,), 2)
    later = LookSchedule.of(Rules(), [10], 20, judged=[(10, 5), (10, 10)], pairs=Pairs(range(20)))
    assert later.reached(range(20)) == (StudyLook(10, pytest.approx(0.1)), StudyLook(20, pytest.approx(0.02)))
    assert later.before == (10,)


def test_each_of_several_looks_without_a_failed_seed_is_paid_for_once_it_has_a_value():
    schedule = LookSchedule.of(Rules(), [6, 7], 8, judged=[(6, 5), (7, 6)], pairs=Pairs(range(8)))
    assert lost(schedule) == (6, 7)
    assert schedule.reached(range(8)) == (StudyLook(8, pytest.approx(0.02)),)
    assert schedule.left == pytest.approx(0.025)


def test_a_look_whose_pairs_are_gone_is_paid_for_too():
    seeds = [seed for seed in range(10) if seed != 3]
    schedule = LookSchedule.of(Rules(), [5], 10, judged=[(5, 5)], pairs=Pairs(seeds))
    assert (lost(schedule), schedule.reached(seeds)) == ((5,), (StudyLook(9, pytest.approx(0.1)),))


def test_a_look_at_pairs_that_another_one_had_seen_is_kept():
    there = Pairs(range(10), [f"{seed:06}" for seed in range(10)])
    judged = [there.at(5), there.at(5)._replace(replicates=10)]  # all further trials had failed
    schedule = LookSchedule.of(Rules(), [5, 10], 10, judged=judged, pairs=there)
    assert lost(schedule) == ()
    assert schedule.reached(range(10)) == (StudyLook(5, 0.8), StudyLook(10, 0.1))


def test_a_plan_adds_no_look_without_one():
    rules = Rules(looks=(10, 13, 16))
    now, later = (LookSchedule.of(rules, [10], n, judged=[(10, 5)], pairs=Pairs(range(n))) for n in (10, 13))
    assert (unplanned(now), lost(now), now.left) == ((), (10,), pytest.approx(0.125))
    assert later.left == now.left
    assert now.reached(range(10)) == (StudyLook(10, pytest.approx(0.125), 10 / 16),)


@pytest.mark.parametrize("family", ["holm", "max-t"])
def test_who_was_judged_on_other_pairs_pays_for_it(arms, family):
    base = [0.9 + 0.001 * (seed % 3) for seed in range(12)]
    lower = {name: [value - 0.01 + size * (seed % 3 == 1) for seed, value in enumerate(base)]
             for name, size in (("a", 0.008), ("b", 0.0085), ("c", 0.0075))}  # fmt: skip
    trials = arms(base=base, **lower)
    rules = Rules(family=family)
    once = summarise(trials, rules=rules, looked=[12]).rows
    again = summarise(trials, rules=rules, looked=[12], judged={"-a": [(12, 12)], "-b": [(12, 6)]}).rows
    assert again[1].adjusted_p > 2 * once[1].adjusted_p
    assert all(new.adjusted_p >= old.adjusted_p for new, old in zip(again, once, strict=True))


def test_a_planned_look_with_trials_to_run_is_none_however_far_other_seeds_are(arms):
    trials = [trial for trial in arms(base=[0.9, 0.91, 0.92, 0.9, 0.91, 0.93], a=[0.88, 0.89, 0.9, 0.88, 0.89, 0.91])
              if not (trial.change and trial.seed == 4)]  # fmt: skip
    rules = Rules(looks=(6, 10))
    row = summarise(trials, rules=rules, pending=1).rows[0]
    assert (row.verdict, row.evidence) == ("undecided", None)


def test_what_is_provisional_decides_nothing_about_what_is_shown(arms):
    base = [0.9, 0.91, 0.92, 0.9, 0.91, 0.92]
    shown = [value - 0.01 - 0.006 * (seed % 2) for seed, value in enumerate(base[:5])]
    rules = Rules(looks=(5, 7))
    rows = [
        summarise(arms(base=base, shown=shown, going=[value - d for value in base]), rules=rules, pending=1).rows[0]
        for d in (0.05, 0.0)
    ]
    assert rows[0].adjusted_p == rows[1].adjusted_p


def test_a_study_whose_only_error_went_to_pairs_that_have_changed_decides_nothing_however_often_it_is_extended(arms):
    trials = arms(base=[0.9, 0.91, 0.92, 0.9, 0.91] * 2, a=[0.88, 0.89, 0.9, 0.88, 0.892] * 2)
    judged = {"-a": [(6, 5), (6, 6)]}
    for looked in ([6], [6, 8]):
        row = summarise(trials, rules=Rules(reserve=0.0), looked=looked, judged=judged).rows[0]
        assert (row.verdict, row.adjusted_p, row.family_interval) == ("undecided", 1.0, None)

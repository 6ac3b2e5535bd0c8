"""Adaptive runs, with trials that need no training: their accuracies are a function of variant and seed."""

import pytest
from untrained import EFFECTS, LOOKS, METRICS, plan_for, run, seeds_of, stopped_after, table, variant

from flowerablate.contracts import (
    Contrast,
    Design,
    Rules,
)
from flowerablate.errors import StudyError
from flowerablate.execute import adaptive
from flowerablate.execute.adaptive import settled
from flowerablate.execute.budget import Budget
from flowerablate.execute.plan import Plan
from flowerablate.ledger import Ledger
from flowerablate.stats.looks import StudyLook

pytestmark = pytest.mark.usefixtures("without_training")


def test_only_open_comparisons_get_more_replicates_and_the_base_with_them(ledger):
    plan = plan_for("-clear", "-middling", "-idle")
    _, told = run(plan, ledger)
    counts = seeds_of(ledger, plan)
    rows = {row.label: row for row in table(ledger, plan).rows}
    assert rows["-clear"].verdict == "helps"
    assert counts["-clear"] < 20
    assert counts[""] == max(counts[change] for change in EFFECTS if change)
    assert all(count in LOOKS for count in counts.values())
    assert [look for _, _, look, _ in told.looks] == list(LOOKS[: len(told.looks)])
    assert told.looks[0] == (1, 5, 5, 3)
    assert told.counts[0] == (20, 0)
    assert len(told.trials) == sum(counts.values())


def test_what_is_decided_at_the_first_look_ends_there(ledger):
    plan = plan_for("-clear", seeds=9)
    run(plan, ledger)
    assert seeds_of(ledger, plan) == {"": 9, "-clear": 9}


def test_all_looks_are_in_the_ledger_before_the_first_trial(ledger, executor):
    plan = plan_for("-idle")
    seen = []
    executor.before.append(lambda: seen.append(ledger.note(plan.base_id).rules.looks))
    run(plan, ledger)
    assert set(seen) == {LOOKS}


def test_what_the_ledger_has_already_sets_the_first_look(ledger):
    run(plan_for("-idle", seeds=7, max_seeds=None), ledger)
    plan = plan_for("-idle")
    _, told = run(plan, ledger)
    assert ledger.note(plan.base_id).rules.looks == (7, 10, 14, 17, 20)
    assert ("-idle", 6) not in told.trials


@pytest.mark.parametrize(
    "trials", [pytest.param(1, marks=pytest.mark.slow), 7, pytest.param(13, marks=pytest.mark.slow)]
)
def test_a_run_that_was_killed_goes_on_to_the_same_trials(ledger, tmp_path, executor, trials):
    plan = plan_for("-clear", "-middling", "-idle")
    whole = Ledger(tmp_path / "whole")
    run(plan, whole)
    stopped_after(trials, plan, ledger, executor)
    run(plan, ledger)
    assert seeds_of(ledger, plan) == seeds_of(whole, plan)
    assert [row.verdict for row in table(ledger, plan).rows] == [row.verdict for row in table(whole, plan).rows]
    assert run(plan, ledger)[0].run == 0


def test_another_plan_for_the_same_base_is_refused_with_the_cure(ledger):
    run(plan_for("-clear"), ledger)
    for other in (plan_for("-clear", max_seeds=30), plan_for("-clear", seeds=8), plan_for("-clear", max_seeds=None)):
        with pytest.raises(StudyError, match=r"looks at 5, 9, 13, 16 and 20 replicates.*set name="):
            run(other, ledger)
    assert settled(plan_for("-clear", seeds=3), ledger).rules.looks == LOOKS


def test_a_maximum_below_the_beginning_is_refused(ledger):
    with pytest.raises(StudyError, match="max_seeds = 4 is below"):
        settled(plan_for("-clear", max_seeds=4), ledger)


def test_no_look_is_planned_before_a_verdict_is_possible(ledger):
    assert settled(plan_for("-clear", seeds=2, max_seeds=7), ledger).rules.looks == (5, 6, 7)
    assert settled(plan_for("-clear", seeds=2, max_seeds=7, min_replicates=2), ledger).rules.looks[0] == 2
    with pytest.raises(StudyError, match=r"max_seeds = 4 is below statistics\.min_replicates = 5"):
        settled(plan_for("-clear", seeds=2, max_seeds=4), ledger)


@pytest.mark.parametrize(("key", "value"), [("test", "modified-t"), ("family", "max-t")])
def test_looks_are_planned_for_the_usual_rules_only(ledger, key, value):
    with pytest.raises(StudyError, match=rf'until_decided needs statistics\.{key} = "(t|holm)", not "{value}"'):
        settled(plan_for("-clear", **{key: value}), ledger)


def test_rules_changed_after_a_table_was_shown_are_noted(ledger):
    run(plan_for("-idle", max_seeds=None), ledger)
    plan = plan_for("-idle", max_seeds=None, margin=0.01)
    run(plan, ledger)
    assert ledger.note(plan.base_id).shown == Rules()
    said = "Changed after results had been shown: margin was not set."
    assert any(said in note for note in table(ledger, plan).notes)


def test_a_question_that_comes_later_joins_the_same_looks(ledger):
    run(plan_for("-clear"), ledger)
    plan = plan_for("-idle")
    run(plan, ledger)
    summary = table(ledger, plan)
    assert [row.label for row in summary.rows] == ["-clear", "-idle"]
    assert summary.comparisons == 2
    assert summary.rules.looks == LOOKS


def test_a_failed_trial_is_not_tried_again_in_the_same_run_but_by_the_next(ledger, broken):
    plan = plan_for("-idle", futility=0.0)
    broken.add(("-idle", 2))
    outcome, told = run(plan, ledger)
    assert told.trials.count(("-idle", 2)) == 1
    assert [result.seed for result in outcome.failed] == [2]
    assert seeds_of(ledger, plan) == {"": 20, "-idle": 19}
    broken.clear()
    assert run(plan, ledger)[1].trials == [("-idle", 2)]
    assert [each[:2] for each in ledger.note(plan.base_id).judged["-idle"]] == [(20, 19), (20, 20)]
    (row,) = table(ledger, plan).rows
    assert [look.pairs for look in row.evidence.looks if not look.is_lost] == [20]
    assert 19 in [look.pairs for look in row.evidence.looks if look.is_lost]


class Clock:
    """A clock that moves on by a minute whenever a trial ends."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(executor):
    clock = Clock()

    def minute():
        clock.now += 60

    executor.before.append(minute)
    return clock


def test_a_budget_ends_a_run_before_a_trial_that_would_not_end_in_time_and_the_next_run_goes_on(ledger, clock):
    plan = plan_for("-clear", "-idle", max_seeds=None, seeds=4)
    outcome, _ = run(plan, ledger, Budget(330, clock))
    assert (outcome.run, outcome.left) == (5, 7)
    assert ledger.unfinished(ledger.note(plan.base_id)) == 7
    outcome, _ = run(plan, ledger)
    assert (outcome.run, outcome.left) == (7, 0)


def test_a_table_between_two_looks_joins_the_plan(ledger, clock):
    plan = plan_for("-middling", "-idle", futility=0.0)
    run(plan, ledger, Budget(60 * 20 + 30, clock))  # 15 trials for the first look, 5 of the second
    note = ledger.note(plan.base_id)
    assert note.rules.looks == (5, 7, 9, 13, 16, 20)
    assert note.looked == (7,)
    _, told = run(plan, ledger)
    assert [look for _, _, look, _ in told.looks][:2] == [7, 9]  # all trials of the first look are done


def test_a_table_before_a_verdict_is_possible_joins_no_plan(ledger, clock):
    plan = plan_for("-middling", "-idle", futility=0.0)
    run(plan, ledger, Budget(60 * 9 + 30, clock))  # 3 replicates
    note = ledger.note(plan.base_id)
    assert (note.rules.looks, note.looked) == (LOOKS, (3,))


def test_the_replicates_at_which_a_fixed_study_was_looked_at_are_noted(ledger):
    for seeds in (3, 5):
        run(plan_for("-idle", seeds=seeds, max_seeds=None), ledger)
    plan = plan_for("-idle", seeds=6, max_seeds=None)
    run(plan, ledger)
    assert ledger.note(plan.base_id).looked == (3, 5, 6)


def test_a_table_of_a_fixed_study_that_was_interrupted_is_no_look(ledger, clock):
    plan = plan_for("-middling", "-idle", seeds=6, max_seeds=None)
    run(plan, ledger, Budget(60 * 15 + 30, clock))  # 5 of 6 replicates
    assert ledger.note(plan.base_id).looked == ()
    run(plan, ledger)
    assert ledger.note(plan.base_id).looked == (6,)


def test_a_question_asked_after_verdicts_were_shown_is_noted_with_the_replicates_of_that_table(ledger):
    run(plan_for("-idle", seeds=3, max_seeds=None), ledger)
    run(plan_for("-idle", "-middling", seeds=5, max_seeds=None), ledger)
    plan = plan_for("-clear", "-idle", seeds=5, max_seeds=None)
    run(plan, ledger)
    assert ledger.note(plan.base_id).late == {"-clear": 5}  # at 3 replicates there were no verdicts
    run(plan, ledger)
    assert ledger.note(plan.base_id).late == {"-clear": 5}


def test_looks_before_the_plan_leave_it_a_part_of_the_error(ledger):
    run(plan_for("-clear", seeds=5, max_seeds=None), ledger)
    plan = adaptive.settled(plan_for("-clear", seeds=5), ledger)
    run(plan, ledger)
    assert ledger.note(plan.base_id).unplanned == (5,)
    assert [contrast.label for contrast in adaptive.open_after(plan, ledger, 5)] == []  # what the first table decided


def test_what_goes_on_after_a_look_is_told_by_the_replicates_of_that_look_alone(ledger):
    plan = plan_for("-clear", "-middling", futility=0.0)
    run(plan, ledger)
    plan = adaptive.settled(plan, ledger)
    assert [contrast.label for contrast in adaptive.open_after(plan, ledger, 5)] == ["-clear", "-middling"]
    assert adaptive.open_after(plan, ledger, 20) == ()


def test_looks_before_there_was_a_plan_are_noted_apart_from_the_planned_ones(ledger):
    for seeds in (3, 5):
        run(plan_for("-idle", seeds=seeds, max_seeds=None), ledger)
    plan = plan_for("-idle", seeds=5, max_seeds=9, futility=0.0)
    run(plan, ledger)
    assert ledger.note(plan.base_id).unplanned == (3, 5)
    run(plan, ledger)
    assert ledger.note(plan.base_id).unplanned == (3, 5)


def test_a_study_that_begins_with_a_plan_has_no_other_looks(ledger):
    plan = plan_for("-idle", max_seeds=9, futility=0.0)
    run(plan, ledger)
    run(plan, ledger)
    assert ledger.note(plan.base_id).unplanned == ()


def test_an_interaction_gets_all_of_its_cells_and_nothing_else(ledger):
    plan = plan_for("-clear", "-middling")
    question = Contrast("both", "interaction", {"": 1.0, "-clear": -1.0, "-middling": -1.0, "-idle": 1.0})
    design = Design(tuple(map(variant, EFFECTS)), (*plan.design.contrasts[:1], question))
    plan = Plan(plan.data, design, 5, Rules(futility=0.0), plan.fingerprint_of, METRICS, 9)
    run(plan, ledger)
    assert set(seeds_of(ledger, plan).values()) <= {5, 6, 7, 8, 9}
    assert seeds_of(ledger, plan)["-idle"] == seeds_of(ledger, plan)["-middling"] == seeds_of(ledger, plan)[""]


def test_a_look_whose_pairs_have_changed_since_it_was_shown_stops_nothing(ledger, broken, monkeypatch):
    """Else the table would hold for undecided what no run continues."""
    plan = plan_for("-idle", futility=0.0)
    broken.add(("-idle", 2))
    run(plan, ledger)
    broken.clear()
    monkeypatch.setitem(EFFECTS, "-idle", 0.0)
    run(plan, ledger)
    looked = settled(plan, ledger)
    assert [look.pairs for look in table(ledger, plan).rows[0].evidence.looks if not look.is_lost] == [20]
    monkeypatch.setattr(adaptive, "undecided_after", lambda summary: ())  # as if each look by itself had decided
    assert [[each.label for each in adaptive.open_after(looked, ledger, n)] for n in (5, 9, 13, 16)] == [["-idle"]] * 4


def test_a_first_table_without_a_single_pair_has_shown_no_verdict(ledger, broken):
    plan = plan_for("-idle", seeds=5, max_seeds=None)
    broken.update(("-idle", seed) for seed in range(5))
    run(plan, ledger)
    note = ledger.note(plan.base_id)
    assert (note.shown, note.judged["-idle"][0][:2]) == (None, (5, 0))
    broken.clear()
    run(plan_for("-idle", "-middling", seeds=5, max_seeds=None, reserve=0.5), ledger)
    note = ledger.note(plan.base_id)
    assert (note.late, note.shown.reserve) == ({}, 0.5)
    assert table(ledger, plan).rows[0].evidence.looks == (StudyLook(5, 0.5),)


def test_verdicts_that_could_be_read_before_a_run_goes_on_were_shown(ledger, broken, executor):
    plan = plan_for("-idle", futility=0.0)
    broken.add(("-idle", 2))
    stopped_after(2 * 9, plan, ledger, executor)  # both looks, at 5 and 9 replicates, have been taken
    assert ledger.note(plan.base_id).judged == {}
    broken.clear()
    run(plan, ledger)
    assert [each[:2] for each in ledger.note(plan.base_id).judged["-idle"]] == [(9, 8), (20, 20)]

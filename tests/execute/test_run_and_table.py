"""What a run takes for decided is what its table shows, and each verdict that can be read is paid for."""

from dataclasses import replace

import pytest
from untrained import EFFECTS, plan_for, run, seeds_of, stopped_after, table

from flowerablate.contracts import JudgedTable
from flowerablate.errors import StudyError
from flowerablate.execute.adaptive import settled
from flowerablate.ledger import Ledger
from flowerablate.reading import shown_tables

pytestmark = pytest.mark.usefixtures("without_training")


@pytest.mark.parametrize("number", range(4))
def test_a_question_that_is_new_in_a_plan_after_a_table_stops_just_when_the_table_decides_it(
    ledger, monkeypatch, number
):
    old, new = f"-old{number}", f"-new{number}"
    monkeypatch.setitem(EFFECTS, old, 0.02)
    monkeypatch.setitem(EFFECTS, new, 0.06)
    run(plan_for(old, max_seeds=None), ledger)
    plan = plan_for(old, new, futility=0.0)
    run(plan, ledger)
    rows = {row.label: row for row in table(ledger, plan).rows}
    counts = seeds_of(ledger, plan)
    assert all(rows[label].verdict != "undecided" for label in (old, new) if counts[label] < 20)
    assert [look.share for look in rows[new].evidence.looks if not look.progress] == []


def tables_of(ledger, label="-idle"):
    return [(table.replicates, table.verdict) for table in ledger.note().judged.get(label, ())]


def test_a_report_while_another_run_goes_on_records_the_table_that_it_shows(ledger, monkeypatch, executor):
    plan = plan_for("-clear", "-idle", seeds=5, max_seeds=None)
    run(plan, ledger)
    stopped_after(3 * 2, plan_for("-clear", "-idle", seeds=20, max_seeds=None), ledger, executor)
    assert table(ledger, plan).rows[0].verdict == "undecided"  # provisional
    assert tables_of(ledger) == [(5, True)]
    monkeypatch.setattr(Ledger, "unfinished", lambda self, note: 0)  # as the run at work is not that of the note
    shown = table(ledger, plan)
    assert [look.share for look in shown.rows[1].evidence.looks] == pytest.approx([0.8, 0.1])
    assert tables_of(ledger) == [(5, True), (7, True)]
    table(ledger, plan)
    assert tables_of(ledger) == [(5, True), (7, True)]
    monkeypatch.undo()


def test_a_table_of_a_ledger_that_cannot_be_written_to_decides_nothing_new(ledger, monkeypatch):
    plan = plan_for("-clear", "-idle", seeds=5, max_seeds=None)
    run(plan, ledger)
    note = ledger.note()
    assert table(ledger, plan).rows[0].verdict == "helps"  # recorded by the run
    lost = replace(note, judged={}, looked=(), shown=None)
    monkeypatch.setattr(Ledger, "note", lambda self, base_id=None: lost)

    def refuse(self, note):
        raise PermissionError

    monkeypatch.setattr(Ledger, "show", refuse)
    summary = table(ledger, plan)
    assert {row.verdict for row in summary.rows} == {"undecided"}
    assert any(text.startswith("This table is not recorded in the ledger") for text in summary.notes)


def test_a_study_between_two_planned_looks_decides_nothing_whatever_run_was_the_latest(ledger, monkeypatch, executor):
    plan = plan_for("-clear", "-idle", futility=0.0)
    monkeypatch.setitem(EFFECTS, "-clear", 0.0)
    stopped_after(3 * 7, plan, ledger, executor)
    monkeypatch.setattr(Ledger, "unfinished", lambda self, note: 0)
    rows = table(ledger, plan).rows
    assert [look.pairs for look in rows[1].evidence.looks] == [5]
    assert tables_of(ledger) == []


def test_a_report_changes_nothing_else_of_the_notes(ledger):
    plan, other = plan_for("-idle", seeds=5, max_seeds=None), plan_for("-clear", seeds=5, max_seeds=None)
    run(plan, ledger)
    before = ledger.note(plan.base_id)
    ledger.show(replace(before, base_id="another"))
    ledger.show(replace(before, trials=(), rules=other.rules, judged={"-idle": (JudgedTable(9, 9),)}))
    after = ledger.note()
    assert (after.base_id, after.trials, after.contrasts) == (before.base_id, before.trials, before.contrasts)
    assert [each[:2] for each in after.judged["-idle"]] == [(9, 9), (5, 5)]


def test_a_table_with_too_few_pairs_for_the_modified_test_is_none_with_verdicts(ledger):
    plan = plan_for("-idle", seeds=6, max_seeds=None, test="modified-t")
    run(plan, ledger)
    assert tables_of(ledger) == [(6, False)]
    assert ledger.note().shown is None


def test_but_it_is_where_intervals_are_over_test_images_which_it_does_not_judge(ledger, monkeypatch):
    monkeypatch.setattr(shown_tables, "is_over_images", lambda *words: True)
    run(plan_for("-idle", seeds=6, max_seeds=None, test="modified-t"), ledger)
    assert tables_of(ledger) == [(6, True)]


def test_a_minimum_that_is_lowered_after_a_table_makes_no_look_of_it_nor_of_a_plan(ledger):
    run(plan_for("-idle", seeds=3, max_seeds=None), ledger)
    lowered = plan_for("-idle", seeds=3, max_seeds=None, min_replicates=3)
    run(lowered, ledger)
    assert tables_of(ledger) == [(3, False)]
    assert settled(plan_for("-idle", seeds=3, max_seeds=7, min_replicates=3), ledger).rules.looks == (5, 6, 7)
    with pytest.raises(StudyError, match=r"min_replicates = 5 of earlier tables, .* or give this study another name"):
        settled(plan_for("-idle", seeds=3, max_seeds=4, min_replicates=3), ledger)


def test_a_report_of_a_table_that_is_too_small_for_a_verdict_settles_the_minimum_too(ledger, monkeypatch, executor):
    plan = plan_for("-clear", seeds=8, max_seeds=None)
    stopped_after(2 * 3, plan, ledger, executor)
    monkeypatch.setattr(Ledger, "unfinished", lambda self, note: 0)  # as if another run had been the latest
    assert table(ledger, plan).rows[0].verdict == "undecided"
    assert (tables_of(ledger, "-clear"), ledger.note().told) == ([(3, False)], (plan.rules,))


def test_a_ledger_whose_base_is_gone_is_reported_all_the_same(ledger, broken):
    plan = plan_for("-idle", seeds=5, max_seeds=None)
    run(plan, ledger)
    run(plan_for("-idle", seeds=6, max_seeds=None), ledger)
    for claim, folder in ledger.trials_of(plan.base_id):
        if not claim.change:
            folder.forget_result()
            folder.fail("RuntimeError: gone", "")
    assert [row.n for row in table(ledger, plan).rows] == [0]
    assert len(ledger.note().judged["-idle"]) == 2


def test_a_plan_that_leaves_out_an_earlier_question_has_a_table_that_counts(ledger, monkeypatch):
    monkeypatch.setitem(EFFECTS, "-other", 0.0)
    run(plan_for("-other", "-clear", seeds=5, max_seeds=None), ledger)
    plan = plan_for("-clear", seeds=8, futility=0.0)
    run(plan, ledger)
    summary = table(ledger, plan)
    assert {row.label: row.verdict for row in summary.rows} == {"-other": "undecided", "-clear": "helps"}
    assert not any("not recorded in the ledger" in text for text in summary.notes)

"""Questions that are asked again, or later: their labels, and the looks at them."""

import pytest

from flowerablate.contracts import Contrast, JudgedTable, Rules
from flowerablate.ledger import Ledger, StudyNote
from flowerablate.ledger.note import Notes


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "study")


def drawn(*seeds, cell="-a"):
    """A Shapley value that weighs other variants on each of *seeds*."""
    return Contrast("share", "share", {}, by_seed={seed: {"": 1.0, cell: -1.0} for seed in seeds})


def test_replicates_that_were_drawn_before_stay_known_when_fewer_are_asked_for(ledger):
    for asked in (drawn(0, 1, 2), drawn(0)):
        ledger.enter((), {}, StudyNote("base0", contrasts=(asked,)))
    assert ledger.note().contrasts == (drawn(0, 1, 2),)


def test_what_was_asked_stays_in_the_family_when_another_question_takes_its_label(ledger):
    first, second, third = drawn(0, 1, 2), drawn(0, cell="-b"), drawn(5)
    for asked in (first, second, third):
        ledger.enter((), {}, StudyNote("base0", contrasts=(asked,)))
    assert {c.label: c.by_seed for c in ledger.note().contrasts} == {
        "share": third.by_seed,
        "share, asked earlier": first.by_seed,
        "share, asked earlier (2)": second.by_seed,
    }


def test_a_question_that_is_asked_again_takes_its_label_back(ledger):
    first, second = drawn(0), drawn(0, cell="-b")
    for asked in (first, second, first, second, first):
        ledger.enter((), {}, StudyNote("base0", contrasts=(asked,)))
    assert {c.label: c.by_seed for c in ledger.note().contrasts} == {
        "share": first.by_seed,
        "share, asked earlier": second.by_seed,
    }


def test_the_looks_of_a_question_stay_its_own_when_another_one_takes_its_label(ledger):
    first, second = drawn(0), drawn(0, cell="-b")
    looked = {"looked": (5,), "seen": {"share": (5,)}, "judged": {"share": (JudgedTable(5, 5),)}, "shown": Rules()}
    notes = [
        StudyNote("base0", contrasts=(first,)),
        StudyNote("base0", contrasts=(first,), **looked),
        StudyNote("base0", contrasts=(second,)),
    ]
    for note in notes:
        ledger.enter((), {}, note)
    earlier = "share, asked earlier"
    note = ledger.note()
    assert (note.seen, note.judged, note.late) == ({earlier: (5,)}, {earlier: (JudgedTable(5, 5),)}, {"share": 5})
    ledger.enter((), {}, notes[0])
    assert (ledger.note().seen, ledger.note().late) == ({"share": (5,)}, {earlier: 5})


def test_a_table_read_since_the_last_run_is_a_look_before_the_plan_and_those_of_the_plan_are_none(ledger):
    plan = Rules(looks=(5, 9))
    for note in (
        StudyNote("base0"),
        StudyNote("base0", rules=plan, looked=(5,)),
        StudyNote("base0", rules=plan, looked=(9,)),
    ):
        ledger.enter((), {}, note)
    assert (ledger.note().unplanned, ledger.note().looked) == ((5,), (5, 9))


def test_a_question_is_late_by_the_last_table_that_was_read_before_it_also_if_the_run_that_asks_it_notes_that_table():
    shown = {"looked": (5,), "judged": {"-a": (JudgedTable(5, 5, number=1),)}, "shown": Rules()}
    notes = Notes("", {}).with_note(StudyNote("base", contrasts=(removal("-a"),), **shown))
    read_since = {"looked": (10,), "judged": {"-a": (JudgedTable(10, 10, number=2),)}, "shown": Rules()}
    notes = notes.with_note(StudyNote("base", contrasts=(removal("-b"),), **read_since))
    assert notes.studies["base"].late == {"-b": 10}


def test_a_table_that_two_processes_record_at_once_gets_a_number_of_its_own():
    one, other = (
        StudyNote("base", judged={"-a": (JudgedTable(n, n, number=1, planned=False),)}, looked=(n,)) for n in (7, 6)
    )
    note = Notes("", {}).with_note(one).with_table(other).studies["base"]
    assert [(table.replicates, table.number) for table in note.judged["-a"]] == [(7, 1), (6, 2)]


def removal(label):
    return Contrast(label, "removal", {"": 1.0, label: -1.0})

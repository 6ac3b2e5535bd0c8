"""Refused questions in the notes of a ledger."""

from flowerablate.contracts import Contrast
from flowerablate.ledger.note import Notes, StudyNote


def asked(label):
    return Contrast(label, "removal", {"": 1.0, label: -1.0})


def test_a_question_is_either_asked_or_refused_as_the_latest_run_has_it():
    notes = Notes("", {}).with_note(StudyNote("base", contrasts=(asked("-a"), asked("-b"))))
    notes = notes.with_note(StudyNote("base", contrasts=(asked("-c"),), refused={"-a": "a: changes nothing"}))
    note = notes.studies["base"]
    assert [contrast.label for contrast in note.contrasts] == ["-b", "-c"]
    assert note.refused == {"-a": "a: changes nothing"}
    note = notes.with_note(StudyNote("base", contrasts=(asked("-a"),))).studies["base"]
    assert [contrast.label for contrast in note.contrasts] == ["-b", "-c", "-a"]
    assert note.refused == {}


def test_remarks_of_earlier_runs_are_kept():
    notes = Notes("", {}).with_note(StudyNote("base", remarks={"-a": "hardly differs"}))
    note = notes.with_note(StudyNote("base", remarks={"-b": "is odd"})).studies["base"]
    assert note.remarks == {"-a": "hardly differs", "-b": "is odd"}

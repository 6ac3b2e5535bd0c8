"""Which study is meant, and what others beside it have shown."""

from flowerablate.contracts import Rules
from flowerablate.ledger import Ledger, StudyNote
from flowerablate.reading.find_study import shown_elsewhere


def test_studies_of_other_names_that_have_shown_results_of_the_same_base_are_found(tmp_path):
    notes = {
        "here": StudyNote("b", looked=(5,)),
        "looked": StudyNote("b", looked=(5, 10), shown=Rules()),
        "not-looked": StudyNote("b"),
        "other-base": StudyNote("c", looked=(5,)),
    }
    for name, note in notes.items():
        (tmp_path / name / "trials").mkdir(parents=True)
        Ledger(tmp_path / name).enter((), {}, note)
    (tmp_path / "damaged" / "trials").mkdir(parents=True)
    (tmp_path / "damaged" / "study.json").write_text("{")
    assert shown_elsewhere(Ledger(tmp_path / "here"), "b") == ["looked"]
    assert shown_elsewhere(Ledger(tmp_path / "other-base"), "c") == []

"""Two studies are compared by a metric that both have, and the comparison says which."""

import shutil

import pytest

from flowerablate.cli.environment import assembler_here
from flowerablate.errors import StudyError
from flowerablate.ledger import Ledger
from flowerablate.reading.read_comparison import read_comparison


@pytest.fixture
def studies(trained_study, tmp_path):
    """Two copies of a study whose trials recorded accuracy, roc_auc and macro_f1; each may get another metric."""

    def make(first, second):
        ledgers = []
        for name, metric in (("one", first), ("two", second)):
            root = tmp_path / name
            shutil.copytree(trained_study.runs / "tiny", root)
            note = (root / "study.json").read_text()
            (root / "study.json").write_text(note.replace('"metric": "accuracy"', f'"metric": "{metric}"'))
            ledgers.append(Ledger(root))
        return ledgers

    return make


def compared(ledgers, metric=None):
    comparison = read_comparison(*ledgers, assembler_here(), metric)
    assert comparison.first.summary.metric == comparison.second.summary.metric
    return comparison.first.summary.metric, [note for note in comparison.notes if "primary metric" in note]


def test_a_common_primary_metric_needs_no_remark(studies):
    assert compared(studies("macro_f1", "macro_f1")) == ("macro_f1", [])


def test_a_metric_that_the_trials_of_both_recorded_is_chosen_and_named(studies):
    assert compared(studies("macro_f1", "accuracy")) == (
        "macro_f1",
        [
            "The primary metric of A is macro_f1, that of B is accuracy; both are compared by macro_f1. "
            "Name a metric to compare by another."
        ],
    )


def test_a_metric_that_one_study_would_have_to_compute_yields_to_one_that_both_recorded(studies):
    metric, remarks = compared(studies("brier", "macro_f1"))
    assert metric == "macro_f1"
    assert len(remarks) == 1


def test_where_no_primary_metric_was_recorded_by_both_another_is(studies):
    metric, remarks = compared(studies("brier", "balanced_accuracy"))
    assert metric in ("accuracy", "roc_auc", "macro_f1")
    assert f"compared by {metric}" in remarks[0]


def test_a_metric_that_is_asked_for_is_the_one(studies):
    assert compared(studies("macro_f1", "accuracy"), "brier") == ("brier", [])


def test_an_unknown_metric_is_refused(studies):
    with pytest.raises(StudyError, match="accurracy"):
        compared(studies("macro_f1", "accuracy"), "accurracy")

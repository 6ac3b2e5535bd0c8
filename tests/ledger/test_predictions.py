from dataclasses import replace

import numpy as np
import pytest

from flowerablate.errors import LedgerError
from flowerablate.ledger.predictions import Predictions, read_predictions, write_predictions

PREDICTIONS = Predictions(
    ("rose/ä.png", "daisy/1.png"),
    np.array([1, 0]),
    np.array([[0.25, 0.75], [0.5, 0.5]], dtype=np.float32),
    ("daisy", "rose"),
)


def test_predictions_come_back_as_they_were(tmp_path):
    write_predictions(tmp_path, PREDICTIONS)
    back = read_predictions(tmp_path)
    assert (back.keys, back.classes) == (PREDICTIONS.keys, PREDICTIONS.classes)
    np.testing.assert_array_equal(back.labels, PREDICTIONS.labels)
    np.testing.assert_array_equal(back.probabilities, PREDICTIONS.probabilities)


def test_logits_come_back_to_the_bit_and_change_nothing_else(tmp_path):
    logits = np.array([[0.1, 1.2], [np.inf, 2.0]], dtype=np.float32)
    write_predictions(tmp_path, replace(PREDICTIONS, logits=logits))
    back = read_predictions(tmp_path)
    assert back.logits.tobytes() == logits.tobytes()
    assert back.probabilities.tobytes() == PREDICTIONS.probabilities.tobytes()
    np.testing.assert_array_equal(back.scores("logits"), [[np.float32(0.1), np.float32(1.2)], [0.0, 0.0]])
    np.testing.assert_array_equal(back.scores("probabilities"), PREDICTIONS.normalised)


def test_groups_come_back_and_are_none_where_there_are_none(tmp_path):
    write_predictions(tmp_path, replace(PREDICTIONS, groups=("p1", "ü 2")))
    assert read_predictions(tmp_path).groups == ("p1", "ü 2")
    write_predictions(tmp_path, PREDICTIONS)
    assert read_predictions(tmp_path).groups is None


def test_predictions_of_earlier_versions_have_no_logits_and_say_so_when_asked(tmp_path):
    write_predictions(tmp_path, PREDICTIONS)
    assert "logits" not in np.load(tmp_path / "predictions.npz")
    back = read_predictions(tmp_path)
    assert back.logits is None
    with pytest.raises(LedgerError, match="kept no logits; remove the trial's folder to train it again"):
        back.scores("logits")


def test_missing_and_damaged_predictions_are_named_with_the_cure(tmp_path):
    with pytest.raises(LedgerError, match=r"predictions\.npz is missing; remove the trial's folder"):
        read_predictions(tmp_path)
    write_predictions(tmp_path, PREDICTIONS)
    path = tmp_path / "predictions.npz"
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(LedgerError, match="damaged"):
        read_predictions(tmp_path)


def test_a_pickle_is_not_loaded(tmp_path):
    np.savez(tmp_path / "predictions.npz", keys=np.array([print], dtype=object), labels=0, probabilities=0, classes=0)
    with pytest.raises(LedgerError, match="damaged"):
        read_predictions(tmp_path)


def test_predictions_that_may_not_be_read_are_not_called_damaged(tmp_path, monkeypatch):
    def refused(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("flowerablate.ledger.predictions.open_file", refused)
    with pytest.raises(LedgerError, match=r"cannot read .*: permission denied; check what it is, and its permissions"):
        read_predictions(tmp_path)

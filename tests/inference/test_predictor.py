"""A predictor makes the same predictions as the trial of its model."""

import tracemalloc

import numpy as np
import pytest
from PIL import Image

from flowerablate.inference import Prediction, Unreadable
from flowerablate.inference import predictor as predicting
from flowerablate.ledger import TrialFolder
from flowerablate.wiring.trained_model import read_record


def test_the_test_images_of_the_trial_give_its_kept_predictions_bit_for_bit(trained_study, predictor):
    kept = TrialFolder(trained_study.trial).predictions()
    found = list(predictor.predict([trained_study.images / key for key in kept.keys]))
    assert all(isinstance(each, Prediction) for each in found)
    assert predictor.classes == kept.classes
    probabilities = np.stack([each.probabilities for each in found]).astype(np.float32)
    np.testing.assert_array_equal(probabilities, kept.probabilities)


def test_a_checkpoint_keeps_what_steps_learned_from_the_training_images(trained_study):
    record, _ = read_record(trained_study.trial / "best.safetensors")
    learned = record.learned["normalize"]
    assert set(learned) == {"mean", "std"}
    assert all(0 < value < 1 for values in learned.values() for value in values)
    assert record.study == "tiny"
    assert (record.trial, record.seed, record.variant) == (trained_study.trial.name, 0, "base")
    assert {part: sum(counts) for part, counts in record.counts.items()}.keys() == {"train", "validation", "test"}
    assert sum(map(sum, record.counts.values())) == 24


@pytest.mark.parametrize("batch_size", [1, 5, 64])
def test_the_size_of_the_batch_moves_nothing_but_last_bits(trained_study, predictor, batch_size):
    paths = sorted(trained_study.images.rglob("*.png"))
    one, other = predictor.predict(paths), predictor.predict(paths, batch_size=batch_size)
    for first, second in zip(one, other, strict=True):
        assert first.path == second.path
        np.testing.assert_allclose(first.probabilities, second.probabilities, atol=1e-5)


def test_unreadable_files_are_told_in_their_place_and_the_others_predicted(trained_study, predictor, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"no image")
    good = sorted(trained_study.images.rglob("*.png"))[:3]
    paths = [tmp_path / "broken.png", *good, tmp_path / "missing.png"]
    found = list(predictor.predict(paths, batch_size=2))
    assert [each.path for each in found] == paths
    assert [type(each) for each in found] == [Unreadable, Prediction, Prediction, Prediction, Unreadable]
    assert "broken.png" in found[0].reason
    only_bad = list(predictor.predict([tmp_path / "broken.png"] * 9, batch_size=2))
    assert len(only_bad) == 9
    assert all(isinstance(each, Unreadable) for each in only_bad)


def test_no_files_give_no_predictions(predictor):
    assert list(predictor.predict([])) == []


def test_an_image_that_does_not_come_out_at_the_models_size_is_told(predictor, tmp_path):
    predictor.prefix = predictor.prefix.with_ops([])
    predictor.evaluate = predictor.evaluate.with_ops(predictor.evaluate.ops[-1:])
    Image.new("RGB", (30, 40)).save(tmp_path / "tall.png")
    (found,) = predictor.predict([tmp_path / "tall.png"])
    assert isinstance(found, Unreadable)
    assert "40x30" in found.reason
    assert "16x16" in found.reason


@pytest.mark.parametrize("images", [256, pytest.param(1024, marks=pytest.mark.slow)])
def test_memory_does_not_grow_with_the_number_of_images(trained_study, predictor, images):
    path = next(trained_study.images.rglob("*.png"))

    def peak(count):
        tracemalloc.start()
        try:
            assert sum(1 for _ in predictor.predict((path for _ in range(count)), batch_size=16)) == count
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(64)
    assert peak(images) < 1.5 * peak(128)


def test_the_most_probable_classes_come_first():
    prediction = Prediction("x.png", np.array([0.2, 0.5, 0.3]), ("a", "b", "c"), np.zeros(3, np.float32))
    assert (prediction.label, prediction.probability) == ("b", 0.5)
    assert [name for name, _ in prediction.top(2)] == ["b", "c"]


def test_large_images_that_are_let_go_early_give_the_same_batch(trained_study, predictor, monkeypatch):
    paths = sorted(trained_study.images.rglob("*.png"))
    whole = [each.probabilities for each in predictor.predict(paths)]
    monkeypatch.setattr(predicting, "_AT_ONCE", 1)
    np.testing.assert_array_equal([each.probabilities for each in predictor.predict(paths)], whole)

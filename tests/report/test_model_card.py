"""What a model card says of training."""

from types import SimpleNamespace

from pipelines import make_pipeline

from flowerablate.contracts import Choice
from flowerablate.report.model_card import _choice, _training


def test_every_setting_of_training_that_is_not_the_default_is_told():
    changed = {"epochs": 8, "batch_size": 4, "channels_last": True, "ema": 0.9}
    pipeline = make_pipeline(train={**changed, "precision": "bfloat16", "best_by": "roc_auc"}, loss=Choice("plain"))
    text = _training(SimpleNamespace(pipeline=pipeline, epoch=3))
    assert "| loss | `plain` |" in text
    for line in ("| `train.ema` | `0.9` |", "| `train.precision` | `bfloat16` |", "| `train.best_by` | `roc_auc` |"):
        assert line in text
    assert "train.clip_norm" not in text
    assert "the weights are from epoch 3" in text


def test_settings_are_told_as_a_study_writes_them_without_the_folders_of_whoever_trained():
    choice = Choice("folder", {"path": "/home/somebody/photographs", "weights": "", "skip": True, "lr": 0.1})
    assert _choice(choice) == '`folder` (path=photographs, weights="", skip=true, lr=0.1)'

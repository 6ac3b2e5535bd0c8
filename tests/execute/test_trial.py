"""What one trial leaves behind: its result and its files."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest

from flowerablate.contracts import BEST, LAST
from flowerablate.errors import DataError
from flowerablate.execute.trial import run_trial
from flowerablate.ledger.predictions import read_predictions
from flowerablate.loader import Batches


def run(study, change=""):
    trial = study.trial(change)
    folder = study.ledger.folder(trial)
    folder.path.mkdir(parents=True, exist_ok=True)
    prepared = study.assembler.prepare(trial.variant.pipeline, study.plan.data)
    return folder, run_trial(
        trial, prepared, study.plan.data, study.assembler, folder, study.heard.of(trial), study.plan.metrics
    )


def test_a_result_has_the_metrics_of_the_test_split_at_the_best_epoch(small):
    study = small()
    folder, result = run(study)
    kept = read_predictions(folder.path)
    right = kept.probabilities.argmax(axis=1) == kept.labels
    assert result.metrics["accuracy"] == right.mean()
    assert set(result.metrics) == {*study.plan.metrics.names, "loss"}
    history = json.loads((folder.path / "history.json").read_text())
    best = history[result.best_epoch - 1]
    assert best["validation_accuracy"] == max(epoch["validation_accuracy"] for epoch in history)
    assert (result.validation["accuracy"], result.validation["loss"]) == (
        best["validation_accuracy"],
        best["validation_loss"],
    )


def test_the_probabilities_that_are_kept_are_those_of_the_logits(small):
    folder, _ = run(small())
    kept = read_predictions(folder.path)
    powers = np.exp(kept.logits.astype(np.float64))
    np.testing.assert_array_equal(kept.probabilities, (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32))


def test_what_was_not_measured_is_none_and_the_rest_a_number(small):
    _, result = run(small())
    assert set(result.costs) == {"seconds", "images_per_second", "parameters", "flops", "memory"}
    assert {name for name, value in result.costs.items() if value is None} <= {"memory"}  # known on a GPU only
    assert result.costs["seconds"] > 0


def test_a_trial_leaves_its_checkpoints_and_no_folder_of_candidates(small):
    folder, result = run(small())
    assert folder.complete
    assert {BEST, LAST, "history.json", "predictions.npz", "result.json"} <= {
        path.name for path in folder.path.iterdir()
    }
    assert not (folder.path / "candidates").exists()
    assert result.tuned == {}


def test_a_trial_that_runs_again_over_its_checkpoint_gives_the_same_numbers_without_training(small):
    study = small()
    folder, first = run(study)
    study.heard.steps.clear()
    (folder.path / "result.json").unlink()
    _, again = run(study)
    assert study.heard.steps == []
    assert (again.metrics, again.validation, again.costs["seconds"]) == (
        first.metrics,
        first.validation,
        first.costs["seconds"],
    )


def test_the_settings_that_a_trial_chooses_on_validation_are_told_and_all_candidates_count_in_its_time(small):
    study = small(**{"ablation.retune": ["optimizer.lr=0.001,0.1"]})
    folder, result = run(study)
    candidates = json.loads((folder.path / "candidates.json").read_text())
    assert [each["values"]["optimizer.lr"] for each in candidates] == [0.001, 0.1]
    assert result.tuned["optimizer.lr"] in (0.001, 0.1)
    assert result.costs["seconds"] == pytest.approx(sum(each["seconds"] for each in candidates))
    assert study.heard.epochs == [1, 2, 3, 4]


def test_a_result_records_the_environment_and_the_owners_of_components_metrics_and_measures(small):
    _, result = run(small())
    assert {"torch", "threads"} <= result.environment.keys()
    owners = {(owned.slot, owned.name): owned.owner.plugin for owned in result.owners}
    assert owners["model", "resnet8"] == "resnets"
    assert {("metric", "accuracy"), ("measure", "flops")} <= owners.keys()


@pytest.mark.parametrize("harm", [lambda path: os.truncate(path, 10), lambda path: path.open("r+b").write(b"other")])
def test_a_trial_whose_packed_images_are_written_to_fails_and_leaves_no_result(small, tmp_path, monkeypatch, harm):
    begin = Batches.epoch
    harmed = []

    def epoch(self, number):
        harmed.append(self.dataset._images.source.folder / "pixels.bin")
        if len(harmed) == 2:
            harm(harmed[0])
        return begin(self, number)

    monkeypatch.setattr(Batches, "epoch", epoch)
    study = small()
    study.assembler.cache = tmp_path / "cache"  # other tests share theirs
    with pytest.raises(DataError, match=r"pixels\.bin was written to while it was in use"):
        run(study)
    assert not study.ledger.folder(study.trial("")).complete

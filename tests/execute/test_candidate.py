"""One pipeline trained on one replicate."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from flowerablate.execute.candidate import Replicate, train_candidate
from flowerablate.train.loop import Silent

CHOOSY = """
import flowerablate as fa

@fa.hookimpl
def flowerablate_register_metric(register):
    register(fa.MetricSpec("margin", "Mean margin of the logits.", build, percent=False))

def build(context):
    def value(labels, logits):
        rows = list(range(len(labels)))
        return float((logits[rows, labels] - logits[rows, 1 - labels]).mean())

    return fa.Metric(value, needs="logits")
"""


def replicate_of(study, change=""):
    return Replicate.of(study.trial(change), study.plan.data, study.assembler, study.plan.metrics, "small")


def train(study, folder, change=""):
    replicate = replicate_of(study, change)
    pipeline = replicate.trial.variant.pipeline
    prepared = study.assembler.prepare(pipeline, study.plan.data)
    return train_candidate(replicate, pipeline, prepared, folder, Silent())


def test_the_splits_of_a_replicate_are_disjoint_and_those_of_its_variants_the_same(small):
    study = small()
    base, variant = (replicate_of(study, change).split for change in ("", "-flip"))
    parts = [set(part.tolist()) for part in (base.train, base.validation, base.test)]
    assert sum(map(len, parts)) == len(set.union(*parts)) == len(study.plan.data.samples)
    for name in ("train", "validation", "test"):
        np.testing.assert_array_equal(getattr(base, name), getattr(variant, name))


def test_a_seed_control_trains_by_another_seed_on_the_same_split(small):
    study = small(**{"ablation.controls": ["luck"]})
    base, control = replicate_of(study), replicate_of(study, "control=luck")
    assert base.training_seed == base.trial.seed == control.trial.seed != control.training_seed
    np.testing.assert_array_equal(base.split.test, control.split.test)


def test_the_test_split_is_not_looked_at_in_training(small, tmp_path, monkeypatch):
    study = small()
    seen = []
    from flowerablate.loader import PackedDataset

    fill = PackedDataset.fill
    monkeypatch.setattr(
        PackedDataset, "fill", lambda self, *given: seen.append(set(self.indices.tolist())) or fill(self, *given)
    )
    train(study, tmp_path / "trained")
    assert seen
    assert not set.union(*seen) & set(replicate_of(study).split.test.tolist())


def test_the_same_replicate_trained_twice_has_the_same_weights_to_the_bit(small, tmp_path):
    study = small()
    first, again = (train(study, tmp_path / name).parts.model.state_dict() for name in ("first", "again"))
    assert all(torch.equal(first[name], again[name]) for name in first)


def test_the_history_has_the_metrics_of_the_study_and_the_one_that_chooses_the_best_epoch(small, tmp_path):
    study = small(CHOOSY, **{"metrics.secondary": ["log_loss"], "train.best_by": "margin", "train.epochs": 3})
    fitted = train(study, tmp_path / "trained").fitted
    assert all(record.metrics.keys() == {"accuracy", "log_loss", "margin"} for record in fitted.history)
    assert fitted.best.metrics["margin"] == max(record.metrics["margin"] for record in fitted.history)


def test_a_checkpoint_of_another_training_is_not_gone_on_with(small, tmp_path):
    train(small(), tmp_path / "trained")
    with pytest.raises(Exception, match="another training"):
        train(small(**{"train.epochs": 3}), tmp_path / "trained")

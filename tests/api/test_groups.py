"""Images in groups, such as patients: from the data set through the ledger to intervals over groups."""

from __future__ import annotations

import csv
import math
from dataclasses import replace

import numpy as np
import pytest

import flowerablate as fa
from flowerablate.ledger import Ledger
from flowerablate.ledger.predictions import write_predictions


@pytest.fixture(scope="module")
def patients(tmp_path_factory, make_images, tiny_study):
    """A study on one official test set in which every two images are of one patient, three replicates."""
    folder = tmp_path_factory.mktemp("patients")
    paths = sorted(make_images(folder / "images").rglob("*.png"))
    with (folder / "images.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "label", "patient", "part"])
        for place, path in enumerate(paths):
            part = ("train", "val", "test")[place // 2 % 3]
            writer.writerow([path, path.parent.name, f"{path.parent.name} {place // 2}", part])
    (folder / "tiny.toml").write_text(tiny_study("crop", "flip"))
    study = fa.Study.read(folder / "tiny.toml").override("dataset.use", "table")
    for key, value in (("path", folder / "images.csv"), ("group", "patient"), ("split", "part")):
        study = study.override(f"dataset.{key}", str(value))
    result = fa.run(study, disable="flip", seeds=3, runs=folder / "runs", progress=False)
    return folder, result


def _trials(folder):
    ledger = Ledger(folder / "runs" / "tiny")
    return [found for _, found in ledger.each_trial_of(ledger.note().base_id)]


def test_the_ledger_keeps_the_group_of_each_test_image(patients):
    folder, _ = patients
    for trial in _trials(folder):
        found = trial.predictions()
        assert found.groups is not None
        assert len(set(found.groups)) < len(found.keys) == len(found.groups)


def test_the_table_speaks_of_groups(patients):
    folder, result = patients
    groups = len(set(_trials(folder)[0].predictions().groups))
    assert any(f"of {groups} groups" in note and "other groups" in note for note in result.notes)
    components = result.summary.rows[0].evidence.components
    assert components is None or components.images == groups
    shown = fa.report("tiny", runs=folder / "runs", columns="variant,from_images,narrower,family_interval,family_mde")
    assert "variance" in repr(shown)


def test_a_ledger_in_which_only_some_trials_kept_their_groups_is_read_by_group(patients):
    folder, before = patients
    trial = _trials(folder)[0]
    kept = trial.predictions()
    try:
        write_predictions(trial.path, replace(kept, groups=None))
        assert fa.report("tiny", runs=folder / "runs").to_records() == before.to_records()
    finally:
        write_predictions(trial.path, kept)


def test_one_model_is_measured_over_groups_too(patients):
    folder, _ = patients
    model = fa.load_model("tiny", runs=folder / "runs")
    found = model.evaluate(folder / "images.csv", part="test", metrics=["accuracy", "brier"])
    assert 0 < found.groups < found.images
    assert f"{found.groups} groups" in found.metrics["accuracy"].how
    with pytest.warns(UserWarning, match="contains images of the study itself"):
        validation, val = (model.evaluate(folder / "images.csv", part=part) for part in ("validation", "val"))
    assert validation.record() == val.record() != found.record()
    assert math.isfinite(found.metrics["brier"].value)
    assert f"{found.groups} groups" in model.card()
    assert f"come from {found.groups} groups, those of one class from {found.class_groups}: with fewer" in model.card()


def test_without_groups_nothing_is_said_of_them(trained_study, runs):
    assert not any("group" in note for note in fa.report("tiny", runs=runs).notes)
    assert np.isfinite(fa.report("tiny", runs=runs)["-flip"].effect)

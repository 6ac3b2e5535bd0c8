"""``flowerablate init``: a study file that runs as it is."""

from collections import Counter

import numpy as np
import pytest
from PIL import Image

from flowerablate.ledger.predictions import read_predictions
from flowerablate.study.templates import KINDS

FEW = ("--set", "train.epochs=1", "--set", "input.image_size=16", "--set", "statistics.min_replicates=2")


@pytest.fixture
def patients(tmp_path):
    """Grey images of two classes with names as in the public set of chest X-rays, two of each patient."""
    numbers = np.random.default_rng(1)
    root = tmp_path / "patients"
    for part, people in (("train", 12), ("test", 4)):
        for name, form, light in (("NORMAL", "NORMAL2-IM-{:04}-0001", 60), ("PNEUMONIA", "person{}_virus", 120)):
            (root / part / name).mkdir(parents=True)
            for person in range(people):
                for shot in range(2):
                    pixels = numbers.integers(0, 100, (40, 44), dtype=np.uint8) + light
                    called = form.format(person + 100 * (part == "test"))
                    Image.fromarray(pixels).save(root / part / name / f"{called}_{shot}.png")
    return root


def test_without_a_kind_it_is_the_default_study(command, folder):
    done = command("init", "mine.toml")
    assert done.stdout == "wrote mine.toml; next: flowerablate run mine.toml --disable morphology\n"
    assert 'name = "mine"' in (folder / "mine.toml").read_text()
    assert command("run", "mine.toml", "--disable", "morphology", "--dry-run").returncode == 0


@pytest.mark.parametrize("kind", [(), *(("--for", kind) for kind in KINDS)])
def test_the_file_can_be_read_in_80_columns(command, folder, kind):
    command("init", "mine.toml", *kind)
    assert max(map(len, (folder / "mine.toml").read_text().splitlines())) <= 80


@pytest.mark.parametrize("kind", KINDS)
def test_a_study_for_a_kind_of_images_is_accepted_as_it_is_once_the_data_are_given(command, folder, image_folder, kind):
    done = command("init", "mine.toml", "--for", kind)
    assert done.stdout == "wrote mine.toml; next: flowerablate run mine.toml --data FOLDER\n"
    assert 'name = "mine"' in (folder / "mine.toml").read_text()
    planned = command("run", "mine.toml", "--data", image_folder, "--dry-run")
    assert planned.returncode == 0, planned.stderr
    assert "8 variants" in planned.stdout
    refused = command("run", "mine.toml", "--dry-run")
    assert "mine.toml names no data: add a table [dataset] to it, or give the data as well" in refused.stderr


def test_a_study_for_photographs_trains_on_a_folder_of_classes(command, folder, image_folder):
    command("init", "mine.toml", "--for", "photographs")
    words = ("--disable", "color", "--seeds", 2, "--max-seeds", 2)
    done = command("run", "mine.toml", "--data", image_folder, *FEW, *words)
    assert done.returncode == 0, done.stderr
    assert "-color" in done.stdout
    assert len(list((folder / "runs" / "mine" / "trials").glob("*/result.json"))) == 4


def test_a_study_for_x_rays_keeps_the_images_of_a_patient_together(command, folder, patients):
    command("init", "mine.toml", "--for", "x-rays")
    words = ("--disable", "clahe", "--seeds", 2, "--max-seeds", 2, "--set", "split.method=grouped")
    done = command("run", "mine.toml", "--data", patients, *FEW, *words)
    assert done.returncode == 0, done.stderr
    assert "roc_auc on the test split" in done.stdout
    trials = [path.parent for path in (folder / "runs" / "mine" / "trials").glob("*/result.json")]
    assert len(trials) == 4
    for trial in trials:
        tested = read_predictions(trial)
        assert len(tested.keys) >= 4
        assert set(Counter(tested.groups).values()) == {2}  # both images of each patient, or none


def test_a_kind_that_there_is_no_study_for_is_refused_with_the_nearest(command, folder):
    done = command("init", "mine.toml", "--for", "xrays")
    assert done.stderr == (
        "error: --for names a kind of images, not their folder, and 'xrays' is none; did you mean 'x-rays'?\n"
    )
    assert not (folder / "mine.toml").exists()


def test_a_file_that_is_there_is_replaced_only_by_force(command, folder):
    command("init", "mine.toml")
    assert "mine.toml exists already" in command("init", "mine.toml", "--for", "x-rays").stderr
    assert command("init", "mine.toml", "--for", "x-rays", "--force").returncode == 0
    assert "roc_auc" in (folder / "mine.toml").read_text()

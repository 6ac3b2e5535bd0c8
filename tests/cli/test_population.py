"""Whose further results a report speaks of, on the command line."""

import json
import shutil
from pathlib import Path

import pytest

TINY = ("--disable", "flip", "--set", "train.epochs=1", "--seeds", "3", "--set", "metrics.primary=log_loss")


@pytest.fixture(scope="module")
def studies(tmp_path_factory, make_images, tiny_study, train_study) -> Path:
    """Two trained studies, with test splits of their own in ``own``, with one for all replicates in ``official``."""
    here = tmp_path_factory.mktemp("populations")
    images = make_images(here / "own" / "images")
    for kind in sorted(path for path in images.iterdir() if path.is_dir()):
        for number, image in enumerate(sorted(kind.iterdir())):
            target = here / "official" / "images" / ("test" if number % 2 else "train") / kind.name
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy(image, target)
    for name in ("own", "official"):
        train_study(here / name, tiny_study(), *TINY)
    return here


@pytest.fixture
def official(studies: Path, folder: Path) -> Path:
    """The images with a test split that all replicates share; the ledger has the trials."""
    shutil.copytree(studies / "official" / "runs", folder / "runs")
    return studies / "official" / "images"


@pytest.fixture
def own(studies: Path, folder: Path) -> Path:
    """The images of which each replicate draws its own test set; the ledger has the trials."""
    shutil.copytree(studies / "own" / "runs", folder / "runs")
    return studies / "own" / "images"


def notes_on_images(command, *words):
    done = command("report", "--format", "json", *words)
    assert done.returncode == 0, done.stderr
    return [note for note in json.loads(done.stdout)["notes"] if "test images" in note and "twice" not in note]


def test_a_test_set_that_all_replicates_share_is_part_of_the_interval(command, official):
    shown = command("run", "tiny.toml", "--data", official, *TINY)
    assert shown.returncode == 0, shown.stderr
    assert "replicates and test images" in " ".join(shown.stdout.split())
    assert len(notes_on_images(command)) == 1
    assert notes_on_images(command, "--population", "replicates") == []
    for metric in ("brier", "roc_auc"):
        assert "other test images" in notes_on_images(command, "--metric", metric)[0]


def test_where_each_replicate_has_its_own_test_set_it_is_part_of_it_when_asked(command, own):
    command("run", "tiny.toml", "--data", own, *TINY)
    assert notes_on_images(command) == []
    (note,) = notes_on_images(command, "--population", "images")
    assert "on which at least one replicate tested" in note
    (note,) = notes_on_images(command, "--population", "images", "--metric", "loss")
    assert "loss is not known image by image" in note


def test_an_unknown_population_is_refused(command, own):
    command("run", "tiny.toml", "--data", own, *TINY)
    done = command("report", "--population", "people")
    assert done.returncode == 1
    assert "no population is called 'people'" in done.stderr


def test_predictions_that_are_gone_are_missed_only_where_they_are_needed(command, official, folder):
    command("run", "tiny.toml", "--data", official, *TINY)
    next((folder / "runs" / "tiny" / "trials").glob("*/predictions.npz")).unlink()
    done = command("report")
    assert done.returncode == 1
    assert "a report of the population replicates does not need them" in done.stderr
    assert command("report", "--population", "replicates").returncode == 0

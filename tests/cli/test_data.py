"""Which data set reads what lies at a path, and how its split and subset reach the trials."""

import json
import re
import tarfile
from pathlib import Path

import pytest

from flowerablate.contracts import SplitPlan
from flowerablate.discovery import discover
from flowerablate.study.read import load_toml, read_study
from flowerablate.study.resolve import resolve
from flowerablate.study.templates import default_study
from flowerablate.wiring.assemble import data_choice

ROOT = Path(__file__).resolve().parents[2]


def layout(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


@pytest.fixture
def places(tmp_path, make_images):
    """A thing for each data set to read, by the data set's name."""
    parts = [f"{part}/{name}/1.jpeg" for part in ("train", "test") for name in ("NORMAL", "PNEUMONIA")]
    found = {
        "folder": make_images(tmp_path / "photographs"),
        "chest-xray": layout(tmp_path / "xrays", *parts),
        "flowers102": layout(tmp_path / "oxford", "jpg/1.jpg", "imagelabels.mat", "setid.mat"),
        "findings": layout(tmp_path / "nih", "images/1.png"),
        "table": tmp_path / "table.csv",
    }
    found |= {"archive": tmp_path / "flowers.tgz"}
    (found["findings"] / "Data_Entry_2017.csv").write_text("Image Index,Finding Labels,Patient ID\n")
    found["table"].write_text("path,label\n")
    with tarfile.open(found["archive"], "w:gz") as archive:
        archive.add(found["folder"], "flowers")
    return found


def test_what_lies_at_a_path_chooses_the_data_set(places):
    registry = discover().registry
    found = {name: data_choice(registry, place).use for name, place in places.items()}
    assert found == {name: name for name in places} | {"archive": "folder"}
    assert data_choice(registry, places["findings"] / "Data_Entry_2017.csv").use == "findings"


def test_an_archive_is_a_data_set_like_any_other(command, places):
    done = command("run", "tiny.toml", "--data", places["archive"], "--disable", "flip", "--dry-run")
    assert done.stderr.splitlines()[-1].startswith("2 classes, ")
    assert done.returncode == 0, done.stderr
    assert "24 images of 2 classes" in done.stdout


def trained_on(folder):
    files = (folder / "runs" / "tiny" / "trials").glob("*/result.json")
    return {file.parent.name: json.loads(file.read_text())["facts"]["training images"] for file in files}


def test_a_subset_trains_on_so_many_images_of_each_class_and_makes_other_trials(command, folder, image_folder):
    words = ("run", "tiny.toml", "--data", image_folder, "--disable", "flip", "--seeds", 1, "--set", "train.epochs=1")
    assert command(*words, "--subset", 3).returncode == 0
    few = trained_on(folder)
    assert set(few.values()) == {6.0}
    assert command(*words, "--set", "split.subset=3").returncode == 0
    assert trained_on(folder) == few
    assert command(*words, "--subset", "50%").returncode == 0
    more = trained_on(folder)
    assert len(more) == 4
    assert sorted(more.values()) == [6.0, 6.0, 8.0, 8.0]


def test_what_is_no_subset_is_refused_before_anything_is_read(command, folder):
    done = command("run", "tiny.toml", "--data", folder, "--subset", "many")
    assert done.returncode == 1
    assert "split.subset: give a number of images per class" in done.stderr


def test_a_split_that_cannot_be_drawn_is_refused_before_anything_is_written(command, folder, image_folder):
    for setting, message in {
        "split.method=official": "has no split of its own",
        "split.method=grouped": "has no groups",
        "split.method=k-fold split.folds=13": "has 12 images, too few for split.folds = 13",
    }.items():
        words = [word for each in setting.split() for word in ("--set", each)]
        done = command("run", "tiny.toml", "--data", image_folder, "--disable", "flip", *words)
        assert done.returncode == 1
        assert message in " ".join(done.stderr.split())
        assert not (folder / "runs").exists()


def test_what_a_reader_has_to_know_of_the_split_stands_under_the_table(command, image_folder):
    words = ("run", "tiny.toml", "--data", image_folder, "--disable", "flip", "--set", "split.method=k-fold")
    done = command(*words, "--set", "train.epochs=1")
    assert done.returncode == 0, done.stderr
    assert "Among 5 consecutive replicates no two share a test image" in " ".join(done.stdout.split())
    assert command("report").stdout == done.stdout


def test_the_study_files_of_the_documentation_are_read(tmp_path):
    registry = discover().registry
    blocks = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "reference" / "data.md").read_text(), flags=re.DOTALL)
    assert len(blocks) == 8
    for block in blocks:
        (tmp_path / "study.toml").write_text(block)
        study = read_study(default_study(), tmp_path / "study.toml", with_data=False)
        pipeline = resolve(study, lambda slot, name, where: registry.find(slot, name, where).spec)
        written = load_toml(tmp_path / "study.toml")
        if "dataset" in written:
            assert (
                pipeline.components["dataset"].params.items()
                >= {
                    key: tuple(value) if isinstance(value, list) else value
                    for key, value in written["dataset"].items()
                    if key != "use"
                }.items()
            )
        else:
            assert pipeline.split == SplitPlan(**written["split"])

"""The folders of public data sets, as their descriptions give them, and of people who make their own.

Each is read as it is meant, or refused with every reading and the options that choose it. Only names are made.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
from flowerablate_datasets.folder import scan
from flowerablate_datasets.layout_model import LayoutChoice
from flowerablate_datasets.layouts import readings_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowerablate import DataError
from flowerablate.data.tree import Folder

KINDS = ("daisy", "rose", "tulip")


def tree(*levels: str | tuple[str, ...]) -> list[str]:
    """Two images in each folder of the product of *levels*."""
    folders = product(*((level,) if isinstance(level, str) else level for level in levels))
    return [f"{'/'.join(names)}/{number}.jpg" for names in folders for number in range(2)]


def make(root: Path, names: list[str]) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


READ = {
    "Food-101": (
        [*tree("food-101/images", ("apple_pie", "ramen")), "food-101/meta/train.txt"],
        "2 classes, 4 images; left out: 1 folder (food-101/meta), 1 file that is no image (.txt)",
    ),
    "Caltech-101": (
        [*tree("101_ObjectCategories", ("BACKGROUND_Google", "ant")), "Annotations/ant/annotation_0001.mat"],
        "2 classes, 4 images; left out: 1 folder (Annotations), 1 file that is no image (.mat)",
    ),
    "COVID-19 Radiography": (
        [*tree("COVID-19_Radiography_Dataset", ("COVID", "Normal"), ("images", "masks"))],
        "2 classes, 4 images; left out: 2 folders (COVID-19_Radiography_Dataset/COVID/masks, "
        "COVID-19_Radiography_Dataset/Normal/masks), 4 images outside the classes",
    ),
    "CUB-200 with segmentations": (
        tree("CUB", ("images", "segmentations"), ("001.Albatross", "002.Auklet")),
        "2 classes, 4 images; left out: 1 folder (CUB/segmentations), 4 images outside the classes",
    ),
    "Alzheimer's": (
        tree("Alzheimer_s Dataset", ("train", "test"), ("MildDemented", "NonDemented")),
        "2 classes, 8 images, official split train/test",
    ),
    "CINIC-10": (
        tree(("train", "valid", "test"), ("cat", "dog")),
        "2 classes, 12 images, official split train/val/test",
    ),
    "Messidor grades": (tree(("0", "1", "2")), "3 classes, 6 images"),
    "concrete cracks": (tree(("Negative", "Positive")), "2 classes, 4 images"),
    "folders for folds": (
        tree(("fold_1", "fold_2"), KINDS),
        "3 classes, 12 images; folders read together: fold_1, fold_2",
    ),
    "a part for validation as the only other one": (
        tree(("train", "valid"), KINDS),
        "3 classes, 12 images, official split train/test; valid/ is the test part",
    ),
    "parts with blanks": (
        tree(("Train Images", "Test Images"), KINDS),
        "3 classes, 12 images, official split train/test",
    ),
    "parts with numbers": (tree(("1_train", "2_test"), KINDS), "3 classes, 12 images, official split train/test"),
    "a class with a name like a part": (tree(("training_shoes", "boots", "test")), "3 classes, 6 images"),
    "a class with folders beside its images": (tree((*KINDS, "daisy/more", "daisy/less")), "3 classes, 10 images"),
    "an empty class": (
        [*tree(KINDS), "lily/Thumbs.db"],
        "3 classes, 6 images; left out: 1 folder without files (lily)",
    ),
    "an archive beside its folders": (
        [*tree(("train", "test"), KINDS), "train.zip"],
        "3 classes, 12 images, official split train/test; left out: 1 file that is no image (.zip)",
    ),
}


@pytest.mark.parametrize(("names", "found"), READ.values(), ids=READ)
def test_a_layout_is_read_and_told(tmp_path: Path, names: list[str], found: str) -> None:
    assert scan(make(tmp_path, names)).found == found


ASKED = {
    "Tiny ImageNet": (
        tree("train", ("n01", "n02"), "images") + tree("val/images") + tree("test/images"),
        [(LayoutChoice(parts=("train",)), 2)],
    ),
    "a test part to be predicted": (
        tree(("train", "val"), KINDS) + tree("test"),
        [(LayoutChoice(parts=("train", "val")), 3), (LayoutChoice(parts=("train",)), 3)],
    ),
    "a test part in a folder unknown": (
        tree("train", KINDS) + tree("test/unknown"),
        [(LayoutChoice(parts=("train",)), 3)],
    ),
    "PlantVillage": (
        tree("set", ("color", "grayscale"), KINDS),
        [
            (LayoutChoice(level=1), 2),
            (LayoutChoice(level=2), 3),
            (LayoutChoice(within="set/color"), 3),
            (LayoutChoice(within="set/grayscale"), 3),
        ],
    ),
    "Office-31": (
        tree(("amazon", "webcam"), "images", KINDS),
        [
            (LayoutChoice(level=1), 2),
            (LayoutChoice(level=3), 3),
            (LayoutChoice(within="amazon"), 3),
            (LayoutChoice(within="webcam"), 3),
        ],
    ),
    "horse2zebra": (
        tree(("trainA", "trainB", "testA", "testB")),
        [(LayoutChoice(level=1, parts=("none",)), 4)],
    ),
    "GTSRB": (
        tree("GTSRB/Final_Training/Images", ("00000", "00001")) + tree("GTSRB/Final_Test/Images"),
        [(LayoutChoice(parts=("Final_Training",)), 2)],
    ),
    "LC25000": (
        tree("colon_image_sets", ("colon_aca", "colon_n")) + tree("lung_image_sets", ("lung_aca", "lung_n")),
        [
            (LayoutChoice(level=1), 2),
            (LayoutChoice(level=2), 4),
            (LayoutChoice(within="colon_image_sets"), 2),
            (LayoutChoice(within="lung_image_sets"), 2),
        ],
    ),
    "rock paper scissors": (
        tree("rps/rps", KINDS) + tree("rps-test-set/rps-test-set", KINDS),
        [
            (LayoutChoice(level=1), 2),
            (LayoutChoice(level=2), 2),
            (LayoutChoice(level=3), 3),
            (LayoutChoice(parts=("train=rps", "test=rps-test-set")), 3),
            (LayoutChoice(within="rps"), 3),
            (LayoutChoice(within="rps-test-set"), 3),
        ],
    ),
    "brain tumours with a copy of themselves": (
        tree(("yes", "no")) + tree("brain_tumor_dataset", ("yes", "no")),
        [
            (LayoutChoice(level=1), 3),
            (LayoutChoice(level=2), 2),
            (LayoutChoice(classes=("no", "yes")), 2),
            # the copy alone is what level 2 reads
        ],
    ),
    "folds with a split in each": (
        tree(("fold_1", "fold_2"), ("train", "test"), KINDS),
        [(LayoutChoice(within="fold_1"), 3), (LayoutChoice(within="fold_2"), 3), (LayoutChoice(level=1), 2)],
    ),
    "two parts for validation": (
        tree(("train", "val", "valid"), KINDS),
        [(LayoutChoice(parts=("train", "val")), 3), (LayoutChoice(parts=("train", "valid")), 3)],
    ),
    "a class in the test part alone": (
        tree(("train", "test"), KINDS) + tree("test/lily"),
        [(LayoutChoice(classes=KINDS), 3), (LayoutChoice(parts=("train",)), 3)],
    ),
    "a class in capitals in one part": (
        tree("train", ("Daisy", "rose")) + tree("test", ("daisy", "rose")),
        [(LayoutChoice(parts=("train",)), 2)],
    ),
    "classes train, test and bus": (tree(("train", "test", "bus")), [(LayoutChoice(parts=("none",)), 3)]),
    "classes beside an image": (
        [*tree("flowers", KINDS), "flowers/cover.jpg"],
        [(LayoutChoice(within="flowers"), 3)],
    ),
    "one class that is not split": (
        tree("daisy", ("train", "test")) + tree(("rose", "tulip")),
        [(LayoutChoice(level=1, parts=("none",)), 3)],
    ),
    "figures beside data": (
        tree("assets", ("fig1", "fig2")) + tree("data", KINDS),
        [
            (LayoutChoice(level=1), 2),
            (LayoutChoice(level=2), 5),
            (LayoutChoice(within="assets"), 2),
            (LayoutChoice(within="data"), 3),
        ],
    ),
}


@pytest.mark.parametrize(("names", "readings"), ASKED.values(), ids=ASKED)
def test_a_layout_that_is_not_clear_is_asked_for_and_each_option_gives_its_reading(
    tmp_path: Path, names: list[str], readings: list[tuple[LayoutChoice, int]]
) -> None:
    root = make(tmp_path, names)
    offered = readings_of(Folder(root))
    assert [(choice, len(reading.names)) for choice, reading in offered.items()] == readings
    with pytest.raises(DataError) as caught:
        scan(root)
    assert "\n" not in str(caught.value)
    for choice, classes in readings:
        assert len(scan(root, choice=choice).classes) == classes
        for option, value in vars(choice).items():
            if value:
                assert f"dataset.{option} = " in str(caught.value)


NAMES = st.sampled_from(
    ["daisy", "rose", "train", "test", "valid", "patient1", "images", "masks", "data", "a b", "é.d"]
)
TREES = st.sets(st.lists(NAMES, min_size=1, max_size=4).map("/".join), min_size=1, max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(folders=TREES)
def test_each_reading_of_any_tree_is_what_its_options_give(
    tmp_path_factory: pytest.TempPathFactory, folders: set[str]
) -> None:
    root = make(tmp_path_factory.mktemp("tree"), [f"{folder}/0.jpg" for folder in folders])
    for choice, reading in readings_of(Folder(root)).items():
        samples = scan(root, choice=choice)
        assert samples.classes == reading.names
        assert len(samples.classes) > 1
        assert set(samples.labels) == set(range(len(samples.classes)))


def test_options_that_fit_no_folder_name_those_that_are_there(tmp_path: Path) -> None:
    make(tmp_path, tree(("week1", "week2"), KINDS))
    samples = scan(tmp_path, choice=LayoutChoice(parts=("train=week1", "test=week2")))
    assert samples.found == "3 classes, 12 images, official split train/test"
    for choice, message in {
        LayoutChoice(within="week3"): r"no folder 'week3' \(dataset.within\); it has: week1, week2",
        LayoutChoice(parts=("train=week1", "test=week3")): "no folders for dataset.parts.*it has: week1, week2",
        LayoutChoice(parts=("week1", "week2")): "say which part that is, such as 'train=week1'",
        LayoutChoice(parts=("val=week1", "test=week2")): "names no folder to train on",
        LayoutChoice(parts=("test=week1", "test=week2")): "names two folders for the test split",
        LayoutChoice(level=5): "no folders with images at dataset.level = 5",
        LayoutChoice(level=2, classes=("daisy", "lily")): "no class 'lily'; choose from: daisy, rose, tulip",
    }.items():
        with pytest.raises(DataError, match=message):
            scan(tmp_path, choice=choice)

"""The layouts of public data sets, by name: read alike as a folder and as an archive, or refused with what chooses."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flowerablate_datasets.folder import build, scan
from flowerablate_datasets.readings import Wish
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from layout_trees import make, packed, tree

from flowerablate import DataContext, DataError

BOTH = {"train": 1, "test": 1}
ALL = {"train": 1, "val": 1, "test": 1}

READ: dict[str, tuple[list[str], str, dict[str, int]]] = {
    "flower_photos": ([*tree("flower_photos", "daisy roses"), "flower_photos/LICENSE.txt"], "daisy roses", {}),
    "Food-101": ([*tree("food-101/images", "pie ramen"), "food-101/meta/train.txt"], "pie ramen", {}),
    "Caltech-101": (tree("101_ObjectCategories", "BACKGROUND_Google ant"), "BACKGROUND_Google ant", {}),
    "Stanford Dogs": (
        tree("Images", "n02085620-Chihuahua n02085782-spaniel"), "n02085620-Chihuahua n02085782-spaniel", {}
    ),
    "CUB-200": (tree("CUB_200_2011/images", "001.Albatross 002.Auklet"), "001.Albatross 002.Auklet", {}),
    "EuroSAT": (tree("EuroSAT/2750", "Forest River"), "Forest River", {}),
    "Imagenette": (tree("imagenette2", "train val", "n01 n02"), "n01 n02", BOTH),
    "Intel scenes": (
        tree("seg_train/seg_train", "sea street") + tree("seg_test/seg_test", "sea street") + tree("seg_pred/seg_pred"),
        "sea street", BOTH,
    ),
    "brain tumours": (tree("Training Testing", "glioma_tumor no_tumor"), "glioma_tumor no_tumor", BOTH),
    "cats and dogs": (tree("training_set/training_set", "cats dogs") + tree("test_set/test_set", "cats dogs"),
                      "cats dogs", BOTH),
    "OCT2017": (tree("OCT2017", "train val test", "CNV DME"), "CNV DME", ALL),
    "horse2zebra": (tree("horse2zebra", "trainA trainB testA testB"), "A B", BOTH),
    "Fruits-360": (tree("fruits", "Training Test", "Apple Pear") + tree("fruits/test-multiple_fruits"), "Apple Pear",
                   BOTH),
    "chest X-rays with a copy inside": (
        tree("chest_xray", "train test", "NORMAL VIRUS") + tree("chest_xray/chest_xray", "train test", "NORMAL VIRUS"),
        "NORMAL VIRUS", BOTH,
    ),
    "Kather-like, patients in classes": (tree("ADI LYM", "patient1 patient2"), "ADI LYM", {}),
}  # fmt: skip

ASKED: dict[str, tuple[list[str], list[dict[str, Any]]]] = {
    "LC25000": (
        tree("lung_colon/colon", "aca n") + tree("lung_colon/lung", "aca n scc"),
        [{"level": 1}, {"level": 2}, {"within": "lung_colon/colon"}],
    ),
    "PlantVillage": (tree("color grayscale segmented", "Apple Corn Grape Potato"), [{"level": 2}, {"within": "color"}]),
    "Office-31": (tree("amazon dslr webcam", "images", "bike mug"), [{"level": 3}, {"within": "amazon"}]),
    "COVID-19 Radiography": (
        tree("COVID Normal Viral", "images masks"), [{"level": 1}, {"within": "*/images"}]
    ),
    "MVTec AD": (tree("bottle cable", "train test", "good broken"), [{"level": 1}, {"within": "bottle"}]),
    "IDC": (tree("10253 10254 10255", "0 1"), [{"level": 2}, {"level": 1}]),
    "Flowers, copied into itself": (
        tree("daisy rose tulip") + tree("flowers", "daisy rose tulip"), [{"level": 1}, {"within": "flowers"}]
    ),
    "data beside figures": (tree("assets", "fig1 fig2") + tree("data", "daisy rose"), [{"within": "data"}]),
    "folds": (tree("fold_1 fold_2", "benign malignant"), [{"level": 2}, {"within": "fold_1"}]),
    "originals and augmented": (tree("augmented original", "daisy rose tulip"), [{"within": "original"}]),
    "tiny ImageNet": (
        tree("train", "n01 n02", "images") + tree("val test", "images") + ["val/val_annotations.txt"],
        [{"within": "train"}],
    ),
    "GTSRB": (tree("GTSRB/Final_Training/Images", "00000 00001") + tree("GTSRB/Final_Test/Images"),
              [{"within": "GTSRB/Final_Training"}]),
    "a test part without labels": (
        tree("train val", "daisy rose") + tree("test"), [{"parts": ("train", "val")}, {"within": "train"}]
    ),
    "two parts for validation": (
        tree("train val valid test", "daisy rose"), [{"parts": ("test", "train", "val")}]
    ),
    "classes called train and test": (tree("train test bus"), [{"parts": ("none",)}]),
    "ORL faces": (tree("s1 s2 s3"), [{"level": 1}]),
    "Kvasir-SEG": (tree("images masks"), [{"level": 1}]),
    "a class without a split": (tree("daisy rose", "train test") + tree("tulip"), [{"parts": ("none",), "level": 1}]),
}  # fmt: skip


@pytest.mark.parametrize("kind", ["folder", "zip", "tar.gz"])
@pytest.mark.parametrize("case", READ)
def test_a_public_set_is_read_as_its_description_says(context: DataContext, case: str, kind: str) -> None:
    names, classes, parts = READ[case]
    names = [*names, "README.md"]
    place = make(context.root / "set", *names)
    samples = build(context, str(place if kind == "folder" else packed(place, names, kind)))
    assert samples.classes == tuple(classes.split())
    assert set(samples.splits or ()) == set(parts)
    assert samples.keys == scan(place).keys
    assert samples.found == scan(place).found


@pytest.mark.parametrize("case", ASKED)
def test_where_it_is_not_guessed_each_option_that_is_named_gives_a_reading(tmp_path: Path, case: str) -> None:
    names, options = ASKED[case]
    make(tmp_path, *names)
    with pytest.raises(DataError) as caught:
        scan(tmp_path)
    message = str(caught.value)
    assert "\n" not in message
    for wanted in options:
        assert wanted in offered(message)
    for wish in offered(message):
        assert len(scan(tmp_path, wish=Wish(**wish)).classes) > 1


NAMES = "daisy rose tulip train test val flowers data images masks fold_1 fold_2 p1 p2"
WORDS = st.sampled_from(NAMES.split(" "))
TREES = st.sets(st.lists(WORDS, min_size=1, max_size=4).map("/".join), min_size=2, max_size=10)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(folders=TREES)
def test_whatever_the_tree_is_each_way_in_which_it_can_be_read_is_one(
    tmp_path_factory: pytest.TempPathFactory, folders: set[str]
) -> None:
    root = make(tmp_path_factory.mktemp("tree"), *(f"{folder}/0.jpg" for folder in folders))
    try:
        scan(root)
    except DataError as error:
        message = str(error)
        if "can be read in" in message:
            assert len(offered(message)) > 1
            for wish in offered(message):
                assert len(scan(root, wish=Wish(**wish)).classes) > 1


def offered(message: str) -> list[dict[str, Any]]:
    """Return the options that *message* names, as a user would copy them."""
    value = r'"[^"]*"|\[[^\]]*\]|\d+'
    found = []
    for match in re.finditer(rf"dataset\.(\w+) = ({value})(?: and dataset\.(\w+) = ({value}))?", message):
        found.append({name: read(text) for name, text in (match.group(1, 2), match.group(3, 4)) if name})
    others = re.findall(r'dataset\.within = "[^"]*" \(([^)]*)\)', message)
    found += [{"within": path} for text in others for path in re.findall(r'"([^"]*)"', text)]
    return found


def read(text: str) -> Any:
    if text.startswith("["):
        return tuple(re.findall(r'"([^"]*)"', text))
    return text.strip('"') if text.startswith('"') else int(text)


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        ({"within": "*/images"}, ["COVID/images/0.jpg", "Normal/images/0.jpg"]),
        ({"within": "COVID"}, ["images/0.jpg", "masks/0.jpg"]),
    ],
)
def test_only_what_lies_within_is_read(tmp_path: Path, options: dict[str, str], keys: list[str]) -> None:
    make(tmp_path, *tree("COVID Normal", "images masks", number=1))
    samples = scan(tmp_path, wish=Wish(level=1, **options))  # type: ignore[arg-type]
    assert list(samples.keys) == keys
    assert f"within {options['within']}" in samples.found


def test_parts_may_have_any_name(tmp_path: Path) -> None:
    make(tmp_path, *tree("seen unseen", "daisy rose"))
    samples = scan(tmp_path, wish=Wish(parts=("train=seen", "test=unseen")))
    assert Counter(samples.splits) == {"train": 6, "test": 6}


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (("train", "holdout"), "does not say which part it is; write, for instance, test=holdout"),
        (("train", "test", "testing"), "two folders for the test split"),
        (("train",), r"one that is read alone as dataset\.within"),
        (("train", "test=unseen"), "nowhere the folders train, test=unseen side by side"),
    ],
)
def test_parts_that_cannot_be_meant_are_refused(tmp_path: Path, parts: tuple[str, ...], message: str) -> None:
    make(tmp_path, *tree("train test", "daisy rose"))
    with pytest.raises(DataError, match=message):
        scan(tmp_path, wish=Wish(parts=parts))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"within": "nowhere"}, "no images within 'nowhere'"),
        ({"level": 7}, "no folders with images on level 7"),
        ({"classes": ("daisy", "orchid")}, "no class 'orchid'; choose from: daisy, rose"),
    ],
)
def test_an_option_that_leaves_nothing_says_so(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    make(tmp_path, *tree("daisy rose"))
    with pytest.raises(DataError, match=message):
        scan(tmp_path, wish=Wish(**options))


def test_folders_that_differ_in_case_between_the_parts_are_both_named(tmp_path: Path) -> None:
    make(tmp_path, *tree("train", "Daisy rose"), *tree("test", "daisy rose"))
    with pytest.raises(DataError, match="'Daisy' in train/ is 'daisy' in test/; spell the folders alike"):
        scan(tmp_path)


def test_images_that_a_link_brings_into_two_classes_are_refused(tmp_path: Path) -> None:
    make(tmp_path, *tree("daisy rose"))
    (tmp_path / "tulip").symlink_to(tmp_path / "rose", target_is_directory=True)
    with pytest.raises(DataError, match="is in rose and, by a link, in tulip; remove the link"):
        scan(tmp_path)


def test_empty_folders_and_packed_archives_are_named(tmp_path: Path) -> None:
    make(tmp_path, *tree("daisy rose"), "tulip/", "test.zip")
    assert "left out: 1 empty folder (tulip), 1 packed archive (.zip)" in scan(tmp_path).found


def test_names_of_folders_command_no_terminal(tmp_path: Path) -> None:
    make(tmp_path, *tree("daisy rose"), "\x1b[31m\nred/notes.txt")
    assert scan(tmp_path).found.isprintable()


def test_a_validation_part_that_serves_as_test_part_is_told(context: DataContext) -> None:
    make(context.root / "set", *tree("train valid", "daisy rose"))
    assert "tested on valid/" in build(replace(context), str(context.root / "set")).found

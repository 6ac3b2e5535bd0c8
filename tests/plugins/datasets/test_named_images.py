"""Classes in the names of images: how they are read, split, refused and proposed."""

import zipfile
from pathlib import Path

import pytest
from flowerablate_datasets.folders.folder import build
from flowerablate_datasets.folders.named_images import cure_for, scan
from PIL import Image

from flowerablate import DataError

WORD = r"([^/]+)\.\d+\.\w+$"


def images(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4)).save(root / name)
    return root


def labels(samples):
    return {key: samples.classes[label] for key, label in zip(samples.keys, samples.labels, strict=True)}


def test_the_first_group_in_the_path_is_the_class_and_the_rest_is_left_out_aloud(tmp_path):
    samples = scan(images(tmp_path, "cat.0.png", "dog.1.png", "more/cat.7.png", "cover.png"), WORD)
    assert labels(samples) == {"cat.0.png": "cat", "dog.1.png": "dog", "more/cat.7.png": "cat"}
    assert samples.found == rf"2 classes, 3 images; classes by label_from = '{WORD}'; left out: 1 image without a class"


def test_an_archive_of_the_same_images_gives_the_same(tmp_path, context):
    root = images(tmp_path / "pets", "cat.0.png", "dog.1.png")
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as packed:
        for path in root.iterdir():
            packed.write(path, path.name)
    one, other = (build(context, str(tmp_path / name), label_from=WORD) for name in ("pets", "pets.zip"))
    assert labels(one) == labels(other)


def test_only_the_wanted_classes_are_taken_in_their_order(tmp_path, context):
    root = images(tmp_path, "cat.0.png", "dog.1.png", "owl.2.png")
    samples = build(context, str(root), label_from=WORD, classes=["owl", "cat"])
    assert samples.classes == ("owl", "cat")
    assert labels(samples) == {"cat.0.png": "cat", "owl.2.png": "owl"}


@pytest.mark.parametrize(
    ("folders", "splits"),
    [
        (("train", "test"), ("test", "train")),
        (("Training", "valid"), ("train", "test")),
        (("one", "two"), None),
        (("train", "more"), None),
    ],
)
def test_folders_of_a_split_above_the_images_are_one(tmp_path, folders, splits):
    first, second = folders
    samples = scan(images(tmp_path, f"{first}/cat.0.png", f"{second}/dog.0.png"), WORD)
    assert samples.splits == splits


def test_test_images_without_a_class_are_no_part_of_the_split(tmp_path):
    samples = scan(images(tmp_path, "train/cat.0.png", "train/dog.0.png", "test1/1.png", "test1/2.png"), WORD)
    assert samples.splits is None
    assert samples.left_out == ("2 images without a class",)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(", r"dataset.label_from: '\(' is no regular expression: missing \)"),
        ("zebra", "dataset.label_from: 'zebra' is in the path of no image, such as cat.0.png"),
        ("(cat)", r"dataset.label_from: '\(cat\)' finds only the class 'cat' in paths such as cat.0.png"),
    ],
)
def test_what_finds_no_classes_is_refused(tmp_path, pattern, reason):
    with pytest.raises(DataError, match=reason):
        scan(images(tmp_path, "cat.0.png", "dog.1.png"), pattern)


@pytest.mark.parametrize(
    ("names", "classes"),
    [
        (["cat.0.jpg", "cat.1.jpg", "dog.0.jpg", "dog.1.jpg"], {"cat", "dog"}),  # Kaggle's dogs-vs-cats
        (["Abyssinian_1.jpg", "Abyssinian_2.jpg", "american_bulldog_10.jpg", "american_bulldog_2.jpg"],
         {"Abyssinian", "american_bulldog"}),  # Oxford-IIIT Pet
        (["rose12.png", "rose13.png", "daisy1.png", "daisy2.png"], {"rose", "daisy"}),
        (["0001-cat.jpg", "0002-dog.jpg", "0003-cat.jpg", "4-dog.jpg"], {"cat", "dog"}),
    ],
)  # fmt: skip
def test_a_pattern_is_proposed_that_finds_the_classes(tmp_path, names, classes):
    cure = cure_for(names)
    pattern = cure.partition("dataset.label_from = '")[2].removesuffix("'")
    assert set(scan(images(tmp_path, *names), pattern).classes) == classes


@pytest.mark.parametrize(
    "names",
    [[], ["1.jpg", "2.jpg"], ["IMG_1.jpg", "IMG_2.jpg"], ["a.jpg", "b.jpg"], ["a1.jpg", "b2.jpg"], ["165_005.png"]],
)
def test_nothing_is_proposed_where_names_say_no_class(names):
    assert cure_for(names) == ""

"""Every layout is read, or refused aloud; a folder and an archive of it give the same."""

from __future__ import annotations

import tarfile
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from flowerablate_datasets.folder import build, scan
from flowerablate_datasets.layout_model import LayoutChoice
from flowerablate_datasets.layout_names import part_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowerablate import DataContext, DataError, Samples

PNG = b"\x89PNG\r\n\x1a\n"


def images(folder: str, number: int = 3) -> list[str]:
    return [f"{folder}/{place}.jpg" for place in range(number)]


def make(root: Path, *names: str) -> Path:
    """Create empty files below *root*; scanning reads names only."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def below(*folders: str) -> list[str]:
    return [name for folder in folders for name in images(folder)]


CLASSES = ("daisy", "rose", "tulip")
NESTED = [f"{disease}/patient{number}" for disease in CLASSES for number in range(3)]
TWO_ORGANS = ["colon/aca", "colon/benign", "lung/aca", "lung/benign", "lung/scc"]
WITH_A_COPY = [f"{place}{name}" for place in ("", "flowers/") for name in CLASSES]

READ = {
    "classes with patients in them": (below(*NESTED), {}, CLASSES, {}),
    "train and valid": (
        below(*(f"{part}/{name}" for part in ("train", "valid") for name in CLASSES)),
        {},
        CLASSES,
        {"train": 9, "test": 9},
    ),
    "Training and Testing": (
        below(*(f"{part}/{name}" for part in ("Training", "Testing") for name in CLASSES)),
        {},
        CLASSES,
        {"train": 9, "test": 9},
    ),
    "parts in folders of their own, and one to predict": (
        below(
            *(f"seg_{part}/seg_{part}/{name}" for part in ("train", "test") for name in CLASSES), "seg_pred/seg_pred"
        ),
        {},
        CLASSES,
        {"train": 9, "test": 9},
    ),
    "training_set and test_set": (
        below(*(f"{part}_set/{name}" for part in ("training", "test") for name in CLASSES)),
        {},
        CLASSES,
        {"train": 9, "test": 9},
    ),
    "classes above splits": (
        below(*(f"{name}/{part}" for name in CLASSES for part in ("train", "test"))),
        {},
        CLASSES,
        {"train": 9, "test": 9},
    ),
    "a folder around a folder": (below(*(f"flowers/flowers/{name}" for name in CLASSES)), {}, CLASSES, {}),
    "organs": (below(*TWO_ORGANS), {"level": 1}, ("colon", "lung"), {}),
    "findings of organs": (below(*TWO_ORGANS), {"level": 2}, ("aca", "benign", "scc"), {}),
    "classes beside a copy of them": (below(*WITH_A_COPY), {"classes": CLASSES}, CLASSES, {}),
    "data beside figures": (
        below("assets", *(f"data/{name}" for name in CLASSES)),
        {"level": 2},
        CLASSES,
        {},
    ),
}


@pytest.mark.parametrize(("names", "options", "classes", "parts"), READ.values(), ids=READ)
def test_a_layout_is_read(
    tmp_path: Path, names: list[str], options: dict[str, object], classes: tuple[str, ...], parts: dict[str, int]
) -> None:
    samples = scan(make(tmp_path, *names), choice=LayoutChoice(**options))  # type: ignore[arg-type]
    assert samples.classes == classes
    assert Counter(samples.splits or ()) == parts
    assert set(samples.labels) == set(range(len(classes)))


@pytest.mark.parametrize(
    ("names", "readings"),
    [
        (below(*TWO_ORGANS), "2 classes (colon, lung) with dataset.level = 1, or 3 classes (aca, benign, scc)"),
        (below(*WITH_A_COPY), "4 classes (daisy, flowers, rose, tulip) with dataset.level = 1, or 3 classes (daisy"),
        (
            below("assets", *(f"data/{name}" for name in CLASSES)),
            "2 classes (assets, data) with dataset.level = 1, or 3 classes (daisy, rose, tulip) with dataset.level = 2",
        ),
    ],
)
def test_where_two_readings_are_possible_both_are_named_with_what_chooses(
    tmp_path: Path, names: list[str], readings: str
) -> None:
    with pytest.raises(DataError, match="can be read in several ways") as caught:
        scan(make(tmp_path, *names))
    assert readings in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "folders",
    [
        ["HAM10000_images_part_1", "HAM10000_images_part_2"],
        ["images_001/images", "images_002/images"],
        ["patient1", "patient2", "Patient_10b"],
        ["fold-1/fold", "fold-2/fold"],
    ],
)
def test_parts_of_a_download_and_patients_are_no_classes_unless_that_is_said(
    tmp_path: Path, folders: list[str]
) -> None:
    make(tmp_path, *below(*folders))
    with pytest.raises(DataError, match=r"so they are patients or parts, no classes; give a table"):
        scan(tmp_path)
    assert len(scan(tmp_path, choice=LayoutChoice(level=1)).classes) == len(folders)


OF_PUBLIC_SETS = {
    "CUB": (["CUB_200_2011/images/001.Albatross", "CUB_200_2011/images/002.Auklet"], 2, {}),
    "EuroSAT": (["EuroSAT/2750/Forest", "EuroSAT/2750/River", "EuroSAT/2750/SeaLake"], 3, {}),
    "Stanford dogs": (["Images/n02085620-Chihuahua", "Images/n02085782-spaniel"], 2, {}),
    "ImageNet": (["ILSVRC/train/n01440764", "ILSVRC/train/n01443537"], 2, {}),
    "tiny ImageNet": (["train/n01443537/images", "train/n01629819/images"], 2, {}),
    "Fruits": (
        [
            "fruits/Training/Apple",
            "fruits/Training/Banana",
            "fruits/Test/Apple",
            "fruits/Test/Banana",
            "fruits/test-many",
        ],
        2,
        {"train": 6, "test": 6},
    ),
    "Imagenette": (
        ["imagenette2/train/n01", "imagenette2/train/n02", "imagenette2/val/n01", "imagenette2/val/n02"],
        2,
        {"train": 6, "test": 6},
    ),
    "chest X-rays in a folder of the same name": (
        [f"chest_xray/chest_xray/{part}/{name}" for part in ("train", "test") for name in ("NORMAL", "VIRUS")],
        2,
        {"train": 6, "test": 6},
    ),
}


@pytest.mark.parametrize(("folders", "classes", "parts"), OF_PUBLIC_SETS.values(), ids=OF_PUBLIC_SETS)
def test_public_sets_are_read_as_their_descriptions_say(
    tmp_path: Path, folders: list[str], classes: int, parts: dict[str, int]
) -> None:
    samples = scan(make(tmp_path, *below(*folders), "README.md", "meta/classes.txt"))
    assert len(samples.classes) == classes
    assert Counter(samples.splits or ()) == parts


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("train", "train"), ("Training", "train"), ("trainset", "train"), ("seg_train", "train"),
        ("train_images", "train"), ("TRAINING_SET", "train"), ("val", "val"), ("valid", "val"), ("Validation", "val"),
        ("dev", "val"), ("test", "test"),
        ("test-data", "test"), ("Testing", "test"), ("testset", "test"), ("seg_pred", ""), ("data", ""), ("images", ""),
        ("trains", ""), ("contest", ""), ("train_station", ""), ("test1", ""), ("", ""),
    ],
)  # fmt: skip
def test_the_names_of_parts_are_those_that_people_give_them(name: str, part: str) -> None:
    assert part_of(name) == part


def test_one_line_says_what_was_read_and_what_was_left_out(tmp_path: Path) -> None:
    names = [f"{part}/{name}" for part in ("train", "test") for name in ("daisy", "rose")]
    make(tmp_path, *below(*names), "train/daisy/notes.txt", "train/b.txt", "assets/figure.png", "Thumbs.db")
    make(tmp_path, "@eaDir/train/daisy/0.jpg", "__MACOSX/._0.jpg", ".git/config")
    (tmp_path / "train/daisy/photo.img").write_bytes(b"\0\0\0\x18ftypheic")
    (tmp_path / "train/rose/scan").write_bytes(PNG)
    assert scan(tmp_path).found == (
        "2 classes, 12 images, official split train/test; left out: 1 folder (assets), 1 image outside the classes, "
        "2 images with another suffix (.img, no suffix), 2 files that are no images (.txt)"
    )


def test_a_file_that_cannot_be_read_from_is_refused_by_name_or_skipped(tmp_path: Path) -> None:
    os = pytest.importorskip("os")
    if not hasattr(os, "mkfifo"):
        pytest.skip("no FIFOs here")
    make(tmp_path, *below("daisy", "rose"))
    os.mkfifo(tmp_path / "rose/pipe.jpg")
    with pytest.raises(DataError, match=r"rose/pipe.jpg is a FIFO, not a file; remove or rename it"):
        scan(tmp_path)
    assert scan(tmp_path, skip_bad=True).skipped == ("rose/pipe.jpg",)


FOLDERS = st.sampled_from(
    [
        "daisy",
        "rose",
        "tulip",
        "train",
        "test",
        "Validation",
        "patient1",
        "patient2",
        "flowers",
        "data",
        "assets",
        "docs",
        "a b",
        "é.d",
        "images",
        "masks",
        "@eaDir",
    ]
)
FILES = st.sampled_from(
    ["0.jpg", "1.PNG", "notes.txt", "Thumbs.db", ".hidden.jpg", "raw", "photo.of a day.jpeg", "ü.heic"]
)
PATHS = st.tuples(st.lists(FOLDERS, max_size=3), FILES).map(lambda each: "/".join([*each[0], each[1]]))
TREES = st.sets(PATHS, min_size=1, max_size=14)


def outcome(context: DataContext, path: Path, **options: object) -> object:
    """What is read of the data at *path*, or why it is refused."""
    try:
        samples: Samples = build(context, str(path), choice=LayoutChoice(**options))  # type: ignore[arg-type]
    except DataError as error:
        return str(error).replace(str(path), "DATA").replace(str(context.cache), "CACHE")
    return samples.classes, samples.keys, samples.labels, samples.splits, samples.found


def packed(folder: Path, names: set[str], kind: str) -> Path:
    archive = folder.with_name(f"{folder.name}.{kind}")
    if kind == "zip":
        with zipfile.ZipFile(archive, "w") as file:
            for name in sorted(names):
                file.write(folder / name, name)
    else:
        with tarfile.open(archive, "w:gz") as file:
            for name in sorted(names):
                file.add(folder / name, name)
    return archive


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=TREES, level=st.sampled_from([0, 0, 0, 1, 2]))
def test_a_folder_and_an_archive_of_it_give_the_same_samples(
    context: DataContext, tmp_path_factory: pytest.TempPathFactory, kind: str, names: set[str], level: int
) -> None:
    place = tmp_path_factory.mktemp("tree")
    names = names | {"README.md"}  # of nothing but junk, the archive is told to be empty
    make(place / "set", *names)
    here = replace(context, cache=place / "cache")
    as_folder = outcome(here, place / "set", level=level)
    as_archive = outcome(here, packed(place / "set", names, kind), level=level)
    assert as_archive == as_folder

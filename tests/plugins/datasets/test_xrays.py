"""X-rays: the public NORMAL/PNEUMONIA folders, and a table of findings beside a folder of images."""

from __future__ import annotations

from pathlib import Path

import flowerablate_datasets
import numpy as np
import pytest
from PIL import Image

from flowerablate import DataContext, DataError
from flowerablate.contracts import SplitPlan
from flowerablate.data.splits import split_samples
from flowerablate.discovery import collect_specs
from flowerablate.testing import check_dataset

SPECS = {spec.name: spec for spec in collect_specs(flowerablate_datasets, "datasets")}


def built(name: str, context: DataContext, **params):
    return SPECS[name].build(context, **{param.name: param.default for param in SPECS[name].params} | params)


def grey(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((8, 8), 40000, dtype=np.uint16)).save(path)


@pytest.fixture
def chest(context: DataContext) -> Path:
    root = context.root / "chest_xray"
    for part, first in (("train", 1), ("test", 30), ("val", 60)):
        for number in range(first, first + 6):
            (root / part / "NORMAL").mkdir(parents=True, exist_ok=True)
            (root / part / "PNEUMONIA").mkdir(parents=True, exist_ok=True)
            (root / part / "NORMAL" / f"NORMAL2-IM-{number:04}-0001.jpeg").touch()
            (root / part / "NORMAL" / f"IM-{number:04}-0001-0002.jpeg").touch()
            (root / part / "PNEUMONIA" / f"person{number}_bacteria_{number}.jpeg").touch()
            (root / part / "PNEUMONIA" / f"person{number}_virus_{number + 500}.jpeg").touch()
    (root / "test" / "PNEUMONIA" / "person1_virus_7.jpeg").touch()
    (root / "train" / "PNEUMONIA" / "person1_virus_501.jpeg").unlink()
    return root


def test_patients_are_read_from_the_names(context: DataContext, chest: Path) -> None:
    samples = built("chest-xray", context, path="chest_xray")
    group = dict(zip(samples.keys, samples.groups or (), strict=True))
    assert group["train/PNEUMONIA/person1_bacteria_1.jpeg"] == "person1_bacteria"
    assert group["train/PNEUMONIA/person2_virus_502.jpeg"] == "person2_virus"
    assert group["train/NORMAL/NORMAL2-IM-0001-0001.jpeg"] == "NORMAL2-IM-0001"
    assert group["train/NORMAL/IM-0001-0001-0002.jpeg"] == "IM-0001"
    by_number = built("chest-xray", context, path="chest_xray", patients="number", validation="official")
    assert "person2" in (by_number.groups or ())


def test_validation_is_drawn_anew_by_patients_unless_the_official_one_is_wanted(
    context: DataContext, chest: Path
) -> None:
    redrawn = built("chest-xray", context, path="chest_xray")
    split = split_samples(redrawn, 0, SplitPlan(0.2, 0.2))
    assert set(redrawn.splits or ()) == {"train", "test"}
    assert {redrawn.keys[index].split("/")[0] for index in split.test} == {"test"}
    sides = [{(redrawn.groups or ())[index] for index in part} for part in (split.train, split.validation)]
    assert not sides[0] & sides[1]
    official = built("chest-xray", context, path="chest_xray", validation="official")
    split = split_samples(official, 0, SplitPlan(0.2, 0.2))
    assert {official.keys[index].split("/")[0] for index in split.validation} == {"val"}


def test_a_number_on_both_sides_is_told_and_refused_where_it_is_one_patient(context: DataContext, chest: Path) -> None:
    samples = built("chest-xray", context, path="chest_xray")
    assert "person1 is in the official test part and outside it" in samples.remarks[0]
    one = built("chest-xray", context, path="chest_xray", patients="number")
    with pytest.raises(DataError, match=r"group 'person1' in .*split.method = 'grouped'"):
        split_samples(one, 0, SplitPlan(0.2, 0.2))
    assert len(split_samples(one, 0, SplitPlan(0.2, 0.2, "grouped")).test) > 0


def test_a_name_without_a_patient_counts_as_one_of_its_own(context: DataContext, chest: Path) -> None:
    (chest / "train" / "NORMAL" / "strange.jpeg").touch()
    samples = built("chest-xray", context, path="chest_xray")
    assert "train/NORMAL/strange.jpeg" in (samples.groups or ())
    assert samples.remarks[-1].startswith("files whose names do not identify a patient: 1;")


def test_another_layout_is_refused(context: DataContext) -> None:
    (context.root / "elsewhere").mkdir()
    with pytest.raises(DataError, match=r"does not hold train/ and test/"):
        built("chest-xray", context, path="elsewhere")
    with pytest.raises(DataError, match="name it as the data"):
        built("chest-xray", context)


def test_the_public_x_rays_have_no_patient_on_two_sides(context: DataContext, photographs: Path) -> None:
    samples = built("chest-xray", context, path=str(photographs / "chest_xray"))
    assert samples.remarks[0].startswith("170 patient numbers, such as person1,")
    assert len(samples.remarks) == 1  # every name tells its patient
    split = split_samples(samples, 0, SplitPlan(0.2, 0.2))
    assert len(split.test) == 618
    assert abs(len(split.validation) / (len(split.train) + len(split.validation)) - 0.2) < 0.01


@pytest.fixture
def nih(context: DataContext) -> Path:
    root = context.root / "nih"
    rows = ["Image Index,Finding Labels,Follow-up #,Patient ID"]
    for number in range(1, 13):
        labels = ("No Finding", "Effusion", "Effusion|Mass", "Mass")[number % 4]
        rows.append(f"{number:08}_000.png,{labels},0,{number // 2 + 1}")
        grey(root / f"images_00{number % 2}" / "images" / f"{number:08}_000.png")
    (root / "Data_Entry_2017.csv").write_text("\n".join(rows) + "\n")
    return root


def test_one_finding_stands_against_none_by_patients(context: DataContext, nih: Path) -> None:
    samples = built("findings", context, path="nih")
    assert samples.classes == ("No Finding", "Effusion")
    labels = dict(zip(samples.keys, samples.labels, strict=True))
    assert labels["images_001/images/00000001_000.png"] == 1
    assert labels["images_000/images/00000002_000.png"] == 1
    assert labels["images_000/images/00000004_000.png"] == 0
    assert not any(key.endswith("00000003_000.png") for key in labels)
    assert (samples.groups or ())[samples.keys.index("images_001/images/00000001_000.png")] == "1"
    assert samples.splits is None
    masses = built("findings", context, path="nih/Data_Entry_2017.csv", finding="Mass")
    assert sum(masses.labels) == 6
    check_dataset(SPECS["findings"], cache=context.cache, root=context.root, params={"path": "nih"})


def test_the_lists_beside_the_table_are_the_official_split(context: DataContext, nih: Path) -> None:
    names = [f"{number:08}_000.png" for number in range(1, 13)]
    (nih / "train_val_list.txt").write_text("\n".join(names[:8]))
    with pytest.raises(DataError, match=r"train_val_list.txt but no test_list.txt"):
        built("findings", context, path="nih")
    (nih / "test_list.txt").write_text("\n".join(names[8:]))
    samples = built("findings", context, path="nih")
    assert (samples.splits or ()).count("test") == 3
    (nih / "test_list.txt").write_text("\n".join(names[7:]))
    with pytest.raises(DataError, match=r"00000008_000.png is in both lists"):
        built("findings", context, path="nih")
    (nih / "test_list.txt").write_text("\n".join(names[9:]))
    with pytest.raises(DataError, match=r"row 10 lists 00000009_000.png, which is in neither"):
        built("findings", context, path="nih")


def test_images_that_are_not_there_are_counted(context: DataContext, nih: Path) -> None:
    (nih / "images_001" / "images" / "00000001_000.png").unlink()
    samples = built("findings", context, path="nih")
    assert samples.remarks == ("1 of 9 X-rays in the table are not in its folder",)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("00000001_000.png,No Finding,0,1", "row 14 lists '00000001_000.png', which row 2 already lists"),
        ("new.png,No Finding,0,nan", "row 14 has no 'Patient ID'"),
        ("new.png,,0,3", "row 14 has no 'Finding Labels'"),
        ("new.png,No Finding", "row 14 has 2 values for 4 columns"),
    ],
)
def test_a_bad_row_is_named(context: DataContext, nih: Path, row: str, message: str) -> None:
    table = nih / "Data_Entry_2017.csv"
    table.write_text(table.read_text() + row + "\n")
    grey(nih / "new.png")
    with pytest.raises(DataError, match=message):
        built("findings", context, path="nih")


def test_a_finding_that_nobody_has_is_named_with_those_that_there_are(context: DataContext, nih: Path) -> None:
    with pytest.raises(DataError, match="no finding 'Hernia'; it has: Effusion, Mass, No Finding"):
        built("findings", context, path="nih", finding="Hernia")


@pytest.mark.parametrize("wrapper", ["", "download", "download/chest_xray"])
def test_x_rays_in_folders_around_them_keep_their_patients(context: DataContext, wrapper: str) -> None:
    root = context.root / "set"
    for part in ("train", "test"):
        for name in ("NORMAL", "PNEUMONIA"):
            folder = root / wrapper / part / name
            folder.mkdir(parents=True)
            (folder / f"person1{part}_bacteria_1.jpeg").touch()
    assert SPECS["chest-xray"].reads(root)
    samples = built("chest-xray", context, path="set")
    assert samples.keys[0] == "train/NORMAL/person1train_bacteria_1.jpeg"
    assert samples.groups is not None
    if wrapper:
        with pytest.raises(DataError, match=r'use their data set: dataset.use = "chest-xray"'):
            built("folder", context, path="set")

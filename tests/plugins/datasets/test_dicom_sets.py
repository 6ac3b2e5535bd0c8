"""Data sets of DICOM files: what counts as an image, and how patients become groups that name nobody."""

from __future__ import annotations

import logging
import os
import shutil
import sys
from pathlib import Path

import flowerablate_datasets
import numpy as np
import pytest
from dicom_files import NAME, SHIPPED, dataset, image, written
from flowerablate_datasets.folders.folder import build
from PIL import Image

from flowerablate import DataContext, DataError, Samples
from flowerablate.contracts import SplitPlan
from flowerablate.data.splits import split_samples
from flowerablate.discovery import collect_specs
from flowerablate.testing import check_dataset

(TABLE,) = (spec for spec in collect_specs(flowerablate_datasets, "datasets") if spec.name == "table")
(FOLDER,) = (spec for spec in collect_specs(flowerablate_datasets, "datasets") if spec.name == "folder")


def files(root: Path, **patients: str) -> Path:
    """Write an image for each of *patients*, by its path with ``_`` for the slash; one dash for no PatientID."""
    for name, patient in patients.items():
        image(root / name.replace("_", "/", 1), **({} if patient == "-" else {"PatientID": patient}))
    return root


def grouped(samples: Samples) -> set[frozenset[str]]:
    """The groups as sets of keys."""
    assert samples.groups is not None
    return {
        frozenset(key for key, name in zip(samples.keys, samples.groups, strict=True) if name == group)
        for group in samples.groups
    }


def test_patients_are_groups_called_by_the_first_of_their_images(context: DataContext) -> None:
    files(context.root / "x", ill_1="p1", ill_2="p2", well_3="p1", well_4="p2", well_5="p3")
    samples = build(context, path="x")
    assert samples.keys == ("ill/1", "ill/2", "well/3", "well/4", "well/5")
    assert samples.groups == ("ill/1", "ill/2", "ill/1", "ill/2", "well/5")
    assert samples.found == "2 classes, 5 images; 5 DICOM files in 3 groups by patient"
    assert samples.remarks == ()


def test_nothing_that_names_a_patient_is_kept(context: DataContext) -> None:
    files(context.root / "x", ill_1="MRN-4711", ill_2="MRN-4712", well_3="MRN-4711", well_4="-")
    samples = build(context, path="x")
    assert "MRN" not in repr(samples)
    assert NAME not in repr(samples)


def test_an_odd_patient_id_is_logged_nowhere(
    context: DataContext, caplog: pytest.LogCaptureFixture, recwarn: pytest.WarningsRecorder
) -> None:
    root = files(context.root / "x", ill_1="MRN-47", ill_2="q", well_3="MRN-47", well_4="q")
    for path in (root / "ill/1", root / "well/3"):
        path.write_bytes(path.read_bytes().replace(b"MRN-47", b"MRN\\\n\xff"))
    with caplog.at_level(logging.DEBUG):
        samples = build(context, path="x")
    assert grouped(samples) == {frozenset({"ill/1", "well/3"}), frozenset({"ill/2", "well/4"})}
    assert "MRN" not in caplog.text
    assert not recwarn.list


def test_one_more_patient_leaves_the_groups_of_the_others(context: DataContext) -> None:
    files(context.root / "x", ill_1="p1", ill_2="p2", well_3="p1", well_5="p3")
    before = build(context, path="x")
    files(context.root / "x", ill_10="new", well_0="new")
    after = build(context, path="x")
    assert after.groups is not None
    named = dict(zip(after.keys, after.groups, strict=True))
    assert tuple(named[key] for key in before.keys) == before.groups


def test_spaces_around_a_patient_id_mean_nothing(context: DataContext) -> None:
    files(context.root / "x", ill_1="p1 ", ill_2="q", well_3=" p1", well_4="r")
    assert frozenset({"ill/1", "well/3"}) in grouped(build(context, path="x"))


def test_issuers_tell_patients_apart_if_all_files_name_one(context: DataContext) -> None:
    for name, issuer in (("ill/1", "A"), ("ill/2", "B"), ("well/3", "A"), ("well/4", "B")):
        image(context.root / "x" / name, PatientID="7", IssuerOfPatientID=issuer)
    assert grouped(build(context, path="x")) == {frozenset({"ill/1", "well/3"}), frozenset({"ill/2", "well/4"})}
    image(context.root / "x/well/5", PatientID="7")
    assert len(grouped(build(context, path="x"))) == 1


def test_a_file_without_a_patient_id_joins_its_study_and_a_remark_says_so(context: DataContext) -> None:
    root = files(context.root / "x", ill_1="p1", well_9="-")
    for name, patient, study in (
        ("ill/2", "p2", "1.2"),
        ("well/3", "", "1.2"),
        ("well/4", "", "9"),
        ("well/5", "", "9"),
    ):
        image(root / name, PatientID=patient, StudyInstanceUID=study)
    samples = build(context, path="x")
    assert grouped(samples) == {
        frozenset({"ill/1"}),
        frozenset({"ill/2", "well/3"}),
        frozenset({"well/4", "well/5"}),
        frozenset({"well/9"}),
    }
    remark = "4 of 6 DICOM files have no PatientID; they are grouped by study, or are groups of their own"
    assert samples.remarks == (remark,)


def test_without_any_patient_there_are_no_groups_and_a_remark_says_what_that_means(context: DataContext) -> None:
    samples = build(context, path=str(files(context.root / "x", ill_1="-", ill_2="-", well_3="-")))
    assert samples.groups is None
    assert samples.remarks == (
        "no DICOM file has a PatientID (3 DICOM files), so images of one patient may be on both sides of a split",
    )


def test_other_images_are_groups_of_their_own_and_sets_without_dicom_have_none(context: DataContext) -> None:
    root = files(context.root / "x", ill_1="p1", well_2="p1", well_3="p2")
    Image.new("L", (8, 8)).save(root / "ill/4.png")
    samples = build(context, path="x")
    assert samples.groups == ("ill/1", "ill/4.png", "ill/1", "well/3")
    for path in root.rglob("[123]"):
        path.unlink()
    Image.new("L", (8, 8)).save(root / "well/5.png")
    assert build(context, path="x").groups is None


def test_a_split_keeps_patients_on_one_side(context: DataContext) -> None:
    names = {f"{('ill', 'well')[number % 2]}_{number}": f"p{number // 4}" for number in range(80)}
    samples = build(context, path=str(files(context.root / "x", **names)))
    split = split_samples(samples, 0, SplitPlan(0.2, 0.2))
    assert samples.groups is not None
    sides = [{samples.groups[place] for place in part} for part in (split.train, split.validation, split.test)]
    assert all(sides)
    assert sum(map(len, sides)) == len(set().union(*sides))


def test_an_unreadable_file_is_a_group_of_its_own(context: DataContext) -> None:
    root = files(context.root / "x", ill_1="p1", ill_2="p2", well_3="p1")
    (root / "well/4").write_bytes(bytes(128) + b"DICM" + b"\xff" * 40)
    samples = build(context, path="x")
    assert samples.groups is not None
    assert samples.groups[samples.keys.index("well/4")] == "well/4"


def test_files_are_found_by_suffix_or_content_but_not_what_only_looks_like_them(context: DataContext) -> None:
    root = context.root / "x"
    for name in ("a/1.dcm", "a/2.DCM", "a/IM0001", "b/1.2.840.55.7", "b/3.ima"):
        image(root / name, PatientID=name)
    shutil.copy(SHIPPED / "dicomdirtests" / "DICOMDIR", root / "a" / "DICOMDIR")
    (root / "a/README").write_text("about these images")
    (root / "b/notes.1").write_text("more")
    (root / "b/empty").touch()
    if hasattr(os, "mkfifo"):
        os.mkfifo(root / "b" / "pipe")
    samples = build(context, path="x")
    assert samples.keys == ("a/1.dcm", "a/2.DCM", "a/IM0001", "b/1.2.840.55.7", "b/3.ima")
    assert samples.read_as == ("5 DICOM files in 5 groups by patient",)
    assert samples.found.endswith("that are no images (.1, no suffix)")


@pytest.mark.parametrize("kind", ["zip", "gztar"])
def test_an_archive_gives_the_same_samples_as_its_folder(context: DataContext, kind: str) -> None:
    root = files(context.root / "x", ill_1="p1", ill_2="p2", well_3="p1", well_4="-")
    (root / "ill/README").write_text("about")
    shutil.copy(SHIPPED / "dicomdirtests" / "DICOMDIR", root / "DICOMDIR")
    archive = shutil.make_archive(str(context.root / "packed"), kind, root)
    folder, unpacked = build(context, path="x"), build(context, path=archive)
    for name in ("classes", "keys", "labels", "groups", "remarks", "found"):
        assert getattr(folder, name) == getattr(unpacked, name)


def built(context: DataContext, **params: str) -> Samples:
    samples = TABLE.build(context, **{param.name: param.default for param in TABLE.params} | params)
    assert isinstance(samples, Samples)
    return samples


def test_a_table_takes_patients_unless_it_has_a_column_for_groups(context: DataContext) -> None:
    files(context.root, a_1="p1", a_2="p2", b_3="p1")
    rows = ["path,label,site", "a/1,ill,x", "a/2,ill,x", "b/3,well,y"]
    (context.root / "table.csv").write_text("\n".join(rows))
    samples = built(context, path="table.csv")
    assert samples.groups == ("a/1", "a/2", "a/1")
    assert samples.found.endswith("; 3 DICOM files in 2 groups by patient")
    assert built(context, path="table.csv", group="site").groups == ("x", "x", "y")


def test_a_table_may_list_dicom_files_of_any_other_suffix(context: DataContext) -> None:
    for name, patient in (("a/1.img", "p1"), ("a/2.img", "p2"), ("b/3.img", "p1")):
        image(context.root / name, PatientID=patient)
    (context.root / "table.csv").write_text("path,label\na/1.img,ill\na/2.img,ill\nb/3.img,well")
    assert built(context, path="table.csv").groups == ("a/1.img", "a/2.img", "a/1.img")


def test_patients_of_deflated_files_are_read_unless_they_are_bombs(
    context: DataContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = files(context.root / "x", ill_1="p1", ill_2="p2", well_3="p3")
    made = dataset(np.zeros((64, 64), np.uint16), PatientID="p1")
    written(root / "well/4", made, syntax="1.2.840.10008.1.2.1.99")
    assert frozenset({"ill/1", "well/4"}) in grouped(build(context, path="x"))
    monkeypatch.setattr("flowerablate.data.dicom._BYTES_PER_PIXEL", -1)
    assert frozenset({"well/4"}) in grouped(build(context, path="x"))


def test_a_missing_pydicom_is_named_before_anything_is_read(
    context: DataContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    files(context.root / "x", ill_1="p1", well_2="p2")
    for name in [name for name in sys.modules if name.split(".")[0] == "pydicom"]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(DataError, match=r"^DICOM needs pydicom 3 or newer: pip install 'flowerablate\[dicom\]'"):
        build(context, path="x")


def test_such_data_sets_keep_the_contract(context: DataContext) -> None:
    files(context.root / "x", ill_1="p1", ill_2="p2", well_3="p1", well_4="-")
    check_dataset(FOLDER, root=context.root, params={"path": "x"})


def test_files_are_read_no_further_than_the_study(context: DataContext) -> None:
    """What follows may be cut off: the images are decoded later."""
    path = image(context.root / "x/ill/1", np.zeros((256, 256), np.uint16), PatientID="p1", StudyInstanceUID="1.2")
    files(context.root / "x", well_2="p1", well_3="p2")
    path.write_bytes(path.read_bytes()[:900])
    assert frozenset({"ill/1", "well/2"}) in grouped(build(context, path="x"))

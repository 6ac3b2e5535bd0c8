"""A study on the DICOM files that pydicom brings, from the check of the data to predictions; nobody is named."""

import json
import shutil
from pathlib import Path

import pytest
from dicom_files import NAME, SHIPPED, image, pydicom

BROKEN = ("GDCMJ2K_TextGBR.dcm", "JPEG2000-embedded-sequence-delimiter.dcm", "MR_truncated.dcm", "badVR.dcm")
"""Those that pydicom does not decode, or not with Pillow alone."""

SYNTAXES = {f"1.2.840.10008.1.2{last}" for last in ("", ".1", ".1.99", ".2", ".4.50", ".4.90", ".4.91", ".5")}
"""Those that need no further package."""


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    """Tomographs (CT and MR) against everything else, as files with a suffix or without; and all their patients."""
    root = tmp_path_factory.mktemp("scans")
    patients = set()
    for number, path in enumerate(sorted(SHIPPED.rglob("*"))):
        if not path.is_file() or path.name in BROKEN or path.read_bytes()[128:132] != b"DICM":
            continue
        header = pydicom.dcmread(path, stop_before_pixels=True)
        if "Rows" in header and header.file_meta.TransferSyntaxUID in SYNTAXES:
            place = (
                root / ("tomograph" if header.get("Modality") in ("CT", "MR") else "other") / f"{number}{path.suffix}"
            )
            place.parent.mkdir(exist_ok=True)
            shutil.copy(path, place)
            names = {str(header.get(name) or "") for name in ("PatientID", "PatientName")}
            patients |= {name for name in names if len(name) > 4 and not name.isdecimal()}  # numbers occur by chance
    assert len(patients) > 10
    return root, patients


@pytest.mark.slow
def test_a_check_says_what_was_read(command, scans):
    done = command("data", "check", scans[0])
    told = " ".join((done.stdout + done.stderr).split())
    assert "DICOM files in " in told
    assert "groups by patient" in told
    assert "unreadable files: every file can be read" in told
    assert "more than 8 bits → input.bits = 16 keeps them" in told


@pytest.mark.slow
@pytest.mark.parametrize("bits", [8, 16])
def test_a_study_from_its_run_to_its_model_keeps_no_patient(command, folder, scans, tiny_study, bits, monkeypatch):
    root, patients = scans
    monkeypatch.setenv("FLOWERABLATE_CACHE", str(folder / "cache"))
    text = tiny_study("crop", "flip").replace("image_size = 16", f"image_size = 16\nchannels = 1\nbits = {bits}")
    (folder / "tiny.toml").write_text(text)
    said = []
    some = next(path for path in sorted((root / "tomograph").iterdir()) if path.suffix)
    for words in (
        ("run", "tiny.toml", "--data", root, "--disable=flip"),
        ("run", "tiny.toml", "--data", root, "--disable=flip", "--skip-bad"),
        ("predict", "tiny", root),
        ("evaluate", "tiny", root, "--format", "json"),
        ("gradcam", "tiny", some, "--out", "seen.png"),
        ("explain", f"tomograph/{some.name}", "--study", "tiny.toml", "--data", root, "--sheet", "steps.png"),
        ("report", "tiny", "--format", "json"),
    ):
        done = command(*words)
        assert done.returncode == 0, (words, done.stderr)
        said.append(done.stdout + done.stderr)
    assert "DICOM files in " in said[0]
    assert "verdict" in said[0]
    assert len(said[2].splitlines()) > len(list(root.rglob("*.dcm")))
    assert 0 < json.loads(said[3].partition("{")[1] + said[3].partition("{")[2].rpartition("}")[0] + "}")["groups"] < 30
    kept = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    assert len(kept) > 20
    everything = b"\n".join([*kept, "\n".join(said).encode()])
    assert [name for name in patients if name.encode() in everything] == []


def test_one_patient_in_each_class_is_too_few_to_split(command, folder):
    for number in range(8):
        patient = "MRN-1" if number % 2 else "MRN-2"
        image(folder / "scans" / ("ill" if number % 2 else "well") / f"{number}", PatientID=patient)
    done = command("run", "tiny.toml", "--data", "scans", "--disable=flip")
    assert done.returncode != 0
    assert "MRN" not in done.stdout + done.stderr
    assert NAME not in done.stdout + done.stderr
    assert "group" in done.stderr


def test_a_file_with_a_fault_is_named_alone(command, folder):
    for number in range(8):
        image(folder / "scans" / ("ill" if number % 2 else "well") / f"{number}", PatientID=f"MRN-{number}")
    path = Path(folder / "scans/ill/3")
    path.write_bytes(path.read_bytes()[:-20])
    done = command("data", "check", "scans")
    assert "2 classes, 8 images; 8 DICOM files in 8 groups by patient" in done.stdout + done.stderr
    assert "ill/3 it is a truncated or corrupt DICOM file" in " ".join(done.stdout.split()).replace("ill/3:", "ill/3")
    assert "MRN" not in done.stdout + done.stderr

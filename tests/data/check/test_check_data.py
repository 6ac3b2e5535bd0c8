"""Each fault that a folder of images may have is found, named, and rated."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flowerablate import Samples
from flowerablate.data.check import check_data, groups_of_copies, images_to_exclude
from flowerablate.data.check.look import look_at
from flowerablate.errors import DataError

CLASSES = ("daisy", "rose")


class Folder:
    """Images of noise, one after the other; ``report()`` checks them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.keys: list[str] = []
        self.labels: list[int] = []
        self.splits: list[str] = []
        self._numbers = np.random.default_rng(3)

    def add(self, label=0, split="train", name="", size=(60, 48), suffix=".png", pixels=None, **options) -> Path:
        key = f"{split}/{CLASSES[label]}/{name or len(self.keys)}{suffix}"
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        if pixels is None:
            pixels = self._numbers.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path, **options)
        self.note(key, label, split)
        return path

    def note(self, key, label, split):
        self.keys.append(key)
        self.labels.append(label)
        self.splits.append(split)

    def copy(self, source: Path, label=0, split="train", name="copy.png") -> None:
        key = f"{split}/{CLASSES[label]}/{name}"
        (self.root / key).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, self.root / key)
        self.note(key, label, split)

    def samples(self, *, split=True) -> Samples:
        paths = tuple(self.root / key for key in self.keys)
        return Samples(CLASSES, tuple(self.keys), paths, tuple(self.labels), tuple(self.splits) if split else None)

    def report(self, *, split=True):
        return check_data(self.samples(split=split))


@pytest.fixture
def folder(tmp_path):
    """A sound set: 24 images of each class in train, and in test."""
    made = Folder(tmp_path / "set")
    for split in ("train", "test"):
        for number in range(48):
            made.add(number % 2, split)
    return made


def found(report, name):
    """The only finding of that name."""
    (finding,) = [finding for finding in report.findings if finding.name == name]
    return finding


def test_a_sound_set_has_nothing_but_fine_findings(folder):
    report = folder.report()
    assert report.severity == "fine"
    assert report.images == 96
    assert [(facts.name, facts.images, facts.splits) for facts in report.classes] == [
        ("daisy", 48, {"train": 24, "test": 24}),
        ("rose", 48, {"train": 24, "test": 24}),
    ]
    assert (report.classes[0].width, report.classes[0].height) == (60, 48)


def test_a_truncated_file_is_a_fault_and_is_named(folder):
    path = folder.add()
    path.write_bytes(path.read_bytes()[:400])
    finding = found(folder.report(), "unreadable files")
    assert finding.severity == "fault"
    assert finding.files == ((folder.keys[-1],),)
    assert "truncated" in finding.text


def test_the_cause_is_told_alone_whatever_the_folder_is_called(tmp_path):
    path = tmp_path / "a; b" / "torn.png"
    path.parent.mkdir()
    path.write_bytes(b"no image")
    assert look_at(path) == "it is not an image, or its format is not supported by this Pillow"


def test_files_that_the_data_set_left_out_count_as_unreadable(folder):
    report = check_data(replace(folder.samples(), skipped=("train/rose/lost.png",)))
    assert found(report, "unreadable files").files == (("train/rose/lost.png",),)


def test_a_missing_file_is_an_error_and_no_finding(folder):
    (folder.root / folder.keys[0]).unlink()
    with pytest.raises(DataError, match="no such file"):
        folder.report()


@pytest.mark.parametrize(
    ("label", "split", "kind", "severity"),
    [
        (0, "train", "within a class", "warning"),
        (0, "test", "across splits", "fault"),
        (1, "train", "across classes", "fault"),
        (1, "test", "across classes", "fault"),
    ],
)
def test_a_copy_is_as_bad_as_the_place_it_is_in(folder, label, split, kind, severity):
    folder.copy(folder.root / folder.keys[0], label, split)
    finding = found(folder.report(), f"duplicates {kind}")
    assert finding.severity == severity
    assert finding.files == ((folder.keys[0], folder.keys[-1]),)
    assert "byte for byte" in finding.text


def test_the_same_pixels_in_another_file_are_a_duplicate(folder):
    Image.open(folder.root / folder.keys[0]).save(folder.root / "again.bmp")
    folder.note("again.bmp", 0, "train")
    finding = found(folder.report(), "duplicates within a class")
    assert "0 of them byte for byte" in finding.text


def test_a_compressed_copy_across_splits_is_a_near_duplicate(folder):
    Image.open(folder.root / folder.keys[0]).resize((120, 96)).save(folder.root / "again.jpg", quality=90)
    folder.note("again.jpg", 0, "test")
    finding = found(folder.report(), "near duplicates across splits")
    assert finding.severity == "fault"
    assert finding.files == ((folder.keys[0], "again.jpg"),)


def test_without_an_official_split_there_is_no_leak(folder):
    folder.copy(folder.root / folder.keys[0], 0, "test")
    names = {finding.name for finding in folder.report(split=False).findings}
    assert "duplicates within a class" in names
    assert not {"classes in splits", "splits alike", "groups in two splits"} & names


def test_imbalance_says_what_a_constant_answer_would_reach(folder):
    for _ in range(60):
        folder.add(1)
    finding = found(folder.report(), "class balance")
    assert finding.severity == "warning"
    assert "rose has 2.2 times" in finding.text
    assert "69%" in finding.advice
    assert finding.values == {"daisy": 48, "rose": 108}


def test_a_class_that_a_split_lacks_is_a_fault(folder):
    for number in range(30):
        folder.add(0, "val", f"v{number}")
    finding = found(folder.report(), "classes in splits")
    assert finding.severity == "fault"
    assert "val/rose" in finding.text


def test_file_names_of_one_person_in_two_splits_are_a_warning(folder):
    folder.add(0, "train", "person7_a")
    folder.add(0, "test", "person7_b")
    folder.add(0, "test", "person8_a")
    finding = found(folder.report(), "groups in two splits")
    assert finding.severity == "warning"
    assert finding.values == {"identifiers": 2, "images": 2}
    assert finding.text == "1 of 2 identifiers in names are in two splits, such as person7"
    assert "dataset.group_from = '" in finding.advice
    assert finding.files == (("train/daisy/person7_a.png", "test/daisy/person7_b.png"),)


def test_identifiers_in_names_are_a_warning_where_a_split_is_still_to_be_drawn(tmp_path):
    folder = Folder(tmp_path / "set")
    for number in range(60):
        folder.add(number % 2, "train", f"{number // 3:05d}_{number % 3}")
    samples = replace(folder.samples(), splits=None)
    finding = found(check_data(samples), "groups in names")
    assert finding.severity == "warning"
    assert finding.text == "names repeat an identifier, such as 00000: 20 in 60 images"
    assert not any("groups" in each.name for each in check_data(replace(samples, groups=samples.keys)).findings)


@pytest.mark.parametrize("what", ["width", "aspect ratio"])
def test_a_size_that_goes_with_the_class_is_a_shortcut(folder, what):
    for number in range(60):
        folder.add(1, ("train", "test")[number % 2], f"w{number}", size=(90, 48))
    finding = found(folder.report(), f"shortcut: {what}")
    assert finding.severity == "warning"
    assert finding.values["AUC"] > 0.7


def test_a_bright_class_is_a_shortcut_by_light_and_not_by_size(folder):
    for number in range(96):
        noise = np.random.default_rng(number).integers(0, 160, (48, 60, 3), dtype=np.uint8)
        pixels = noise + np.uint8(60 * (number % 2))
        folder.add(number % 2, ("train", "test")[number // 2 % 2], f"b{number}", pixels=pixels)
    shortcuts = {f.name for f in folder.report().findings if f.name.startswith("shortcut:")}
    assert shortcuts == {"shortcut: brightness"}


def test_a_test_part_of_another_compression_stands_out(folder):
    for number in range(120):
        split = ("train", "test")[number // 2 % 2]
        folder.add(number % 2, split, f"j{number}", suffix=".jpg", quality=90 if split == "train" else 40)
    finding = found(folder.report(), "splits alike")
    assert finding.severity == "warning"
    assert "JPEG quality" in finding.text


def test_channels_are_told(folder):
    grey = np.random.default_rng(0).integers(0, 256, (48, 60, 1), dtype=np.uint8).repeat(3, axis=2)
    folder.add(pixels=grey)
    assert found(folder.report(), "channels").files == ((folder.keys[-1],),)
    deep = np.random.default_rng(1).integers(0, 65536, (48, 60), dtype=np.uint16)
    folder.add(pixels=deep)
    assert found(folder.report(), "16-bit images").files == ((folder.keys[-1],),)
    clear = np.random.default_rng(2).integers(0, 256, (48, 60, 4), dtype=np.uint8)
    folder.add(pixels=clear)
    assert found(folder.report(), "transparent images").files == ((folder.keys[-1],),)
    path = folder.add()
    Image.open(path).convert("CMYK").save(path.with_suffix(".tif"))
    folder.note(path.with_suffix(".tif").relative_to(folder.root).as_posix(), 0, "train")
    assert found(folder.report(), "CMYK images").files == ((folder.keys[-1],),)


def test_tiny_and_constant_images_are_told(folder):
    folder.add(size=(60, 12))
    folder.add(pixels=np.full((48, 60, 3), 7, np.uint8))
    report = folder.report()
    assert found(report, "tiny images").files == ((folder.keys[-2],),)
    assert found(report, "constant images").files == ((folder.keys[-1],),)


@pytest.mark.parametrize("quality", [30, 50, 75, 90, 95])
def test_the_quality_of_a_jpeg_is_read_from_its_tables(folder, quality):
    found = look_at(folder.add(suffix=".jpg", quality=quality))
    assert found.quality == pytest.approx(quality, abs=1)


def test_progress_reaches_the_end_and_its_error_ends_the_check(folder):
    told = []
    check_data(folder.samples(), lambda what, done, total: told.append((what, done, total)))
    assert ("checking images", 96, 96) in told
    assert told[-1][0] == "comparing images"

    def stop(what, done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check_data(folder.samples(), stop)


def test_of_the_photographs_the_known_copies_are_found_and_no_others(real_data):
    root = real_data / "flowers"
    known = {
        ("daisy/10466290366_cc72e33532.jpg", "daisy/10994032453_ac7f8d9e2e.jpg"),
        ("daisy/10993710036_2033222c91.jpg", "daisy/10993818044_4c19b86c82.jpg"),
    }
    keys = tuple(sorted(path.relative_to(root).as_posix() for path in root.rglob("*.jpg")))[:600]
    labels = tuple(CLASSES.index(key.partition("/")[0]) for key in keys)
    report = check_data(Samples(CLASSES, keys, tuple(root / key for key in keys), labels))
    groups = set(found(report, "near duplicates within a class").files)
    assert known <= groups
    assert len(groups) <= 5


def test_a_patient_in_two_splits_is_a_fault_where_the_data_set_gives_patients(folder):
    patients = tuple(f"p{number}" for number in range(95))
    sound = check_data(replace(folder.samples(), groups=(*patients, "p95")))
    assert found(sound, "groups in two splits").severity == "fine"
    finding = found(check_data(replace(folder.samples(), groups=(*patients, "p0"))), "groups in two splits")
    assert finding.severity == "fault"
    assert finding.files == ((folder.keys[0], folder.keys[-1]),)


def test_what_the_data_set_remarks_is_passed_on(folder):
    report = check_data(replace(folder.samples(), remarks=("ten files do not tell their patient",)))
    assert found(report, "remark of the data set").text == "ten files do not tell their patient"
    assert report.severity == "warning"


def test_copies_in_one_group_are_fine(folder):
    folder.copy(folder.root / folder.keys[0], 0, "train")
    samples = folder.samples(split=False)
    groups = [key if key != folder.keys[-1] else folder.keys[0] for key in folder.keys]
    finding = found(check_data(replace(samples, groups=tuple(groups))), "duplicates within a group")
    assert (finding.severity, finding.advice) == ("fine", "")


def test_the_advice_on_copies_on_both_sides_fits_the_kind_of_split(folder):
    folder.copy(folder.root / folder.keys[0], 0, "test")
    official = found(folder.report(), "duplicates across splits").advice
    assert "accuracy is inflated" in official
    assert "--write-exclude" in official
    assert "--write-groups" not in official
    assert "--write-groups" in found(check_data(folder.samples(), drawn=True), "duplicates across splits").advice


def test_copies_of_copies_are_one_group(folder):
    first = folder.root / folder.keys[0]
    folder.copy(first, 0, "train")
    Image.open(first).resize((120, 96)).save(folder.root / "again.jpg", quality=90)
    folder.note("again.jpg", 0, "train")
    samples = folder.samples(split=False)
    assert groups_of_copies(check_data(samples), samples) == [(folder.keys[0], *folder.keys[-2:])]


def test_of_copies_that_of_the_test_part_stays_and_of_contradictory_ones_none(folder):
    folder.copy(folder.root / folder.keys[0], 0, "test", "leak.png")
    folder.copy(folder.root / folder.keys[4], 1, "train", "other.png")
    (folder.root / folder.keys[2]).write_bytes(b"no image")
    samples = folder.samples()
    excluded = images_to_exclude(check_data(samples), samples)
    assert {key for key, _ in excluded} == {*folder.keys[:5:2], "train/rose/other.png"}
    assert dict(excluded)[folder.keys[0]] == "a copy of test/daisy/leak.png"
    left = samples.only([place for place, key in enumerate(samples.keys) if key not in dict(excluded)])
    assert not groups_of_copies(check_data(left), left)

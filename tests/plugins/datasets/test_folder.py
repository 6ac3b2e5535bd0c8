from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from flowerablate_datasets.folder import build, scan

from flowerablate import DataContext, DataError


def make(root: Path, *names: str) -> Path:
    """Create empty files below *root*; scanning reads names only."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def test_each_subfolder_is_a_class_in_sorted_order(tmp_path: Path) -> None:
    samples = scan(make(tmp_path, "rose/b.jpg", "rose/a.JPG", "daisy/z.png", "daisy/nested/deeper/y.webp"))
    assert samples.classes == ("daisy", "rose")
    assert samples.keys == ("daisy/nested/deeper/y.webp", "daisy/z.png", "rose/a.JPG", "rose/b.jpg")
    assert samples.labels == (0, 0, 1, 1)
    assert samples.paths == tuple(tmp_path / key for key in samples.keys)
    assert samples.splits is None
    assert samples.skipped == ()


def test_hidden_and_foreign_files_are_left_out(tmp_path: Path) -> None:
    make(
        tmp_path,
        "a/1.jpg",
        "b/1.jpg",
        "a/.hidden.jpg",
        "a/._1.jpg",
        "a/notes.txt",
        "a/Thumbs.db",
        "a/noext",
        "loose.jpg",
    )
    make(tmp_path, ".git/x.jpg", "__MACOSX/a/._1.jpg", "a/.ipynb_checkpoints/1.jpg")
    assert scan(tmp_path).keys == ("a/1.jpg", "b/1.jpg")


def test_a_relative_path_is_read_from_the_folder_of_the_study(context: DataContext) -> None:
    make(context.root, "flowers/a/1.jpg", "flowers/b/1.jpg")
    samples = build(context, path="flowers")
    assert samples.paths[0] == context.root / "flowers/a/1.jpg"
    assert build(context, path=str(context.root / "flowers")).paths == samples.paths


def test_a_tilde_is_the_home_folder(context: DataContext, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    make(tmp_path / "home", "flowers/a/1.jpg", "flowers/b/1.jpg")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    assert len(build(context, path="~/flowers")) == 2


@pytest.mark.parametrize("validation", ["val", "valid", "Validation"])
def test_train_and_test_folders_give_official_splits(tmp_path: Path, validation: str) -> None:
    make(tmp_path, "train/a/1.png", "train/b/1.png", "test/a/2.png", "test/b/2.png", "unlabelled/3.png")
    without = scan(tmp_path)
    assert without.splits == ("train", "train", "test", "test")
    make(tmp_path, f"{validation}/a/4.png", f"{validation}/b/4.png")
    samples = scan(tmp_path)
    assert samples.splits == ("train", "train", "val", "val", "test", "test")
    assert samples.classes == ("a", "b")
    assert samples.labels == (0, 1, 0, 1, 0, 1)
    assert samples.keys[2] == f"{validation}/a/4.png"


def test_a_lone_val_folder_beside_train_is_the_held_out_part(tmp_path: Path) -> None:
    samples = scan(make(tmp_path, "train/a/1.png", "train/b/1.png", "val/a/2.png", "val/b/2.png"))
    assert samples.splits == ("train", "train", "test", "test")


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    samples = scan(make(tmp_path, "train/1.png", "bus/1.png"))
    assert samples.classes == ("bus", "train")
    assert samples.splits is None


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "no images in .*into a separate subfolder"),
        (["a.jpg", "b.jpg"], "has images but no class folders"),
        (["a/1.jpg"], "only one class, 'a'"),
        (["a/1.jpg", "b/readme.txt"], "only one class, 'a'"),
        (["train/1.jpg", "test/1.jpg"], "train has images but no class folders"),
        (["a/train/1.jpg", "a/test/1.jpg", "b/1.jpg"], "a is split into test, train, and .*b is not"),
        (["train/a/1.jpg", "train/b/1.jpg", "test/a/1.jpg", "test/c/1.jpg"], "test/ lacks 'b', which train/ has"),
        (
            ["train/a/1.jpg", "train/b/1.jpg", "test/a/1.jpg", "test/b/1.jpg", "test/c/1.jpg"],
            "test/ has 'c', which train/ lacks",
        ),
        (
            ["train/a/1.jpg", "train/b/1.jpg", "test/a/1.jpg", "test/b/x.txt"],
            "test/ lacks 'b', which train/ has",
        ),
        (
            ["train/a/1.jpg", "train/b/1.jpg", "test/1.jpg"],
            r'test has images but no class folders.*choose 2 classes \(a, b\) with dataset.parts = \["train"\]',
        ),
        (["train/a/1.jpg", "test/a/1.jpg"], "only one class, 'a'"),
        (
            ["train/a/1.jpg", "train/b/1.jpg", "val/a/1.jpg", "val/b/1.jpg", "valid/a/1.jpg", "valid/b/1.jpg"],
            "both val/ and valid/",
        ),
    ],
)
def test_a_layout_that_cannot_be_used_says_why(tmp_path: Path, names: list[str], message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        scan(make(tmp_path, *names))
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_path_a_file_and_no_path_are_refused(context: DataContext, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no folder or archive .*nowhere"):
        build(context, path="nowhere")
    make(context.root, "image.jpg")
    with pytest.raises(DataError, match=r"image\.jpg is no archive"):
        build(context, path="image.jpg")
    with pytest.raises(DataError, match="name it as the data"):
        build(context, path=" ")


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_links_are_followed_and_loops_end(tmp_path: Path) -> None:
    root = make(tmp_path / "set", "a/1.jpg", "a/sub/2.jpg", "b/1.jpg")
    make(tmp_path / "elsewhere", "3.jpg", "more/4.jpg")
    (root / "a/loop").symlink_to(root / "a", target_is_directory=True)
    (root / "a/sub/up").symlink_to(root, target_is_directory=True)
    (root / "b/other").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (tmp_path / "elsewhere/back").symlink_to(tmp_path / "elsewhere/more", target_is_directory=True)
    (root / "a/self.d").symlink_to(root / "a/self.d")
    assert scan(root).keys == ("a/1.jpg", "a/sub/2.jpg", "b/1.jpg", "b/other/3.jpg", "b/other/back/4.jpg")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_name_that_is_not_utf_8_is_refused_or_skipped(context: DataContext) -> None:
    make(context.root, "set/a/1.jpg", "set/b/1.jpg")
    Path(os.fsdecode(os.fsencode(context.root / "set/a/caf") + b"\xe9.jpg")).touch()
    with pytest.raises(DataError, match=r"caf\\udce9\.jpg is not UTF-8"):
        build(context, path="set")
    samples = build(replace(context, skip_bad=True), path="set")
    assert samples.keys == ("a/1.jpg", "b/1.jpg")
    assert samples.skipped == ("a/caf\\udce9.jpg",)


def test_the_photographs_of_flowers_are_all_found(photographs: Path) -> None:
    if not (photographs / "flowers").is_dir():
        pytest.skip("no flowers")
    samples = scan(photographs / "flowers")
    assert samples.classes == ("daisy", "rose")
    assert Counter(samples.labels) == {0: 764, 1: 780}
    assert len(set(samples.keys)) == 1544


def test_the_x_rays_keep_their_official_split(photographs: Path) -> None:
    if not (photographs / "chest_xray").is_dir():
        pytest.skip("no x-rays")
    samples = scan(photographs / "chest_xray")
    assert samples.splits is not None
    counts = Counter(
        (split, samples.classes[label]) for split, label in zip(samples.splits, samples.labels, strict=True)
    )
    assert counts == {
        ("train", "NORMAL"): 1340,
        ("train", "PNEUMONIA"): 3850,
        ("val", "NORMAL"): 8,
        ("val", "PNEUMONIA"): 8,
        ("test", "NORMAL"): 231,
        ("test", "PNEUMONIA"): 387,
    }


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is locked for root")
def test_a_locked_folder_is_named_with_the_cure(tmp_path: Path) -> None:
    make(tmp_path, "a/1.jpg", "b/1.jpg", "b/inner/2.jpg")
    for mode in (0o000, 0o444):
        (tmp_path / "b").chmod(mode)
        try:
            with pytest.raises(DataError, match=r"/b.*: .*check its permissions"):
                scan(tmp_path)
        finally:
            (tmp_path / "b").chmod(0o755)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
def test_hostile_names_of_folders_command_no_terminal(tmp_path: Path) -> None:
    make(tmp_path, "a\x1b[2J/x/1.jpg", "a\x1b[2J/y/1.jpg", "b\n/x/1.jpg", "b\n/z/1.jpg")
    asked = [sys.executable, "-m", "flowerablate", "run", "--data", str(tmp_path), "--disable", "flip", "--dry-run"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert "\x1b" not in done.stdout + done.stderr
    assert "dataset.level = 1" in done.stderr
    assert len(done.stderr.splitlines()) == 1

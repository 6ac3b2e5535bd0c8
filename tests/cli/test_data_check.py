"""``flowerablate data check``: what it prints, writes and answers."""

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "data-check.md"


@pytest.fixture
def leak(image_folder, tmp_path):
    """The same images, divided, one of them on both sides."""
    root = tmp_path / "leaky"
    shutil.copytree(image_folder, root / "train")
    for name in ("green", "red"):
        (root / "test" / name).mkdir(parents=True)
        for number in (8, 9, 10, 11):
            (root / "train" / name / f"{number:02}.png").rename(root / "test" / name / f"{number}.png")
    shutil.copy(root / "train" / "red" / "00.png", root / "test" / "red" / "leak.png")
    return root


def test_a_folder_without_faults_gives_zero(command, image_folder):
    done = command("data", "check", image_folder)
    assert done.returncode == 0, done.stderr
    assert "green" in done.stdout
    assert "unreadable files: every file can be read" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_a_leak_is_told_first_with_its_files_and_gives_one(command, leak):
    done = command("data", "check", leak)
    assert done.returncode == 1
    first = next(line for line in done.stdout.splitlines() if line.startswith(("fault", "warning", "fine")))
    assert re.match(r"fault +duplicates across splits:", first)
    assert "train/red/00.png = test/red/leak.png" in done.stdout
    assert "1 fault" in done.stdout.splitlines()[-1]


def test_no_name_of_a_file_is_broken(command, image_folder):
    name = "2024-05-06 photograph number 001 of a long series of photographs (copy).png"
    shutil.copy(image_folder / "red" / "00.png", image_folder / "red" / name)
    assert f"red/00.png = red/{name}\n" in command("data", "check", image_folder).stdout


def test_json_names_all_and_is_written_whole(command, folder, leak):
    done = command("data", "check", leak, "--format", "json")
    told = json.loads(done.stdout)
    assert told["severity"] == "fault"
    assert told["findings"][0]["files"] == [["train/red/00.png", "test/red/leak.png"]]
    assert command("data", "check", leak, "--out", "check.json").returncode == 1
    assert json.loads((folder / "check.json").read_text()) == told


def test_a_text_file_holds_what_the_terminal_shows(command, folder, leak):
    shown = command("data", "check", leak).stdout
    command("data", "check", leak, "--out", "check.txt")
    assert (folder / "check.txt").read_text() == shown


def test_a_bad_file_does_not_end_the_check(command, image_folder):
    (image_folder / "red" / "bad.png").write_bytes(b"no image")
    done = command("data", "check", image_folder)
    assert done.returncode == 1
    assert "red/bad.png" in done.stdout


def test_a_study_says_which_data_set_is_meant(command, image_folder, folder):
    lines = f'[dataset]\nuse = "folder"\npath = {str(image_folder)!r}\n'
    (folder / "mine.toml").write_text(lines)
    done = command("data", "check", "mine.toml", "--format", "json")
    assert json.loads(done.stdout)["images"] == 24


def test_a_path_that_is_not_there_is_refused_in_one_line(command):
    done = command("data", "check", "nowhere")
    assert done.returncode == 1
    assert "no file or folder nowhere" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_format_that_there_is_not_is_wrong_usage(command):
    done = command("data", "check", ".", "--format", "jsn")
    assert done.returncode == 2
    assert "'jsn' is not one of 'table', 'json'" in " ".join(done.stderr.replace("│", " ").split())


def test_an_interrupt_leaves_nothing_behind(command, folder, image_folder, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("flowerablate.data.check.check_data", interrupted)
    done = command("data", "check", image_folder, "--out", "check.json")
    assert done.returncode == 130
    assert "interrupted" in done.stderr
    assert not (folder / "check.json").exists()


def test_every_line_of_the_document_runs(command, folder, make_images):
    make_images(folder / "photographs")
    (folder / "study.toml").write_text('[dataset]\nuse = "folder"\npath = "photographs"\n')
    lines = re.findall(r"^ *flowerablate data check\b(.*)$", DOCUMENT.read_text(), flags=re.MULTILINE)
    assert len(lines) >= 3
    for words in lines:
        assert command("data", "check", *shlex.split(words, comments=True)).returncode == 0, words


@pytest.fixture
def copied(image_folder):
    """Images without an official split, each of one class with a copy under another name."""
    for number in range(12):
        shutil.copy(image_folder / "red" / f"{number:02}.png", image_folder / "red" / f"again-{number:02}.png")
    return image_folder


def test_with_its_file_of_groups_the_ladder_passes_the_rung_that_it_failed(command, folder, copied):
    climb = ("sanity", "tiny.toml", "--data", copied, "--only", "data")
    failed = command(*climb)
    assert failed.returncode == 1
    told = " ".join(failed.stdout.split())
    assert "test images have copies in training, so accuracy is inflated" in told
    assert "set dataset.groups to the file that 'flowerablate data check PATH --write-groups groups.csv' writes" in told
    done = command("data", "check", copied, "--write-groups", "groups.csv")
    assert "wrote groups.csv, 24 images in 12 groups; a study takes it as dataset.groups" in done.stderr
    passed = command(*climb, "--set", "dataset.groups=groups.csv")
    assert passed.returncode == 0, passed.stdout
    (folder / "grouped.toml").write_text(f"{(folder / 'tiny.toml').read_text()}\n")
    text = (folder / "tiny.toml").read_text()
    written = text.replace('use = "synthetic-flowers"', f'use = "folder"\npath = "{copied}"\ngroups = "groups.csv"')
    (folder / "grouped.toml").write_text(written)
    assert command("sanity", "grouped.toml", "--only", "data").returncode == 0
    assert command("sanity", "grouped.toml", "--data", copied, "--only", "data").returncode == 0


def test_with_its_list_of_images_to_leave_out_the_ladder_passes_as_well(command, copied):
    done = command("data", "check", copied, "--write-exclude", "exclude.txt", "--write-groups", "groups.csv")
    assert "wrote exclude.txt, 12 images; a study takes it as dataset.exclude" in done.stderr
    words = ("--set", "dataset.exclude=exclude.txt")
    assert command("sanity", "tiny.toml", "--data", copied, "--only", "data", *words).returncode == 0
    again = command("data", "check", copied, *words, "--write-groups", "none.csv", "--write-exclude", "none.txt")
    assert "wrote none.csv, without entries: there are no copies" in again.stderr
    assert "wrote none.txt, without entries: there is nothing to leave out" in again.stderr
    empty = ("--set", "dataset.exclude=none.txt", "--set", "dataset.groups=none.csv")
    assert command("data", "check", copied, *empty).stdout == command("data", "check", copied).stdout


def test_a_study_runs_with_both_lists_and_says_what_is_left_out(command, copied):
    command("data", "check", copied, "--write-groups", "groups.csv")
    Path("exclude.txt").write_text("green/00.png\n")
    words = ("--set", "dataset.groups=groups.csv", "--set", "dataset.exclude=exclude.txt")
    done = command("run", "tiny.toml", "--data", copied, "--disable", "flip", "--set", "train.epochs=1", *words)
    assert done.returncode == 0, done.stderr
    assert "1 image left out by exclude.txt" in " ".join(done.stdout.split())


def test_a_misspelt_list_is_refused_with_the_nearest(command, copied):
    done = command("run", "tiny.toml", "--data", copied, "--set", "dataset.group=groups.csv")
    assert "dataset 'folder' has no parameter 'group'; did you mean 'groups'?" in done.stderr

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
        assert command("data", "check", *shlex.split(words)).returncode == 0, words

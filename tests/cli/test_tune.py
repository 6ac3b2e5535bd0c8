import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import tomllib

from flowerablate.tuning import extra
from flowerablate.tuning import tuner as runner

pytest.importorskip("optuna")

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "tuning.md"
SMALL = ("--set", "train.epochs=1", "--set", "model.width=4")


def test_the_best_is_a_study_that_runs_as_it_is(command, image_folder, folder):
    words = ("tune", "tiny.toml", "--data", image_folder, "--search", "optimizer.lr=0.01:0.3", *SMALL)
    words += ("--set", 'ablation.disable=["flip"]')
    done = command(*words, "--trials", 2)
    assert done.returncode == 0, done.stderr
    assert tomllib.loads((folder / "best.toml").read_text())["ablation"]["disable"] == ["flip"]
    assert re.search(r"2/2  accuracy [01]\.\d{4}  optimizer\.lr=\S+  \(best [01]\.\d{4}, trial [01]\)", done.stderr)
    assert re.search(r"^ +0 +[01]\.\d{4} +0\.\d{4}  optimizer\.lr=0\.1 \(base\)", done.stdout, re.MULTILINE)
    assert "is biased upwards" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    place = folder / "runs" / "tiny" / "tune"
    assert {path.name for path in place.iterdir()} == {"history.png", "history.svg", "lock", "trials", "tune.db"}
    assert "flowerablate run best.toml" in done.stdout
    assert command("run", "best.toml", "--seeds", 1).returncode == 0

    more = command(*words, "--trials", 3)
    assert "2 of 3 trials are already done" in more.stderr
    assert more.stderr.count("optimizer.lr=") == 1
    other = command(*words, "--trials", 3, "--search", "optimizer.momentum")
    assert other.returncode == 1
    assert "another space" in other.stderr
    assert "--name" in other.stderr


def test_dry_run_shows_the_space_and_trains_nothing(command, image_folder, folder):
    done = command("tune", "tiny.toml", "--data", image_folder, "--search", "optimizer", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^optimizer\.lr +1e-06 to 10, log +0\.1", done.stdout, re.MULTILINE)
    assert "accuracy on validation, mean of 2 replicates" in done.stdout
    assert not (folder / "runs").exists()


@pytest.mark.slow  # each process loads torch anew
def test_several_processes_share_the_trials(command, image_folder):
    words = ("tune", "tiny.toml", "--data", image_folder, "--seeds", 1, "--jobs", 2, *SMALL)
    done = command(*words, "--trials", 3)
    assert done.returncode == 0, done.stderr
    assert "3 trials: 3 complete" in done.stdout
    assert done.stderr.count("accuracy") >= 3


def test_ctrl_c_says_how_to_go_on(command, image_folder, folder, monkeypatch):
    def in_the_second_epoch(epoch, step, steps):
        if epoch == 2:
            raise KeyboardInterrupt

    value_on = runner.value_on
    monkeypatch.setattr(runner, "value_on", lambda *given: value_on(*given[:-1], in_the_second_epoch))
    done = command("tune", "tiny.toml", "--data", image_folder, "--trials", 50)
    assert done.returncode == 130, done.stderr
    assert len(list(folder.glob("runs/tiny/tune/trials/0/*/last.safetensors"))) == 1
    assert "interrupted: 0 of 50 trials have ended; continue with the same command" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--search", "optimizer.lrr"), "did you mean 'lr'?"),
        (("--search", "optimizer.lr=0.01:20"), "1e-06 to 10"),
        (("--prune", "medain"), "did you mean 'median'?"),
        (("--out", "tiny.toml"), "was not written by tune"),
        (("--out", "best.json"), "must end in .toml"),
        (("--name", "../there"), "is not valid"),
        (("--storage", "nothing://x"), "cannot be opened"),
        (("--budget", "soon"), "is not a duration"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(words, told, command, image_folder, folder):
    before = (folder / "tiny.toml").read_text()
    done = command("tune", "tiny.toml", "--data", image_folder, *words)
    assert done.returncode == 1
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert (folder / "tiny.toml").read_text() == before


def test_without_optuna_one_line_says_how_to_install_it(command, image_folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    done = command("tune", "tiny.toml", "--data", image_folder)
    assert done.returncode == 1
    assert "pip install 'flowerablate[tune]'" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_command_line_is_there_without_loading_optuna():
    code = "import sys, flowerablate.cli.app; print('optuna' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    assert extra.PRUNERS[0] == "median"


def test_every_line_of_the_document_can_be_run(command, folder, make_images):
    make_images(folder / "photographs")
    study = (folder / "tiny.toml").read_text() + '[dataset]\nuse = "synthetic-flowers"\nimages = 20\n'
    for name in ("study.toml", "flowers.toml"):
        (folder / name).write_text(study)
    lines = re.findall(r"^ *flowerablate tune\b(.*)$", DOCUMENT.read_text(), flags=re.MULTILINE)
    assert len(lines) >= 6
    for line in lines:
        done = command("tune", *shlex.split(re.sub(r"\s#.*", "", line)), "--dry-run")
        assert done.returncode == 0, (line, done.stderr)

import contextlib
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import tomllib

from flowerablate.jobs.events import EventWriter
from flowerablate.tuning import extra

pytest.importorskip("optuna")

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "tuning.md"
SMALL = ("--set", "train.epochs=1", "--set", "model.width=4")


def test_the_best_is_a_study_that_runs_as_it_is(command, image_folder, folder):
    words = ("tune", "tiny.toml", "--data", image_folder, "--search", "optimizer.lr=0.01:0.3", *SMALL)
    words += ("--set", 'ablation.disable=["flip"]')
    done = command(*words, "--trials", 2)
    assert done.returncode == 0, done.stderr
    assert tomllib.loads((folder / "best.toml").read_text())["ablation"]["disable"] == ["flip"]
    assert re.search(r"2/2  accuracy \d+\.\d\d %  optimizer\.lr=\S+  \(best \d+\.\d\d %, trial [01]\)", done.stderr)
    assert re.search(r"^ +0 +\d+\.\d\d % +\d+\.\d\d %  optimizer\.lr=0\.1 \(base\)", done.stdout, re.MULTILINE)
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
    assert "accuracy on validation, mean of 2 splits reserved for tuning" in done.stdout
    assert not (folder / "runs").exists()


def test_several_trials_are_trained_at_the_same_time_by_the_options_of_a_run(command, image_folder):
    words = ("tune", "tiny.toml", "--data", image_folder, "--seeds", 1, *SMALL)
    done = command(*words, "--trials", 3, "--executor", "processes", "--jobs", 2, "--threads", 1)
    assert done.returncode == 0, done.stderr
    assert "3 trials: 3 complete" in done.stdout
    assert done.stderr.count("accuracy") >= 3
    other = command(*words, "--trials", 4, "--threads", 2)
    assert other.returncode == 1
    assert "results depend on that: leave it out, or start a new tuning with --name" in other.stderr


@pytest.mark.slow  # each session loads torch anew
@pytest.mark.longest
def test_a_killed_tuning_leaves_no_process_and_goes_on_to_the_same_bits(image_folder, folder, tmp_path):
    words = [sys.executable, "-m", "flowerablate", "tune", "tiny.toml", "--data", str(image_folder), "--trials", "6"]
    words += ["--executor", "processes", "--threads", "1", "--set", "train.epochs=40", "--search", "optimizer.lr"]
    words += ["--prune", "hyperband", "--seeds", "2"]
    whole = tmp_path / "whole"
    whole.mkdir()
    (whole / "tiny.toml").write_text((folder / "tiny.toml").read_text())
    subprocess.run(words, cwd=whole, check=True, capture_output=True)
    for seconds in (1, 2, 3):
        session = subprocess.Popen(words, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        pid = first_job(folder)
        time.sleep(seconds)
        session.kill()
        session.wait()
        deadline = time.monotonic() + 10
        while alive(pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not alive(pid)
    done = subprocess.run(words, cwd=folder, check=True, capture_output=True, text=True)
    assert "trials are already done" in done.stderr or "6 trials:" in done.stdout
    assert told(folder) == told(whole)
    assert {state for _, state, *_ in told(whole)} == {"COMPLETE", "PRUNED"}


def first_job(folder: Path) -> int:
    """Wait until a trial is being trained, and return the process that does it."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        for path in folder.glob("runs/tiny/tune/trials/*/events.jsonl"):
            with contextlib.suppress(OSError, IndexError):
                return int(json.loads(path.read_text().splitlines()[0])["pid"])
        time.sleep(0.02)
    raise AssertionError("no trial has begun")


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def told(folder: Path) -> list[tuple[object, ...]]:
    """Return what Optuna's storage says of each trial."""
    import optuna

    (study,) = optuna.get_all_study_names(f"sqlite:///{folder / 'runs' / 'tiny' / 'tune' / 'tune.db'}")
    kept = optuna.load_study(study_name=study, storage=f"sqlite:///{folder / 'runs' / 'tiny' / 'tune' / 'tune.db'}")
    return [
        (trial.number, trial.state.name, trial.params, trial.values, trial.intermediate_values)
        for trial in kept.get_trials()
    ]


def test_ctrl_c_says_how_to_go_on(command, image_folder, folder, monkeypatch):
    def in_the_second_epoch(events, epoch, step, steps):
        if epoch == 2:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(EventWriter, "step_done", in_the_second_epoch)
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
    drawn = '[dataset]\nuse = "synthetic-flowers"\n'
    study = (folder / "tiny.toml").read_text().replace(drawn, f"{drawn}images = 20\n")
    for name in ("study.toml", "flowers.toml"):
        (folder / name).write_text(study)
    lines = re.findall(r"^ *flowerablate tune\b(.*)$", DOCUMENT.read_text(), flags=re.MULTILINE)
    assert len(lines) >= 6
    for line in lines:
        done = command("tune", *shlex.split(re.sub(r"\s#.*", "", line)), "--dry-run")
        assert done.returncode == 0, (line, done.stderr)

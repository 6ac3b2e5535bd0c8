"""Trials in processes of their own, as the command line runs them: killed, watched, and gone on with."""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

WORDS = ("run", "tiny.toml", "--disable", "light", "--executor", "processes", "--threads", "1")


def start(folder: Path, images: Path, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "flowerablate", *WORDS, "--data", str(images), *words]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def temporary(monkeypatch):
    """The folder for temporary files of the processes that a test starts; its name is short, as sockets need it."""
    with tempfile.TemporaryDirectory(prefix="t", dir="/tmp") as folder:
        monkeypatch.setenv("TMPDIR", folder)
        yield Path(folder)


def status(folder: Path) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-m", "flowerablate", "status", "tiny", "--format", "json"],
        cwd=folder, capture_output=True, text=True,
    )  # fmt: skip
    return json.loads(done.stdout) if done.returncode == 0 else {"running": []}


def running(folder: Path) -> list[dict[str, object]]:
    return status(folder)["running"]


def until_one_runs(folder: Path) -> list[dict[str, object]]:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        found = running(folder)
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError("no trial has begun")


def alive(pid: object) -> bool:
    try:
        os.kill(int(str(pid)), 0)
    except ProcessLookupError:
        return False
    return True


def results(folder: Path) -> dict[str, object]:
    found = {}
    for path in sorted((folder / "runs" / "tiny" / "trials").iterdir()):
        content = json.loads((path / "result.json").read_text())
        kept = (path / "predictions.npz").read_bytes(), (path / "best.safetensors").read_bytes()
        found[path.name] = content["metrics"], content["validation"], kept
    return found


@pytest.mark.slow  # each run loads torch anew
@pytest.mark.longest
def test_a_killed_run_leaves_no_process_and_goes_on_to_the_same_bits(folder, image_folder, tmp_path, temporary):
    longer = ("--jobs", "2", "--set", "train.epochs=150")
    whole = tmp_path / "whole"
    whole.mkdir()
    (whole / "tiny.toml").write_text((folder / "tiny.toml").read_text())
    _, told = start(whole, image_folder, *longer).communicate(timeout=300)
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
        process = start(folder, image_folder, *longer)
        at_work = until_one_runs(folder)
        process.send_signal(number)
        _, told = process.communicate(timeout=60)
        if number != signal.SIGKILL:
            assert process.returncode == 130
            assert "interrupted: 0 of 4 trials are finished, those that were running go on" in told
        deadline = time.monotonic() + 10
        while any(alive(trial["pid"]) for trial in at_work) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not any(alive(trial["pid"]) for trial in at_work), number
        assert running(folder) == []
    process = start(folder, image_folder, *longer)
    _, told = process.communicate(timeout=300)
    assert process.returncode == 0, told
    assert results(folder) == results(whole)
    left = [path.name for path in (folder / "runs").rglob(".*") if path.is_file()]
    assert left == []
    assert [path for path in temporary.iterdir() if not path.name.startswith("torchinductor_")] == []


def test_what_a_killed_run_left_among_temporary_files_goes_with_the_next_one(folder, temporary):
    begin = "from flowerablate.jobs.fork_server import begin_fork_server; begin_fork_server([])"
    kill = "; import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert subprocess.run([sys.executable, "-c", begin + kill]).returncode == -signal.SIGKILL
    (left,) = temporary.iterdir()
    with subprocess.Popen([sys.executable, "-c", f"{begin}; input()"], stdin=subprocess.PIPE) as living:
        deadline = time.monotonic() + 30
        while (left.exists() or len(list(temporary.iterdir())) != 1) and time.monotonic() < deadline:
            time.sleep(0.05)
        (own,) = temporary.iterdir()
        assert own != left
        assert subprocess.run([sys.executable, "-c", begin], check=True, capture_output=True).stderr == b""
        assert list(temporary.iterdir()) == [own], "a folder in use stays"
        living.communicate(b"\n")
    assert list(temporary.iterdir()) == []


@pytest.mark.slow
def test_the_status_tells_which_trials_run_where_and_how_far_they_are(folder, image_folder):
    process = start(folder, image_folder, "--jobs", "2", "--set", "train.epochs=10000")  # it is killed before
    try:
        (trial, *_) = until_one_runs(folder)
        assert trial["variant"] in ("base", "-light")
        assert trial["epochs"] == 10000
        deadline = time.monotonic() + 60
        while status(folder)["seconds_left"] is None and time.monotonic() < deadline:
            time.sleep(0.2)
        assert status(folder)["done"] == 0
        assert status(folder)["seconds_left"] > 0, "known before the first trial has ended"
        said = subprocess.run(
            [sys.executable, "-m", "flowerablate", "status"], cwd=folder, capture_output=True, text=True
        ).stdout
        assert "of 4 trials done" in said
        assert f"process {trial['pid']}" in " ".join(said.split())
    finally:
        process.kill()
        process.communicate()


def test_the_status_of_a_finished_study(command, finished_study):
    said = command("status").stdout
    assert said == "tiny, latest run: 6 of 6 trials done\n"
    content = json.loads(command("status", "tiny", "--format", "json").stdout)
    assert (content["done"], content["left"], content["running"], content["seconds_left"]) == (6, 0, [], 0.0)


def test_a_trial_whose_process_number_another_process_has_now_does_not_run(command, finished_study, folder):
    (trial, *_) = sorted((folder / "runs" / "tiny" / "trials").iterdir())
    (trial / "result.json").unlink()
    for start, running in (("", 1), ("1", 0)):  # process 1 of the system alone began so early
        started = {"event": "started", "time": time.time(), "pid": os.getpid(), "host": platform.node()}
        (trial / "events.jsonl").write_text(json.dumps({**started, "process_began": start}) + "\n")
        found = json.loads(command("status", "tiny", "--format", "json").stdout)
        assert (len(found["running"]), found["left"]) == (running, 1 - running)


def test_a_failed_trial_is_in_the_status_with_its_reason(command, finished_study, folder):
    (trial, *_) = sorted((folder / "runs" / "tiny" / "trials").iterdir())
    (trial / "result.json").unlink()
    (trial / "failure.json").write_text('{"reason": "it [broke]", "traceback": ""}')
    said = " ".join(command("status").stdout.split())
    assert said.startswith("tiny, latest run: 5 of 6 trials done, 1 failed failed ")
    assert said.endswith(": it [broke]")

"""FIFOs and devices where files should be: no command waits for them, and each says what is wrong in one line."""

import os
import signal
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")


@pytest.fixture(autouse=True)
def in_time():
    """End a test whose command waits for somebody to write."""

    def waited(*_):
        pytest.fail("it waits")

    before = signal.signal(signal.SIGALRM, waited)
    signal.alarm(90)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def in_place_of(path: Path) -> Path:
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    return path


def is_refused(done, what="is a FIFO, not a file"):
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stderr
    *said, error = done.stderr.splitlines()
    assert what in error
    return all(line.startswith("model: ") for line in said)  # which one was chosen is told before it is read


@pytest.mark.parametrize("words", [["run"], ["run", "--dry-run"], ["data", "check"], ["tune"], ["sanity"]])
def test_a_study_that_is_a_fifo_is_refused(command, folder, words):
    assert is_refused(command(*words, in_place_of(folder / "tiny.toml")))


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null"])
def test_a_study_that_is_a_device_is_refused(command, device):
    assert is_refused(command("run", device), "is a device, not a file")


@pytest.mark.parametrize("words", [["run", "--dry-run"], ["data", "check"]])
@pytest.mark.parametrize("key", ["groups", "exclude"])
def test_a_list_that_is_a_fifo_is_refused(command, folder, image_folder, key, words):
    in_place_of(folder / "list")
    study = (folder / "tiny.toml").read_text()
    asked = f'use = "folder"\npath = "{image_folder}"\n{key} = "list"'
    (folder / "tiny.toml").write_text(study.replace('use = "synthetic-flowers"', asked))
    assert is_refused(command(*words, "tiny.toml"))


@pytest.mark.parametrize("skip", [False, True])
def test_an_image_that_is_a_fifo_is_refused_or_skipped(command, folder, image_folder, skip):
    in_place_of(image_folder / "green/00.png")
    more = ["--skip-bad"] if skip else []
    done = command("run", "tiny.toml", "--data", image_folder, "--dry-run", *more)
    assert done.returncode == (0 if skip else 1)
    assert skip or is_refused(done)


@pytest.mark.parametrize("name", ["trial.json", "result.json", "predictions.npz", "best.safetensors", "study.json"])
@pytest.mark.parametrize("words", [["report"], ["report", "--format=csv"], ["status"], ["curves"], ["card", "tiny"]])
def test_a_ledger_of_which_a_file_is_a_fifo_is_read_in_time(command, finished_study, folder, name, words):
    ledger = folder / "runs/tiny"
    places = [ledger / name] if name == "study.json" else sorted(ledger.glob(f"trials/*/{name}"))
    in_place_of(places[0])
    done = command(*words)
    assert done.returncode in (0, 1)
    assert "Traceback" not in done.stderr
    if done.returncode:
        assert is_refused(done, str(places[0].name))


def test_weights_that_are_a_fifo_are_refused(command, finished_study, folder):
    weights = sorted(folder.glob("runs/tiny/trials/*/best.safetensors"))[0]
    in_place_of(weights)
    for model in (weights, weights.parent, "/dev/zero"):
        done = command("predict", model, finished_study)
        assert done.returncode == 1
        assert "FIFO" in done.stderr or "device" in done.stderr
        assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("name", ["weights.safetensors", "weights.pt"])
def test_weights_of_a_study_that_are_a_fifo_are_refused(command, folder, image_folder, name):
    in_place_of(folder / name)
    words = ("--set", "model.use=resnet18", "--set", f"model.weights={name}", "--set", "steps={}")
    done = command("run", "tiny.toml", "--data", image_folder, "--dry-run", *words)
    assert is_refused(done)


def test_a_table_of_images_that_is_a_fifo_is_refused(command, folder):
    in_place_of(folder / "table.csv")
    done = command("data", "check", "table.csv")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["log.txt", "events.jsonl", "failure.json", "last.safetensors", "result.json"])
def test_a_trial_is_run_where_one_of_its_files_is_a_fifo(command, folder, finished_study, name):
    trial = sorted(folder.glob("runs/tiny/trials/*"))[0]
    (trial / "result.json").unlink()
    in_place_of(trial / name)
    done = command("run", "tiny.toml", "--data", finished_study, "--disable=morphology", "--disable=flip", "--jobs=1")
    assert done.returncode in (0, 1)
    assert "Traceback" not in done.stderr

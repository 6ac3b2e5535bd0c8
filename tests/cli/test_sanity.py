"""``flowerablate sanity`` climbs the ladder, says what it saw, and fails where a rung did."""

import json
import shutil

import pytest
from PIL import Image

from flowerablate.cli import sanity as command_file
from flowerablate.sanity import RUNGS, ladder

QUICK = ("--only", "data", "--only", "batch", "--only", "inputs")


def test_the_ladder_is_read_at_eighty_columns(command, make_images, folder):
    images = make_images(folder / "images", per_class=20)
    done = command("sanity", "tiny.toml", "--data", images, *QUICK)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    heads = [line.split()[:2] for line in lines if line[:1] in "✓✗–"]
    assert [sign for sign, _ in heads] == ["✓"] * 3
    assert [name for _, name in heads] == [name for name in RUNGS if name in QUICK]  # no word of those not asked for
    assert all(line == line.rstrip() for line in lines)
    assert lines[-1].startswith("3 passed, 6 skipped, in ")
    with Image.open(folder / "sanity" / "tiny" / "inputs.png") as sheet:
        assert sheet.width > 500


def test_json_tells_the_same_to_programs(command, make_images, folder):
    images = make_images(folder / "images", per_class=20)
    words = ("--only", "lr-range", "--out", "kept", "--format", "json")
    done = command("sanity", "tiny.toml", "--data", images, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert json.loads((folder / "kept" / "ladder.json").read_text()) == told
    assert (told["study"], told["folder"]) == ("tiny", "kept")
    (rung,) = [rung for rung in told["rungs"] if rung["status"] != "skipped"]
    assert rung["name"] == "lr-range"
    assert rung["values"]["peak"] > 0
    with Image.open(folder / "kept" / rung["files"][0]) as plot:
        assert plot.format == "PNG"


def test_a_rung_that_failed_gives_exit_code_1_and_advice(command, make_images, folder):
    images = make_images(folder / "images", per_class=20)
    for number in range(20):
        shutil.copy(images / "red" / "00.png", images / "red" / f"copy{number}.png")
    done = command("sanity", "tiny.toml", "--data", images, *QUICK)
    assert done.returncode == 1
    assert "✗ data" in done.stdout
    assert ".png = " in done.stdout  # two of the copies, by name
    assert "\n    -> " in done.stdout
    assert "fix data first" in done.stdout


def test_files_that_are_left_out_as_asked_are_no_fault(command, make_images, folder):
    images = make_images(folder / "images", per_class=20)
    (images / "red" / "broken.png").write_bytes(b"no image")
    done = command("sanity", "tiny.toml", "--data", images, "--only", "data", "--skip-bad")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning, unreadable files: 1 left out, such as red/broken.png" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--only", "overfitt"), "there is no rung 'overfitt'; did you mean 'overfit'?"),
        (("--subset", "lots"), "give a number of images per class"),
        (("--data", "nowhere"), "no file or folder nowhere"),
    ],
)
def test_wrong_words_are_one_line(command, words, said):
    done = command("sanity", "tiny.toml", *words)
    assert done.returncode == 1
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_an_interruption_is_said_and_leaves_nothing_half_written(command, make_images, folder, monkeypatch):
    def stop(bench):
        raise KeyboardInterrupt

    monkeypatch.setitem(ladder.RUNGS, "batch", stop)
    images = make_images(folder / "images", per_class=20)
    done = command("sanity", "tiny.toml", "--data", images, *QUICK)
    assert done.returncode == 130
    assert "interrupted after 1 rung" in done.stderr
    assert list((folder / "sanity" / "tiny").iterdir()) == []


def test_rungs_are_completed():
    assert command_file.complete_rungs("l") == ["labels", "lr-range"]


FAULTY = """
import ctypes, sys, time
import flowerablate as fa

DO = {"segfault": lambda: ctypes.string_at(0), "hang": lambda: time.sleep(600)}

def build(context, what, where):
    import torch

    def loss(logits, targets):
        if where in names_of(sys._getframe()):
            DO[what]()
        return torch.nn.functional.cross_entropy(logits, targets)

    return loss

def names_of(frame):
    while frame:
        yield frame.f_code.co_name
        frame = frame.f_back

@fa.hookimpl
def flowerablate_register(register):
    for what in DO:
        for place, name in {"in-training": "run_epoch", "always": "loss"}.items():
            build_it = lambda context, what=what, name=name: build(context, what, name)
            register(fa.LossSpec(f"{what}-{place}", "Ends its process.", build_it))
"""
SOME = ("--only", "batch", "--only", "labels", "--only", "inputs", "--only", "initial-loss")


@pytest.mark.parametrize(
    ("loss", "said", "fine"),
    [
        pytest.param(
            "segfault-in-training",
            "its process was killed by SIGSEGV",
            {"batch", "inputs", "initial-loss"},
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "hang-in-training",
            "it made no progress for 6 s and was stopped",
            {"batch", "inputs", "initial-loss"},
            marks=pytest.mark.slow,
        ),
        pytest.param("segfault-always", "its process was killed by SIGSEGV", {"inputs"}, marks=pytest.mark.slow),
    ],
)
def test_a_component_that_ends_its_process_costs_its_rung_and_the_ladder_goes_on(
    command, make_images, folder, loss, said, fine
):
    (folder / "flowerablate_local.py").write_text(FAULTY)
    images = make_images(folder / "images", per_class=20)
    words = ("--set", f'loss.use="{loss}"', "--set", "execution.stall_timeout=6s", "--executor", "processes")
    done = command("sanity", "tiny.toml", "--data", images, *SOME, *words, "--format", "json")
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout, done.stderr
    rungs = {rung["name"]: rung for rung in json.loads(done.stdout)["rungs"]}
    assert list(rungs) == list(RUNGS)
    assert {name for name, rung in rungs.items() if rung["status"] == "passed"} == fine
    (failed,) = (rung for rung in rungs.values() if rung["status"] == "failed")
    assert failed["name"] == ("labels" if loss.endswith("training") else "batch")
    assert failed["seen"][0].startswith(said)
    assert (folder / "sanity" / "tiny" / "process" / "log.txt").is_file()


@pytest.mark.slow
def test_a_process_of_its_own_sees_the_same_and_leaves_nothing_but_the_files_of_the_ladder(
    command, make_images, folder
):
    images = make_images(folder / "images", per_class=20)
    told = {}
    for use in ("inline", "processes"):
        words = ("--executor", use, "--out", use, "--set", "execution.threads=1", "--format", "json")
        done = command("sanity", "tiny.toml", "--data", images, "--only", "subset", "--only", "lr-range", *words)
        rungs = json.loads(done.stdout)["rungs"]
        told[use] = [(rung["name"], rung["status"], rung["values"]) for rung in rungs]
    assert told["processes"] == told["inline"]
    assert sorted(path.name for path in (folder / "processes").iterdir()) == ["ladder.json", "lr_range.png"]


def test_the_ladder_is_not_climbed_on_other_machines(command):
    done = command("sanity", "tiny.toml", "--executor", "ray")
    assert done.returncode == 1
    assert "the rungs run on this machine; choose processes or inline" in done.stderr

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from flowerablate.cli import main


def test_the_main_job_trains_both_arms_and_prints_the_table(command, image_folder, folder):
    done = command("run", "tiny.toml", "--data", image_folder, "--disable", "morphology")
    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if re.match(r"(base|-morphology) ", line)]
    assert len(rows) == 2
    assert "\x1b" not in done.stdout + done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert len(list((folder / "runs" / "tiny" / "trials").glob("*/best.safetensors"))) == 4


def test_a_finished_study_runs_nothing_and_one_more_seed_only_the_new_trials(command, image_folder):
    words = ("run", "tiny.toml", "--data", image_folder, "--disable", "flip")
    first = command(*words)
    again = command(*words)
    assert again.stdout == first.stdout
    assert "4 of 4 trials are finished already" in again.stderr
    more = command(*words, "--seeds", 3)
    assert "4 of 6 trials are finished already" in more.stderr
    assert len(re.findall(r"accuracy \d+\.\d %", more.stderr)) == 2


def test_dry_run_shows_the_trials_and_trains_nothing(command, image_folder, folder):
    done = command("run", "tiny.toml", "--data", image_folder, "--dry-run")
    assert done.returncode == 0, done.stderr
    for change in ("base", "-morphology", "-crop", "-flip", "-rotation", "-light", "-model.skip", "-model.batchnorm"):
        assert re.search(rf"\s{change}\s", done.stdout), change
    assert not (folder / "runs").exists()


def test_everything_that_can_be_disabled_or_swapped_runs(command, image_folder):
    done = command(
        "run", "tiny.toml", "--data", image_folder, "--seeds", 1, "--set", "train.epochs=1",
        "--disable", "flip+rotation", "--disable", "model.skip", "--disable", "kind:morphology",
        "--swap", "optimizer=adam,lr=0.01", "--swap", "morphology=dilate", "--swap", "scheduler=cosine",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for change in ("-flip -rotation", "-model.skip", "-morphology", "optimizer=adam,lr=0.01", "morphology=dilate"):
        assert change in done.stderr


def test_the_report_is_printed_again_from_the_ledger_in_every_format(command, image_folder):
    first = command("run", "tiny.toml", "--data", image_folder, "--disable", "crop")
    assert command("report").stdout == first.stdout
    rows = list(csv.DictReader(io.StringIO(command("report", "--format", "csv").stdout)))
    assert [row["label"] for row in rows] in (["base", "-crop"], ["base", "'-crop"])
    assert json.loads(command("report", "tiny", "--format", "json").stdout)
    assert "| base |" in command("report", "--format", "md").stdout
    assert command("report", "--format", "svg").stdout.startswith("<svg")
    assert "loss on the test split" in command("report", "--metric", "loss").stdout


def test_a_plugin_beside_the_study_is_loaded(command, image_folder, folder):
    (folder / "flowerablate_local.py").write_text(
        "import flowerablate as fa\n"
        "@fa.hookimpl\n"
        "def flowerablate_register_step(register):\n"
        "    register(fa.StepSpec(name='negative', summary='Negative.', build=build))\n"
        "def build(context):\n"
        "    return fa.PythonOp(lambda images, draws: 255 - images)\n"
    )
    done = command(
        "run", "tiny.toml", "--data", image_folder, "--seeds", 1, "--disable", "negative",
        "--set", "steps.negative.use=negative",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "-negative" in done.stdout


def results_of(folder):
    """What each trial's result says, without what depends on the clock."""
    results = {}
    for path in (folder / "runs" / "tiny" / "trials").glob("*/result.json"):
        content = json.loads(path.read_text())
        results[path.parent.name] = {key: content[key] for key in ("metrics", "validation", "best_epoch", "epochs")}
    return results


LONG = ("--disable=light", "--set=train.epochs=6")


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory, make_images, tiny_study, train_study):
    """A folder with the images and the study of *LONG*, which was not stopped."""
    here = tmp_path_factory.mktemp("uninterrupted")
    make_images(here / "images")
    train_study(here, tiny_study(), *LONG)
    return here


@pytest.mark.slow
@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill"])
def test_a_study_that_was_stopped_goes_on_to_the_same_numbers_bit_for_bit(
    command, uninterrupted, folder, signal_number
):
    words = ("run", "tiny.toml", "--data", str(uninterrupted / "images"), *LONG)
    process = subprocess.Popen(
        [sys.executable, "-m", "flowerablate", *words], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 120
    while not list((folder / "runs").glob("tiny/trials/*/last.safetensors")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal_number)
    stderr = process.communicate(timeout=60)[1].decode()
    assert process.returncode == (130 if signal_number == signal.SIGINT else -signal.SIGKILL)
    assert ("interrupted" in stderr) == (signal_number == signal.SIGINT)
    assert "Traceback" not in stderr
    stopped = results_of(folder)
    assert len(stopped) < 4
    assert command(*words).returncode == 0
    resumed = results_of(folder)
    assert resumed == results_of(uninterrupted)
    assert len(resumed) == 4


@pytest.mark.slow
def test_two_runs_at_once_do_not_do_the_same_trial_twice(command, image_folder, folder):
    words = ["run", "tiny.toml", "--data", str(image_folder), "--disable", "light"]
    both = [
        subprocess.Popen(
            [sys.executable, "-m", "flowerablate", *words],
            cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=os.environ, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    told = [process.communicate(timeout=300)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    assert len(re.findall(r"accuracy ", "".join(told))) == 4
    assert len(results_of(folder)) == 4


def test_ctrl_c_while_commands_are_loading_is_answered_in_a_word(monkeypatch, capsys):
    class Loading:
        def __getattr__(self, name):
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "flowerablate.cli.app", Loading())
    assert main() == 130
    assert capsys.readouterr().err == "interrupted\n"

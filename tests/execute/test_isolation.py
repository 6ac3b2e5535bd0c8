"""Trials in processes of their own: a fault costs its trial, nothing outlives it, and the bits are those of inline."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from marks import slow
from pipelines import BUILDING
from same_bits import equal

import flowerablate as fa
from flowerablate.execute.observer import SilentObserver

FAULTS = """
import os, signal, subprocess, sys, time
import flowerablate as fa

def child():
    process = subprocess.Popen(["sleep", "600"])
    with open("children", "a") as file:
        print(process.pid, file=file)

def segfault():
    import ctypes
    ctypes.string_at(0)

def patch():
    import numpy, torch
    torch.nn.functional.relu = lambda x, inplace=False: x * 0
    numpy.mean = lambda *words, **named: 0.0
    torch.backends.mkldnn.enabled = False

def cramped():
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 17, resource.RLIM_INFINITY))

def folder():
    return next(f.f_locals["job"].folder for f in frames() if "job" in f.f_locals)

def remove():
    import shutil
    shutil.rmtree(folder())

def forge(text):
    with open(os.path.join(folder(), "result.json"), "w") as file:
        file.write(text)
    os._exit(0)

DO = {
    **{f"exit{code}": lambda code=code: os._exit(code) for code in (0, 70, 74, 75, 76, 255)},
    "cramped": cramped,
    "remove": remove,
    "no-object": lambda: forge("[]"),
    "no-json": lambda: forge("no result"),
    "no-result": lambda: forge('{"format": 2}'),
    "segfault": segfault,
    "exit": lambda: os._exit(3),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "leave": lambda: sys.exit(0),
    "hang": lambda: time.sleep(600),
    "patch": patch,
    "child": child,
    "child-and-kill": lambda: (child(), os.kill(os.getpid(), signal.SIGKILL)),
    "child-and-hang": lambda: (child(), time.sleep(600)),
    "kill-server": lambda: (os.kill(os.getppid(), signal.SIGKILL), time.sleep(600)),
    "stop-server": lambda: os.kill(os.getppid(), signal.SIGSTOP),
}

def build(context, what):
    import torch

    def loss(logits, targets):
        if torch.is_grad_enabled() and training():
            print("about to", what, file=sys.stderr, flush=True)
            DO[what]()
        return torch.nn.functional.cross_entropy(logits, targets)

    return loss

def training():
    return any(frame.f_code.co_name == "run_epoch" for frame in frames())

def frames():
    frame = sys._getframe()
    while frame:
        yield frame
        frame = frame.f_back

@fa.hookimpl
def flowerablate_register(register):
    for what in DO:
        register(fa.LossSpec(what, f"Does it: {what}.", lambda context, what=what: build(context, what)))
"""


class Remembering(SilentObserver):
    def __init__(self):
        self.remarks, self.failed = [], []

    def remarked(self, text):
        self.remarks.append(text)


@pytest.fixture
def small(run_tiny):
    """Run a study of a moment: ``small(plugin, **options)``."""
    return run_tiny


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        (
            "segfault",
            r"^its process was killed by SIGSEGV \(Segmentation fault\); Fatal Python error: Segmentation fault: "
            r'File ".*ctypes/__init__.py", line \d+ in string_at$',
        ),
        ("exit", r"^its process ended with exit code 3; the last line of its log: about to exit$"),
        ("kill", r"^its process was killed by SIGKILL \(Killed\), as the system does when memory runs out; "),
        ("leave", r"^SystemExit: 0$"),
    ],
)
def test_a_trial_whose_process_dies_is_recorded_with_the_cause_and_the_others_go_on(small, what, reason):
    result = small(FAULTS, disable="flip", swap=f"loss={what}")
    (failure,) = result.failed
    assert failure.label == f"loss={what}"
    assert re.search(reason, failure.reason), failure.reason
    assert result["-flip"].n == 1


@pytest.mark.parametrize("executor", ["processes", "inline"])
def test_a_component_that_removes_the_folder_of_its_trial_costs_that_trial(small, executor):
    options = {"executor": executor, "jobs": 2 if executor == "processes" else None}
    result = small(FAULTS, disable="flip", swap="loss=remove", **options)
    (failure,) = result.failed
    assert failure.label == "loss=remove"
    assert failure.reason == "the folder of the trial, or files in it, were removed while it ran"
    assert result["-flip"].n == 1


@pytest.mark.parametrize("code", [75, 255, *slow(0, 70, 74, 76)])
def test_an_exit_code_that_a_component_chose_says_nothing_of_the_trial(small, code):
    result = small(FAULTS, disable="flip", swap=f"loss=exit{code}")
    (failure,) = result.failed
    assert failure.label == f"loss=exit{code}"
    assert failure.reason == f"its process ended with exit code {code}; the last line of its log: about to exit{code}"
    assert result["-flip"].n == 1
    assert result.left == result.elsewhere == 0


def test_a_disk_without_room_for_a_checkpoint_ends_the_run(small):
    """A limit for the size of files stands for a disk with room for small ones only."""
    pytest.importorskip("resource")
    with pytest.raises(fa.FlowerablateError, match="No space left on device"):
        small(FAULTS, disable="flip", swap="loss=cramped", **{"model.width": 32})


def test_a_component_that_writes_something_else_as_the_result_costs_its_trial(small):
    forged = ["no-object", "no-json", "no-result"]
    result = small(FAULTS, disable="flip", swap=[f"loss={name}" for name in forged])
    assert {failure.label for failure in result.failed} == {f"loss={name}" for name in forged}
    assert all("was no result" in failure.reason for failure in result.failed)
    assert result["-flip"].n == 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is limited on Linux only")
def test_a_memory_limit_below_what_a_process_has_at_first_is_named(small):
    with pytest.raises(
        fa.FlowerablateError, match=r"memory is limited to 1 MB, but \d+ MB are needed before it begins"
    ):
        small(disable="flip", memory="1MB")


def test_a_trial_that_hangs_is_stopped_and_nothing_of_it_is_left(small, tmp_path):
    began = time.monotonic()
    result = small(FAULTS, disable="flip", swap="loss=hang", stall_timeout="3s")
    assert time.monotonic() - began < 60
    assert [failure.reason.partition(";")[0] for failure in result.failed] == [
        "it made no progress for 3 s and was stopped"
    ]
    folder = tmp_path / "runs" / "tiny" / "trials" / result.failed[0].trial_id
    pid = json.loads((folder / "events.jsonl").read_text().splitlines()[0])["pid"]
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.parametrize("what", ["child", *slow("child-and-kill", "child-and-hang")])
def test_what_a_trial_has_started_ends_with_it_however_it_ends(small, tmp_path, monkeypatch, what):
    monkeypatch.chdir(tmp_path)
    small(FAULTS.replace("DO = {", f"DO = {{'bad': lambda: DO[{what!r}](),"), swap="loss=bad", trial_timeout="5s")
    children = [int(line) for line in (tmp_path / "children").read_text().split()]
    assert children
    deadline = time.monotonic() + 10
    while any(map(runs, children)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(map(runs, children))


def runs(pid):
    """Whether the process does something; one that nobody has asked how it ended does not."""
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return bool(done.stdout.strip()) and not done.stdout.startswith("Z")


@pytest.mark.slow
def test_a_trial_that_ends_the_fork_server_harms_no_other(small):
    result = small(FAULTS.replace('"kill-server"', '"bad"'), disable="flip", swap="loss=bad", seeds=2)
    assert {failure.label for failure in result.failed} == {"loss=bad"}
    assert all("the fork server ended" in failure.reason for failure in result.failed)
    assert result["-flip"].n == 2


def test_a_trial_that_stops_the_fork_server_stops_no_run(small):
    result = small(FAULTS, disable="flip", swap="loss=stop-server", jobs=1)
    assert result.failed == ()
    assert result["-flip"].n == result["loss=stop-server"].n == 1


def test_what_a_component_changes_in_its_process_reaches_no_other_trial(small, tmp_path):
    small(FAULTS, swap="loss=patch", seeds=2)
    alone = small(disable="flip", seeds=2, runs="alone")
    mixed = small(disable="flip", seeds=2)
    assert mixed["-flip"].effect == alone["-flip"].effect
    equal(tmp_path / "alone", tmp_path / "runs")


def test_a_loss_that_runs_away_is_shown_and_tracked_and_collapses_its_trial_only(small, capfd):
    runs_away = BUILDING.replace(
        "BUILD", "import torch; return lambda *given: torch.nn.functional.cross_entropy(*given) * float('nan')"
    )
    result = small(runs_away, swap="loss=bad", trackers="csv", progress=True)
    assert result.failed == ()
    assert result["loss=bad"].n == 1
    assert any("loss=bad 1 of 1" in note for note in result.notes)
    assert "tracker csv failed" not in capfd.readouterr().err


@pytest.mark.parametrize("how", ["os._exit(75)", "os.kill(os.getpid(), 11)", *slow("os._exit(4)", "time.sleep(600)")])
def test_a_component_that_ends_its_process_when_it_is_built_costs_its_variant(small, how):
    result = small(BUILDING.replace("BUILD", how), disable="flip", swap="loss=bad", stall_timeout="5s")
    (failure,) = result.failed
    assert failure.label == "loss=bad"
    assert failure.reason.startswith("could not be prepared: ")
    assert result["-flip"].n == 1


@pytest.mark.slow
def test_the_time_of_a_trial_is_also_that_of_building_each_variant(small):
    result = small(BUILDING.replace("BUILD", "time.sleep(600)"), disable="flip", swap="loss=bad", trial_timeout="4s")
    (failure,) = result.failed
    assert failure.reason.startswith("could not be prepared: it exceeded its time limit of 4 s and was stopped")
    assert result["-flip"].n == 1


def test_a_base_that_ends_its_process_when_it_is_built_is_an_error(small):
    with pytest.raises(fa.PluginError, match="the study could not be prepared: its process ended with exit code 4"):
        small(BUILDING.replace("BUILD", "os._exit(4)"), **{"loss.use": "bad"}, disable="flip")


def test_every_executor_and_number_of_jobs_gives_the_same_bits(small, tmp_path):
    small(disable="flip", seeds=2, runs="inline", executor="inline", jobs=None, threads=1)
    for jobs in (1, 2, 4):
        small(disable="flip", seeds=2, runs=f"jobs{jobs}", jobs=jobs, threads=1)
        equal(tmp_path / "inline", tmp_path / f"jobs{jobs}")


SHRINKING = """
import os
import flowerablate as fa

def build(context):
    def shrink(images, draws):
        at_work = "FLOWERABLATE_TRIAL_SHRINKS" in os.environ
        return images[:, ::2, ::2].copy() if at_work else images

    return fa.PythonOp(shrink)

@fa.hookimpl
def flowerablate_register(register):
    register(fa.StepSpec("shrink", "Gives another size than it promised.", build))"""


def test_a_step_that_gives_another_size_than_it_promised_fails_its_trial(small, tmp_path, monkeypatch):
    def promised_no_more(*words):
        monkeypatch.setenv("FLOWERABLATE_TRIAL_SHRINKS", "1")

    watch = Remembering()
    watch.study_started = promised_no_more
    with pytest.raises(fa.FlowerablateError) as error:
        small(SHRINKING, disable="flip", observer=watch, **{"steps.shrink.use": "shrink"})
    assert "the steps return images of 8x8 pixels, but input.image_size is 16" in str(error.value)


def test_an_unusable_instruction_set_is_refused_at_the_start_and_not_in_each_trial(small, tmp_path, monkeypatch):
    def unusable():
        raise ValueError("FLOWERABLATE_SIMD must be baseline, avx2 or avx512, not 'bogus'")

    monkeypatch.setattr("flowerablate.preprocess.chain._native.simd_path", unusable)
    with pytest.raises(fa.StudyError, match="not 'bogus'; unset it, or see 'flowerablate doctor'"):
        small(disable="flip")
    assert not (tmp_path / "runs" / "tiny" / "trials").exists()


def test_a_trial_that_fails_is_tried_again_as_often_as_is_wanted(small, tmp_path):
    once = (
        FAULTS.replace("DO[what]()", "first() and DO[what]()")
        + """
def first():
    try:
        open(os.environ["FAULTS_ONCE"], "x").close()
    except FileExistsError:
        return False
    return True
"""
    )
    os.environ["FAULTS_ONCE"] = str(tmp_path / "once")
    try:
        assert small(once, swap="loss=exit", retries=1).failed == ()
    finally:
        del os.environ["FAULTS_ONCE"]
    assert (tmp_path / "once").exists()


def test_the_first_failure_ends_the_run_if_that_is_wanted(small):
    result = small(FAULTS, disable="flip", swap="loss=exit", seeds=3, jobs=1, fail_fast=True)
    assert len(result.failed) == 1
    assert result.left > 0


def test_ctrl_c_stops_all_trials_and_the_same_call_goes_on_to_the_same_bits(small, tmp_path):
    small(disable="flip", seeds=2, runs="whole")
    begun = threading.Event()

    class Stopping(SilentObserver):
        def epoch_done(self, trial, epoch, values):
            begun.set()
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        small(disable="flip", seeds=2, observer=Stopping())
    assert begun.is_set()
    left = small(disable="flip", seeds=2)
    assert left.failed == ()
    equal(tmp_path / "whole", tmp_path / "runs")


def test_another_number_of_threads_for_the_same_study_is_refused_with_the_cure(small):
    small(disable="flip", threads=1, jobs=1)
    with pytest.raises(fa.StudyError, match=r"compute with 1, and results depend on that: leave it out, or give"):
        small(disable="flip", threads=2, jobs=1)
    assert small(disable="flip", jobs=2).failed == ()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            {"executor": "inline", "jobs": 2},
            "jobs = 2 with executor 'inline': that executor runs one trial after",
        ),
        (
            {"executor": "inline", "trial_timeout": "3s"},
            "trial_timeout = 3s with executor 'inline': it cannot be enforced",
        ),
        ({"executor": "inline", "stall_timeout": "3s"}, "stall_timeout = 3s .* use the executor processes"),
        ({"executor": "inline", "stall_timeout": "1h"}, "stall_timeout = 1h .* use the executor processes"),
        ({"executor": "inline", "memory": "1GB"}, "memory = 1GB .* use the executor processes"),
        ({"per_device": 2, "devices": "cpu"}, "per_device = 2 says how many trials share a GPU"),
        ({"executor": "slurm", "detach": True, "retries": 1}, "retries = 1 .* only a run that waits"),
        ({"executor": "slurm", "detach": True, "stall_timeout": "1h"}, "stall_timeout = 1h .* only a run that waits"),
        ({"executor": "slurm,cluster=local", "detach": True}, "has no queue with these settings"),
    ],
)
def test_what_would_have_no_effect_is_refused_with_the_cure(small, asked, said):
    if asked.get("executor", "").startswith("slurm"):
        pytest.importorskip("submitit")
    with pytest.raises(fa.StudyError, match=said):
        small(disable="flip", **{"jobs": None, **asked})


def test_a_component_that_leaves_the_folder_harms_no_other_trial_inline_either(small, tmp_path):
    watch = Remembering()
    plugin = FAULTS.replace("DO = {", "DO = {'away': lambda: os.chdir(os.sep),")
    result = small(plugin, swap="loss=away", disable="flip", executor="inline", jobs=None, runs="runs", observer=watch)
    assert result.failed == ()
    assert not any("working directory" in remark for remark in watch.remarks)
    assert Path.cwd() == tmp_path


def test_inline_runs_one_trial_after_another_if_that_is_wanted(small):
    assert small(disable="flip", executor="inline", jobs=1).failed == ()

"""How long many jobs still take."""

import os
import subprocess
import sys

import pytest

from flowerablate.jobs.same_process import began, still_runs
from flowerablate.jobs.time_left import Pace, seconds_left


def pace(began, *reached):
    found = Pace(began)
    for at, fraction in reached:
        found.reached(at, fraction)
    return found


@pytest.mark.parametrize(
    ("took", "running", "waiting", "at_once", "left"),
    [
        ([4.4, 4.4], [pace(100), pace(100)], 0, 2, 4.4),
        ([4.0], [pace(100), pace(98)], 0, 2, 4.0),
        ([4.0], [pace(100), pace(98)], 1, 2, 6.0),
        ([4.0], [pace(100), pace(100)], 6, 2, 16.0),
        ([4.0], [pace(100), pace(100)], 7, 2, 20.0),
        ([4.0], [], 3, 2, 8.0),
        ([4.0], [pace(90)], 0, 2, 0.0),
        ([], [pace(100)], 2, 1, None),
        ([], [pace(80, (82, 0.0), (100, 0.75))], 0, 1, 6.0),
        ([], [pace(80, (80, 0.0), (100, 0.5))], 3, 1, 140.0),
        ([30.0], [pace(80, (80, 0.0), (100, 0.5))], 0, 1, 20.0),
        ([30.0], [pace(98, (98, 0.0), (100, 0.01))], 0, 1, 28.0),
        ([], [], 0, 1, 0.0),
        ([], [], 1, 1, None),
    ],
)
def test_the_time_left_of_many_jobs(took, running, waiting, at_once, left):
    assert seconds_left(took, running, waiting, at_once, 100.0) == pytest.approx(left)


def test_a_job_that_resumes_is_judged_by_its_pace_and_not_by_how_far_it_was():
    assert pace(90, (90, 0.8), (100, 0.9)).left(100, None) == pytest.approx(10)


def test_the_time_goes_on_between_two_reports():
    assert pace(80, (80, 0.0), (90, 0.5)).left(94, None) == pytest.approx(6)


def test_a_process_is_known_by_its_start_too():
    own = began(os.getpid())
    if not own:
        pytest.skip("the system does not tell when a process began")
    assert still_runs(os.getpid(), own)
    assert not still_runs(os.getpid(), f"{own}0"), "another process has the number"
    assert still_runs(os.getpid(), "")


def test_a_process_that_has_ended_does_not_run_though_nobody_asked_how():
    process = subprocess.Popen([sys.executable, "-c", "print(1); input()"], stdin=-1, stdout=-1)
    process.stdout.readline()
    start = began(process.pid)
    assert still_runs(process.pid, start)
    process.stdin.close()
    process.stdout.read()
    deadline = 200
    while still_runs(process.pid, start) and deadline:
        deadline -= 1
        subprocess.run(["sleep", "0.05"])
    assert not still_runs(process.pid, start)
    process.wait()
    process.stdout.close()
    assert not still_runs(process.pid, start)

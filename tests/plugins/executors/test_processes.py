"""The executor processes: what it says of a job whose fork server is gone."""

import os
import signal
import time

import pytest
from flowerablate_executors.processes import ProcessExecutor

from flowerablate.contracts import Job
from flowerablate.execute.execution import PRELOAD
from flowerablate.jobs.events import events_in
from flowerablate.jobs.fork_server import number_of_server
from flowerablate.testing.made_up_jobs import ENTRY


@pytest.fixture
def executor():
    executor = ProcessExecutor(2, PRELOAD)  # the server that it may begin serves the tests after it
    if number_of_server() is None:
        pytest.skip("nothing can be forked here")
    yield executor
    executor.close()


@pytest.mark.slow
def test_jobs_whose_fork_server_was_killed_are_lost_though_another_one_has_begun(executor, tmp_path):
    jobs = [Job(name, ENTRY, tmp_path / name, tmp_path, tmp_path, {"do": "hang"}) for name in ("a", "b", "c")]
    for job in jobs:
        job.folder.mkdir()
    executor.start(jobs[:2])
    deadline = time.monotonic() + 60
    while not all(events_in(job.folder) for job in jobs[:2]) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(number_of_server(), signal.SIGKILL)
    time.sleep(0.2)
    executor.start(jobs[2:])
    found = {}
    while len(found) < 2 and time.monotonic() < deadline:
        found |= {ended.name: (ended.exit_code, ended.lost) for ended in executor.ended(0.1)}
    assert found == {"a": (None, True), "b": (None, True)}

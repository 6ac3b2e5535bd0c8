"""The process from which those of jobs are forked can be asked what it knows."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from flowerablate.contracts import Job
from flowerablate.execute.execution import PRELOAD
from flowerablate.jobs.fork_server import (
    ask_fork,
    begin_fork_server,
    has_ended,
    number_of_server,
    still_serves,
    without_main,
)
from flowerablate.jobs.schedule import Limits, Schedule, Then
from flowerablate.jobs.temporary import temporary_files_in_own_folder
from flowerablate.testing import made_up_jobs


class Ends:
    """Keeps the exit code of a job."""

    def may_start(self, job):
        return True

    def started(self, job):
        """Any number of times."""

    def event(self, job, event):
        return True

    def has_result(self, job):
        return False

    def ended(self, job, ended, attempt):
        self.code = ended.exit_code
        return Then.GO_ON


@pytest.fixture
def server():
    found = begin_fork_server(PRELOAD)
    if found is None:
        pytest.skip("nothing can be forked here")
    return found


def test_a_forked_process_answers_with_a_number(server):
    assert ask_fork(server, "flowerablate.train.device:cuda_devices") >= 0
    pid = ask_fork(server, "os:getpid")
    assert pid not in (None, os.getpid())


def test_it_has_the_environment_of_now_and_not_of_when_the_server_began(server, monkeypatch):
    monkeypatch.setenv("LOGNAME", "4711")
    assert ask_fork(server, "getpass:getuser") == 4711


@pytest.mark.parametrize("entry", ["os:abort", "no.such.module:name"])
def test_a_process_that_ends_without_an_answer_gives_none(server, entry):
    assert ask_fork(server, entry) is None


@pytest.mark.slow
def test_a_package_of_the_same_name_in_the_working_directory_is_not_taken(tmp_path):
    """As in a source tree, where the package has no compiled core."""
    (tmp_path / "here" / "flowerablate").mkdir(parents=True)
    (tmp_path / "here" / "flowerablate" / "__init__.py").write_text("")
    (tmp_path / "script.py").write_text(
        "from flowerablate.execute.execution import PRELOAD\n"
        "from flowerablate.jobs.fork_server import ask_fork, begin_fork_server\n"
        "print(ask_fork(begin_fork_server(PRELOAD), 'flowerablate.train.device:cuda_devices'))\n"
    )
    command = [sys.executable, str(tmp_path / "script.py")]
    done = subprocess.run(command, cwd=tmp_path / "here", capture_output=True, text=True, check=False)
    assert done.stdout.strip().isdecimal(), done.stdout + done.stderr


def test_a_script_without_a_guard_is_not_run_again(tmp_path):
    (tmp_path / "script.py").write_text(
        "print('once')\nfrom flowerablate.jobs.fork_server import ask_fork, begin_fork_server\n"
        "print(ask_fork(begin_fork_server(()), 'os:getppid') > 0)\n"
    )
    done = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["once", "True"]


def test_a_server_that_is_still_loading_ends_with_the_process_that_began_it(tmp_path):
    (tmp_path / "slow.py").write_text("import time; time.sleep(60)")
    code = "import sys; from flowerablate.jobs.fork_server import begin_fork_server; begin_fork_server(['slow'])"
    here = {**os.environ, "PYTHONPATH": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], env=here, capture_output=True, check=True, timeout=30)


def test_the_script_is_hidden_no_longer_than_needed():
    main = sys.modules["__main__"]
    with without_main():
        assert sys.modules["__main__"] is not main
    assert sys.modules["__main__"] is main


@pytest.mark.slow
def test_a_server_that_was_killed_has_ended_and_another_one_serves(server):
    before = number_of_server()
    assert not has_ended(before, PRELOAD, patience=0.05)
    assert still_serves(before, PRELOAD)
    os.kill(before, signal.SIGKILL)
    assert not still_serves(before, PRELOAD)
    assert has_ended(before, PRELOAD)
    assert ask_fork(server, "os:getppid") == number_of_server() != before


@pytest.mark.slow
def test_a_job_starts_though_something_has_removed_the_temporary_files(server, tmp_path):
    """As some systems do with files of some age, and some components with all that they find."""
    processes = pytest.importorskip("flowerablate_executors.processes")
    with temporary_files_in_own_folder():
        folder = Path(tempfile.gettempdir())
    shutil.rmtree(folder)
    job = Job("a", made_up_jobs.ENTRY, tmp_path / "a", tmp_path, tmp_path, {"do": "sleep", "seconds": 0.0})
    job.folder.mkdir()
    client = Ends()
    executor = processes.ProcessExecutor(1, PRELOAD)
    try:
        assert Schedule(executor, (), Limits(), client).run([job]) == []
    finally:
        executor.close()
    assert client.code == 0
    assert folder.is_dir()

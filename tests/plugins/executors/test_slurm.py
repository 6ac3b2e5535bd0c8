"""The executor slurm, with commands that say what Slurm would say."""

import dataclasses
import json
import signal
import subprocess

import flowerablate_executors
import pytest

from flowerablate.contracts import ExecutorContext, Job
from flowerablate.errors import StudyError
from flowerablate.jobs.events import EventWriter, events_in
from flowerablate.jobs.same_process import began
from flowerablate.jobs.worker import DONE, DONE_BEFORE, ELSEWHERE, give_word

pytest.importorskip("submitit")
import flowerablate_executors.slurm_array as slurm_array
import flowerablate_executors.slurm_task as slurm_task

SAY = {
    "srun": "exit 0",
    "sbatch": 'echo called >> "$SLURM_IS/sbatch"; cp "$1" "$SLURM_IS/submission.sh"; echo Submitted batch job 7',
    "squeue": 'cat "$SLURM_IS/states"',
    "scancel": 'echo "$@" >> "$SLURM_IS/cancelled"; : > "$SLURM_IS/states"',
}


class Slurm:
    """What Slurm was told in *folder*, and what it says."""

    def __init__(self, folder):
        self.folder = folder
        self.says()

    def says(self, **states):
        """Have squeue say the state of each job: ``says(j7_0="RUNNING")``."""
        lines = [f"{name[1:]}|{state}" for name, state in states.items()]
        (self.folder / "states").write_text("\n".join(lines))

    def read(self, name):
        path = self.folder / name
        return path.read_text() if path.exists() else ""


class Ends:
    """A process that ends with *returncode*."""

    def __init__(self, returncode):
        self.returncode = returncode

    def communicate(self, given, timeout):
        pass

    kill = wait = lambda self: None


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    commands = tmp_path / "bin"
    commands.mkdir()
    for name, lines in SAY.items():
        (commands / name).write_text(f"#!/bin/sh\n{lines}\n")
        (commands / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(commands), prepend=":")
    monkeypatch.setenv("SLURM_IS", str(tmp_path))
    monkeypatch.setattr(slurm_array, "_ASK", 0.0)
    monkeypatch.setattr(slurm_array, "_PATIENCE", 0.0)
    monkeypatch.setattr(slurm_array, "_LOOK", 0.0)
    return Slurm(tmp_path)


@pytest.fixture
def executor(tmp_path):
    """Make an executor of the same study: ``executor(jobs=0, partition="gpu")``."""
    defaults = {param.name: param.default for param in flowerablate_executors._SLURM}

    def make(jobs=0, threads=1, gpus=0.0, **settings):
        context = ExecutorContext(jobs, "study", tmp_path / "runs" / "study", threads=threads, gpus=gpus)
        return flowerablate_executors.build_slurm(context, **{**defaults, **settings})

    return make


@pytest.fixture
def jobs(tmp_path):
    """Two jobs."""
    trials = tmp_path / "runs" / "study" / "trials"
    return [Job(name, "flowerablate.x:run", trials / name, tmp_path, tmp_path) for name in ("a", "b")]


def test_the_jobs_are_one_array_with_the_settings_that_are_asked_for(slurm, executor, jobs):
    asked = {"partition": "long", "time": "90m", "gres": "gpu:a100:1", "setup": "module load cuda"}
    executor(jobs=5, threads=3, gpus=1.0, **asked).start([dataclasses.replace(job, memory=2**32) for job in jobs])
    script = slurm.read("submission.sh")
    assert slurm.read("sbatch") == "called\n"
    options = ("array=0-1%2", "partition=long", "time=90", "gres=gpu:a100:1", "cpus-per-task=3", "mem=4GB")
    assert [option for option in options if f"#SBATCH --{option}\n" not in script] == []
    assert "gpus-per-node" not in script
    assert "\nmodule load cuda\n" in script


def test_a_job_has_ended_when_it_says_so_or_slurm_does(slurm, executor, jobs):
    runner = executor()
    runner.start(jobs)
    slurm.says(j7_0="RUNNING", j7_1="PENDING")
    assert runner.ended(0.0) == []
    reports = {name: each.report for name, each in runner._jobs.items()}
    reports["a"].write_text(json.dumps({"exit_code": 3, "lost": False, "reason": ""}))
    (ended,) = runner.ended(0.0)
    assert (ended.name, ended.exit_code, ended.lost) == ("a", 3, False)
    slurm.says(j7_1="CANCELLED")
    (ended,) = runner.ended(0.0)
    assert (ended.name, ended.exit_code, ended.lost) == ("b", None, False)
    assert "Slurm reports CANCELLED for job 7_1" in ended.reason


@pytest.mark.parametrize(
    ("state", "lost"), [("NODE_FAIL", True), ("PREEMPTED", True), ("TIMEOUT", False), ("OUT_OF_MEMORY", False)]
)
def test_a_job_whose_node_failed_is_lost_and_runs_again(slurm, executor, jobs, state, lost):
    runner = executor()
    runner.start(jobs[:1])
    slurm.says(j7=state)
    (ended,) = runner.ended(0.0)
    assert ended.lost == lost


def test_a_job_that_slurm_hands_in_again_is_not_at_work_until_it_begins(slurm, executor, jobs):
    runner = executor()
    runner.start(jobs[:1])
    EventWriter(jobs[0].folder).started()
    slurm.says(j7="RUNNING")
    assert runner.ended(0.0) == []
    assert events_in(jobs[0].folder)
    slurm.says(j7="PENDING")
    assert runner.ended(0.0) == []
    assert events_in(jobs[0].folder) == []


@pytest.mark.parametrize(
    ("restarts", "given", "told"),
    [
        ("0", True, (DONE_BEFORE, DONE_BEFORE)),
        ("1", True, (DONE, None)),
        ("0", False, (DONE_BEFORE, None)),
        ("1", False, (DONE_BEFORE, None)),
    ],
    ids=["before", "before, by this job", "a component's exit code", "a component's exit code after a restart"],
)
def test_a_job_that_was_done_before_slurm_began_it_again_has_done_it(
    tmp_path, monkeypatch, jobs, restarts, given, told
):
    monkeypatch.setenv("SLURM_RESTART_COUNT", restarts)
    monkeypatch.setattr(slurm_task.subprocess, "Popen", lambda *given, **named: Ends(DONE_BEFORE))
    for path in (jobs[0].folder, jobs[0].root, jobs[0].cache):
        path.mkdir(parents=True, exist_ok=True)
    if given:
        give_word(jobs[0], DONE_BEFORE)
    slurm_task.SlurmTask(jobs[0].as_json(), tmp_path / "report.json", ())()
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["exit_code"], report["word"]) == told
    assert list(jobs[0].folder.iterdir()) == []


def test_another_run_of_the_study_leaves_the_jobs_to_the_first(slurm, executor, jobs):
    first, second = executor(), executor()
    first.start(jobs)
    second.start(jobs)
    assert [(ended.name, ended.word) for ended in second.ended(0.0)] == [("a", ELSEWHERE), ("b", ELSEWHERE)]
    second.close()
    assert slurm.read("sbatch") == "called\n"
    assert slurm.read("cancelled") == ""
    first.close()
    second.start(jobs)
    assert slurm.read("sbatch") == "called\ncalled\n"


def test_what_slurm_does_not_take_is_an_error_in_one_line(slurm, executor, jobs, tmp_path):
    (tmp_path / "bin" / "sbatch").write_text("#!/bin/sh\necho invalid partition specified: lng >&2\nexit 1\n")
    with pytest.raises(StudyError, match=r"Slurm rejects the trials: .*invalid partition specified: lng"):
        executor(partition="lng").start(jobs)


def test_a_gpu_of_slurm_must_be_the_device_too(slurm, executor):
    with pytest.raises(StudyError, match="--devices cuda"):
        executor(gres="gpu:1")


def test_where_slurm_does_not_answer_its_jobs_are_taken_to_go_on(slurm, executor, jobs, tmp_path):
    runner = executor()
    runner.start(jobs)
    (tmp_path / "bin" / "squeue").write_text("#!/bin/sh\necho no connection >&2\nexit 1\n")
    assert runner.ended(0.0) == []


def test_jobs_that_were_left_are_taken_up_and_not_handed_in_again(slurm, executor, jobs):
    first = executor()
    first.start(jobs)
    first.leave()
    first.close()
    assert slurm.read("cancelled") == ""
    slurm.says(j7_0="RUNNING", j7_1="COMPLETED")
    second = executor()
    assert second.start(jobs[:1]) == ["a"]
    assert slurm.read("sbatch") == "called\n", "a still runs"
    assert second.start(jobs[1:]) == []
    assert slurm.read("sbatch") == "called\ncalled\n", "b has ended, without a result"


def test_what_was_written_about_a_job_that_was_done_meanwhile_goes(slurm, executor, jobs, tmp_path):
    first = executor()
    first.start(jobs)
    reports = {name: each.report for name, each in first._jobs.items()}
    first.leave()
    for name, code in {"a": 0, "b": 1}.items():
        reports[name].write_text(json.dumps({"exit_code": code, "lost": False, "reason": ""}))
    log = tmp_path / "runs" / "study" / "slurm" / "log"
    for number in (0, 1):
        (log / f"7_{number}_0_log.err").write_text("it said this")
    slurm.says(j7_0="COMPLETED", j7_1="FAILED")
    executor().start(jobs[1:])
    assert not any(report.exists() for report in reports.values())
    assert [path.name for path in sorted(log.glob("*.err"))] == ["7_1_0_log.err"], "of a failure all is kept"


def test_nothing_stays_once_all_jobs_are_done_also_of_failed_attempts(slurm, executor, jobs, tmp_path):
    first = executor()
    first.start(jobs)
    folder = tmp_path / "runs" / "study" / "slurm"
    ends(first, folder / "log", a=0, b=1)
    assert [ended.name for ended in first.ended(0.0)] == ["a", "b"]
    first.close()
    assert [path.name for path in folder.rglob("*.err")] == ["7_1_0_log.err"], "of a failure all is kept"
    (tmp_path / "bin" / "sbatch").write_text("#!/bin/sh\necho Submitted batch job 8\n")
    slurm.says(j7_0="COMPLETED", j7_1="COMPLETING")
    second = executor()
    assert second.start(jobs[1:]) == ["b"], "Slurm has not ended it"
    slurm.says(j7_1="FAILED")
    second.ended(0.0)
    assert second.start(jobs[1:]) == [], "it is tried again"
    ends(second, folder / "log", b=0)
    assert [ended.exit_code for ended in second.ended(0.0)] == [0]
    second.close()
    assert not folder.exists()


def test_what_was_written_goes_when_a_study_is_found_finished(slurm, executor, jobs, tmp_path):
    first, ledger = executor(), tmp_path / "runs" / "study"
    first.start(jobs)
    first.leave()
    for job in jobs:
        assert (ledger / "slurm" / "jobs.json").exists()
        (job.folder / "result.json").write_text("{}")
        flowerablate_executors.clear_slurm(ledger)
    assert not (ledger / "slurm").exists()
    flowerablate_executors.clear_slurm(ledger)


def ends(runner, log, **codes):
    """Have jobs end with these exit codes, as the task does and submitit after it."""
    for name, code in codes.items():
        each = runner._jobs[name]
        each.report.write_text(json.dumps({"exit_code": code, "lost": False, "reason": ""}))
        for written in ("0_log.err", "0_result.pkl"):
            (log / f"{each.slurm}_{written}").write_text("it said this")


def test_a_job_of_the_local_mode_ends_with_the_process_that_asked_for_it(tmp_path, monkeypatch, jobs):
    begin, started = subprocess.Popen, []
    monkeypatch.setattr(slurm_task, "_LOOK", 0.05)
    asks = begin(["sleep", "1"])
    for path in (jobs[0].folder, jobs[0].root, jobs[0].cache):
        path.mkdir(parents=True, exist_ok=True)
    task = slurm_task.SlurmTask(jobs[0].as_json(), tmp_path / "report.json", (), (asks.pid, began(asks.pid)))

    def job(command, **named):
        started.append(begin(["sleep", "600"], stdin=named["stdin"], text=True))
        return started[0]

    monkeypatch.setattr(slurm_task.subprocess, "Popen", job)
    task()  # the process has ended, though nobody has asked how
    assert started[0].returncode == -signal.SIGKILL
    assert not (tmp_path / "report.json").exists()
    asks.wait()


def test_closing_cancels_what_was_not_left(slurm, executor, jobs):
    runner = executor()
    runner.start(jobs)
    slurm.says(j7_0="RUNNING", j7_1="PENDING")
    runner.close()
    assert slurm.read("cancelled") == "7_0 7_1\n"


def test_without_slurm_the_cure_is_named(executor, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(StudyError, match="run this on a login node, or try it with"):
        executor()

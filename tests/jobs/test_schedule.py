"""The schedule of jobs, on an executor that does nothing but remember."""

import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from flowerablate.contracts import Ended, Job
from flowerablate.jobs.events import EventWriter
from flowerablate.jobs.schedule import Limits, Schedule, Then
from flowerablate.jobs.worker import DISK_FULL, give_word
from flowerablate.jobs.worker_places import WorkerPlace


class Remembering:
    """Ends jobs as *ends* says, one at a time: exit codes by name, in order; those without one never end."""

    def __init__(self, capacity=1, ends=(), lost=()):
        self.capacity = capacity
        self.ends = {name: list(codes) for name, codes in dict(ends).items()}
        self.lost = set(lost)
        self.running, self.started, self.stopped, self.most = {}, [], [], 0

    def start(self, jobs):
        for job in jobs:
            self.started.append(SimpleNamespace(name=job.name, device=job.device, beside=dict(self.running)))
            self.running[job.name] = job.device
        self.most = max(self.most, len(self.running))

    def ended(self, seconds):
        name = next((name for name in self.running if self.ends.get(name)), None)
        if name is None:
            return []
        del self.running[name]
        code = self.ends[name].pop(0)
        return [Ended(name, code, lost=code is None and name in self.lost)]

    def stop(self, names):
        self.stopped += names
        for name in names:
            del self.running[name]

    def close(self):
        """Nothing is held."""


class Client:
    """Says *then* of each end, and allows *at_most* starts."""

    def __init__(self, then=Then.GO_ON, at_most=100, done=()):
        self.then, self.at_most, self.done = then, at_most, done
        self.begun, self.found, self.events = [], [], []

    def may_start(self, job):
        return len(self.begun) < self.at_most

    def started(self, job):
        self.begun.append(job.name)

    def event(self, job, event):
        self.events.append((job.name, event["event"]))
        return True

    def has_result(self, job):
        return job.name in self.done

    def ended(self, job, ended, attempt):
        self.found.append((job.name, ended.exit_code, attempt, ended.reason))
        return self.then(job, attempt) if callable(self.then) else self.then


@pytest.fixture
def jobs(tmp_path):
    def make(names):
        for name in names:
            (tmp_path / name).mkdir(exist_ok=True)
        return [Job(name, "flowerablate.x:run", tmp_path / name, Path(), Path()) for name in names]

    return make


def run(executor, client, jobs, places=(), limits=None, **more):
    return Schedule(executor, places, limits or Limits(), client, **more).run(jobs)


def test_as_many_jobs_run_at_once_as_the_executor_has_room_for(jobs):
    executor = Remembering(2, {name: [0] for name in "abcde"})
    client = Client()
    assert run(executor, client, jobs("abcde")) == []
    assert executor.most == 2
    assert [name for name, _, _, _ in client.found] == list("abcde")


def test_a_lost_job_that_has_left_its_result_does_not_run_again(jobs):
    executor = Remembering(1, {"a": [None], "b": [None, 0]}, lost="ab")
    client = Client(done="a")
    assert run(executor, client, jobs("ab")) == []
    assert [job.name for job in executor.started] == ["a", "b", "b"]
    assert [name for name, *_ in client.found] == ["a", "b"]


def test_a_job_that_fails_is_tried_again_as_often_as_the_client_says(jobs):
    executor = Remembering(1, {"a": [1, 1, 0], "b": [0]})
    client = Client(lambda job, attempt: Then.AGAIN if attempt < 3 and job.name == "a" else Then.GO_ON)
    run(executor, client, jobs("ab"))
    assert [(name, code, attempt) for name, code, attempt, _ in client.found] == [
        ("a", 1, 1), ("b", 0, 1), ("a", 1, 2), ("a", 0, 3),
    ]  # fmt: skip


def test_no_word_of_a_job_is_left_when_the_schedule_ends_before_it_is_heard(jobs):
    class Saying(Remembering):
        def start(self, given):
            super().start(given)
            for job in given:
                give_word(job, DISK_FULL)

    client = Client(lambda job, attempt: 1 / 0)
    started = jobs("ab")
    with pytest.raises(ZeroDivisionError):
        run(Saying(2, {"a": [DISK_FULL]}), client, started)
    assert [list(job.folder.iterdir()) for job in started] == [[], []]


def test_a_job_that_was_lost_runs_again_and_no_more_than_three_times(jobs):
    executor = Remembering(1, {"a": [None, None, 0], "b": [None] * 9}, lost="ab")
    client = Client()
    run(executor, client, jobs("ab"))
    assert client.found == [("a", 0, 1, ""), ("b", None, 1, "")]
    assert client.begun == ["a"] * 3 + ["b"] * 4


def test_the_first_failure_stops_all_if_the_client_says_so(jobs):
    executor = Remembering(2, {"b": [1]})
    assert [job.name for job in run(executor, Client(Then.STOP), jobs("abc"))] == ["a", "c"]
    assert executor.stopped == ["a"]


def test_what_may_not_start_is_returned_once_the_others_have_ended(jobs):
    executor = Remembering(1, {"a": [0], "b": [0]})
    client = Client(at_most=1)
    assert [job.name for job in run(executor, client, jobs("abc"))] == ["b", "c"]
    assert client.found == [("a", 0, 1, "")]


def test_a_job_may_be_sent_back_to_have_its_device_alone(jobs):
    places = [WorkerPlace(0, "cuda:0"), WorkerPlace(1, "cuda:0"), WorkerPlace(2, "cuda:1")]
    executor = Remembering(3, {"a": [1, 0], "b": [0], "c": [0], "d": [0]})
    client = Client(lambda job, attempt: Then.ALONE if len(client.found) == 1 else Then.GO_ON)
    run(executor, client, jobs("abcd"), places)
    first, *_, again = [started for started in executor.started if started.name == "a"]
    assert (first.device, first.beside) == ("cuda:0", {})
    assert again.device not in again.beside.values()
    assert [code for name, code, _, _ in client.found if name == "a"] == [1, 0]


def test_a_job_that_takes_too_long_or_is_silent_is_stopped_with_the_reason(jobs):
    executor = Remembering(2)
    client = Client()
    run(executor, client, jobs("ab"), [WorkerPlace(0, "cpu"), WorkerPlace(1, "cpu")], Limits(job=0.05))
    assert sorted(executor.stopped) == ["a", "b"]
    assert {reason for _, _, _, reason in client.found} == {"it exceeded its time limit of 0.05 s and was stopped"}
    client = Client()
    run(executor, client, jobs("c"), [WorkerPlace(0, "cpu")], Limits(silence=0.05))
    assert client.found[0][3] == "it made no progress for 0.05 s and was stopped"


def test_no_time_runs_while_a_job_waits_in_the_queue_of_its_executor(jobs):
    executor = Remembering(None)
    client = Client()
    (job,) = jobs("a")
    schedule = Schedule(executor, (), Limits(job=0.01, silence=0.01), client)
    waited = []

    def ended(seconds):
        waited.append(1)
        if len(waited) == 5:
            assert client.found == []
            EventWriter(job.folder).started()
        return []

    executor.ended = ended
    schedule.run([job])
    assert len(waited) > 5
    assert "was stopped" in client.found[0][3]


def test_detached_jobs_are_started_and_left(jobs):
    executor = Remembering(None)
    assert run(executor, Client(), jobs("ab"), detach=True) == []
    assert list(executor.running) == ["a", "b"]
    assert executor.stopped == []


def test_an_exception_stops_all_jobs(jobs):
    executor = Remembering(2, {"a": [0]})

    def then(job, attempt):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(executor, Client(then), jobs("abc"))
    assert executor.stopped == ["b"]


def test_the_time_that_an_executor_takes_to_start_a_job_is_not_that_of_the_job(jobs):
    class Loading(Remembering):
        def start(self, jobs):
            time.sleep(0.1)
            super().start(jobs)

        def ended(self, seconds):
            begun, self.begun = self.begun, True
            return super().ended(seconds) if begun else []

    executor, client = Loading(1, {"a": [0]}), Client()
    executor.begun = False
    run(executor, client, jobs("a"), places=[WorkerPlace(0, "cpu")], limits=Limits(job=0.09, silence=0.09))
    assert [(name, code) for name, code, *_ in client.found] == [("a", 0)]

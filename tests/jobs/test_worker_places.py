"""How many jobs run at once, and where: the mapping to devices and cores needs neither."""

import pytest

from flowerablate.jobs.worker_places import FreePlaces, WorkerPlace, jobs_and_threads, make_places

GIB = 2**30


@pytest.mark.parametrize(
    ("trials", "threads", "cores", "memory", "expected"),
    [
        (10, 0, 2, 64 * GIB, (2, 1)),
        (10, 2, 2, 64 * GIB, (1, 2)),  # the study has trials with two threads
        (3, 0, 8, 64 * GIB, (3, 2)),  # more cores than trials
        (10, 0, 8, 3 * GIB, (2, 4)),  # memory for two
        (10, 0, 8, 0, (8, 1)),  # the platform does not say how much memory is free
        (10, 16, 8, 64 * GIB, (1, 16)),
    ],
)
def test_a_thread_for_each_trial_as_long_as_there_are_trials(trials, threads, cores, memory, expected):
    assert jobs_and_threads(trials, threads, cores, memory) == expected


def test_jobs_have_cores_of_their_own_if_there_are_enough():
    assert [place.cores for place in make_places(2, 2, ["cpu"], 1, (0, 1, 4, 5))] == [(0, 1), (4, 5)]
    assert [place.cores for place in make_places(3, 2, ["cpu"], 1, (0, 1, 4, 5))] == [(), (), ()]
    assert [place.cores for place in make_places(1, 2, ["cpu"], 1, (0, 1, 4, 5))] == [()]


def test_gpus_are_filled_in_turn():
    devices = ["cuda:0", "cuda:1"]
    assert [place.device for place in make_places(4, 1, devices, 2, (0,))] == ["cuda:0", "cuda:1", "cuda:0", "cuda:1"]
    assert [place.device for place in make_places(3, 1, devices, 2, (0,))] == ["cuda:0", "cuda:1", "cuda:0"]
    assert len(make_places(9, 1, devices, 2, (0,))) == 4, "no more than there is room for"


def test_a_place_is_free_until_it_is_taken_and_closed_while_a_job_is_alone_on_its_device():
    places = [WorkerPlace(0, "cuda:0"), WorkerPlace(1, "cuda:0"), WorkerPlace(2, "cuda:1")]
    free = FreePlaces(places)
    free.take(places[0], alone=False)
    assert free.find(alone=False) == places[1]
    assert free.find(alone=True) == places[2], "nothing runs on cuda:1"
    free.take(places[2], alone=True)
    free.give_back(places[0], alone=False)
    free.take(places[0], alone=True)
    assert free.find(alone=False) is None
    free.give_back(places[0], alone=True)
    assert free.find(alone=False) == places[0], "the lowest number first"

"""A time that a run may take."""

import pytest

from flowerablate.execute.budget import Budget


class Clock:
    """A clock that stands until it is moved."""

    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_the_first_trial_may_begin_while_there_is_time(clock):
    budget = Budget(10, clock)
    assert budget.allows("")
    clock.now += 10
    assert not budget.allows("")


def test_a_trial_that_would_not_end_in_time_does_not_begin(clock):
    budget = Budget(10, clock)
    budget.learn("", 4, now=True)
    budget.learn("-slow", 8, now=True)
    clock.now += 5
    assert budget.allows("")
    assert not budget.allows("-slow")
    assert not budget.allows("-unknown")  # the mean of both, 6 seconds


def test_earlier_runs_count_until_this_one_knows_better(clock):
    budget = Budget(10, clock)
    budget.learn("", 20)
    assert not budget.allows("")
    budget.learn("-a", 3, now=True)
    assert not budget.allows("")
    budget.learn("", 3, now=True)
    assert budget.allows("")


def test_failures_teach_nothing(clock):
    budget = Budget(10, clock)
    budget.learn("", 0.0)
    assert budget.allows("")

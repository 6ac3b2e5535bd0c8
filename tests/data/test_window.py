import threading
import time

import pytest

from flowerablate.data.window import in_order


def test_results_come_in_the_order_of_the_items_whatever_finishes_first():
    def slow_at_first(item):
        time.sleep(0.02 if item < 3 else 0)
        return item * item

    assert list(in_order(slow_at_first, range(100))) == [item * item for item in range(100)]


def test_several_threads_work_at_once():
    together = threading.Barrier(2, timeout=20)
    assert list(in_order(lambda item: together.wait() >= 0, range(2))) == [True, True]


def test_items_are_taken_only_a_few_ahead():
    taken = []
    results = in_order(lambda item: item, (taken.append(item) or item for item in range(100_000)))
    assert next(results) == 0
    assert len(taken) < 2000
    results.close()
    assert len(taken) < 2000


def test_an_error_comes_in_its_turn_and_ends_the_work():
    done = []

    def fail_at_five(item):
        if item == 5:
            raise LookupError("five")
        done.append(item)
        return item

    results = in_order(fail_at_five, range(100_000))
    assert [next(results) for _ in range(5)] == list(range(5))
    with pytest.raises(LookupError, match="five"):
        next(results)
    assert len(done) < 2000
    assert list(results) == []


def test_no_items_give_no_results():
    assert list(in_order(str, [])) == []

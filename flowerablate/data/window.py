"""Work spread over threads, with the results in order and only a few of them in memory."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_AHEAD_PER_THREAD = 4
"""Items under way or waiting for their turn, per thread: enough that one slow item leaves no thread without work."""


def in_order(function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Yield ``function(item)`` for all *items*, in their order, computed by threads a few items ahead.

    Unlike an executor's ``map`` it takes items only as results are asked for, so that memory stays flat. An error is
    raised as soon as its turn comes, and leaving the loop, by an error or otherwise, drops what has not begun.
    """
    threads = (os.cpu_count() or 1) + 2  # some of them wait for the disk
    rest = iter(items)
    pool = ThreadPoolExecutor(threads)
    try:
        ahead: deque[Future[Result]] = deque(
            pool.submit(function, item) for item in islice(rest, threads * _AHEAD_PER_THREAD)
        )
        while ahead:
            result = ahead.popleft().result()
            ahead.extend(pool.submit(function, item) for item in islice(rest, 1))
            yield result
            del result
    finally:
        pool.shutdown(wait=True, cancel_futures=True)

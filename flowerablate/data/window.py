"""Maps a function over items in threads, with results in order and only a few of them in memory."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Returned = TypeVar("Returned")

_AHEAD_PER_THREAD = 4
"""Items in progress or waiting, per thread: enough that one slow item leaves no thread idle."""


def in_order(function: Callable[[Item], Returned], items: Iterable[Item]) -> Iterator[Returned]:
    """Yield ``function(item)`` for all *items*, in order, computed by threads a few items ahead.

    Unlike an executor's ``map``, it takes items only as results are consumed, so memory stays flat. An error is raised
    when its turn comes. Leaving the loop, by an error or otherwise, cancels items that have not started.
    """
    threads = (os.cpu_count() or 1) + 2  # some of them wait for the disk
    rest = iter(items)
    pool = ThreadPoolExecutor(threads)
    try:
        ahead: deque[Future[Returned]] = deque(
            pool.submit(function, item) for item in islice(rest, threads * _AHEAD_PER_THREAD)
        )
        while ahead:
            result = ahead.popleft().result()
            ahead.extend(pool.submit(function, item) for item in islice(rest, 1))
            yield result
            del result
    finally:
        pool.shutdown(wait=True, cancel_futures=True)

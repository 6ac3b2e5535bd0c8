"""Maps a function over items in threads, with results in order, few of them in memory, and large ones one by one."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count, islice
from typing import Any, TypeVar

from .memory_share import MemoryShares, memory_for_decoding

Item = TypeVar("Item")
Returned = TypeVar("Returned")

_AHEAD_PER_THREAD = 4
"""Items in progress or waiting, per thread: enough that one slow item leaves no thread idle."""


def in_order(function: Callable[[Item], Returned], items: Iterable[Item]) -> Iterator[Returned]:
    """Yield ``function(item)`` for all *items*, in order, computed by threads a few items ahead.

    Unlike an executor's ``map``, it takes items only as results are consumed, so memory stays flat: what *function*
    reserves with :func:`.memory_share.reserve`, and arrays that wait for their turn, stay within
    :func:`.memory_share.memory_for_decoding`, but for the item whose turn it is. An error is raised when its turn
    comes. Leaving the loop, by an error or otherwise, cancels items that have not started.
    """
    shares = MemoryShares(memory_for_decoding())

    def work(number: int, item: Item) -> Returned:
        with shares.working_at(number):
            result = function(item)
        shares.hold(number, _bytes_of(result))
        return result

    threads = (os.cpu_count() or 1) + 2  # some of them wait for the disk
    rest = zip(count(), items)
    pool = ThreadPoolExecutor(threads)
    try:
        ahead: deque[Future[Returned]] = deque(
            pool.submit(work, *numbered) for numbered in islice(rest, threads * _AHEAD_PER_THREAD)
        )
        for number in count():
            if not ahead:
                break
            result = ahead.popleft().result()
            ahead.extend(pool.submit(work, *numbered) for numbered in islice(rest, 1))
            yield result
            del result
            shares.taken(number)
    finally:
        shares.end()
        pool.shutdown(wait=True, cancel_futures=True)


def _bytes_of(result: Any) -> int:
    """Return the bytes of the arrays that *result* is or holds."""
    if isinstance(result, tuple):
        return sum(map(_bytes_of, result))
    return int(getattr(result, "nbytes", 0))

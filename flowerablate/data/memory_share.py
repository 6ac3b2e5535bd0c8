"""How much memory the images that are being decoded may take together, so that large ones wait for each other."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator

from ..errors import DataError

VARIABLE = "FLOWERABLATE_DECODE_MEMORY"
"""The environment variable that sets the memory for decoding, in MB."""

_LEAST = 1 << 30
_here = threading.local()


def memory_for_decoding() -> int:
    """Return the bytes that images may take while they are decoded: :data:`VARIABLE`, else a quarter of the memory.

    Raises :class:`DataError` if the variable is no whole number of MB above 0.
    """
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        return max(_LEAST, _physical() // 4)
    if not text.isascii() or not text.isdigit() or not int(text):
        raise DataError(f"{VARIABLE} must be a number of MB above 0, such as 2000, not {text!r}")
    return int(text) * 1_000_000


def reserve(amount: int) -> None:
    """Wait until *amount* bytes are free for the item that this thread works at; outside of a window, go on at once."""
    share = getattr(_here, "share", None)
    if share is not None:
        share[0].hold(share[1], amount)


class MemoryShares:
    """The shares of *most* bytes that items hold, which are numbered by their turn.

    An item waits until its share is free, or until all before it are done with: it then gets what it asks for, so that
    nothing waits for ever, and one item may be larger than the whole.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: dict[int, int] = {}
        self._turn = 0
        self._changed = threading.Condition()
        self._over = False

    def hold(self, number: int, amount: int) -> None:
        """Have item *number* hold *amount* bytes in place of what it held; wait for them if they are more.

        Raises :class:`InterruptedError` once :meth:`end` was called.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._over or self._is_free(number, amount))
            if self._over:
                raise InterruptedError("nobody waits for this image any more")
            self._held[number] = amount
            self._changed.notify_all()

    def taken(self, number: int) -> None:
        """Note that item *number* is done with, and that it is the turn of the next."""
        with self._changed:
            self._held.pop(number, None)
            self._turn = number + 1
            self._changed.notify_all()

    def end(self) -> None:
        """Have nobody wait any more."""
        with self._changed:
            self._over = True
            self._changed.notify_all()

    @contextlib.contextmanager
    def working_at(self, number: int) -> Iterator[None]:
        """Let :func:`reserve` in this thread be for item *number*."""
        _here.share = (self, number)
        try:
            yield
        finally:
            del _here.share

    def _is_free(self, number: int, amount: int) -> bool:
        others = sum(held for each, held in self._held.items() if each != number)
        return number == self._turn or amount <= self._held.get(number, 0) or others + amount <= self._most


def _physical() -> int:
    """Return the bytes of memory that this process may have, as far as the platform says; else 0."""
    try:
        whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return 0
    with contextlib.suppress(OSError, ValueError), open("/sys/fs/cgroup/memory.max", encoding="ascii") as file:  # noqa: PTH123
        whole = min(whole, int(file.read()))
    return whole

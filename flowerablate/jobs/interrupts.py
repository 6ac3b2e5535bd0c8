"""Tells the user's Ctrl-C, or a request to end, from a :class:`KeyboardInterrupt` that some code raised."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass
class CtrlC:
    """Whether the user has *pressed* it."""

    pressed: bool = False


def end_on_request() -> None:
    """Have SIGTERM do as Ctrl-C does, so that this process ends its jobs and says how far it is."""
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, signal.default_int_handler)


@contextmanager
def noticing_ctrl_c() -> Iterator[CtrlC]:
    """Note the signal of Ctrl-C, or SIGTERM, before it is handled as usual.

    In a thread, which gets no signals, nothing is noted; nor where the signal is ignored, or handled outside Python.
    """
    noticed = CtrlC()
    usual: dict[int, Callable[[int, FrameType | None], object]] = {}
    if threading.current_thread() is threading.main_thread():
        found = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        usual.update({number: handler for number, handler in found.items() if callable(handler)})

    def handle(number: int, frame: FrameType | None) -> None:
        noticed.pressed = True
        usual[number](number, frame)

    for number in usual:
        signal.signal(number, handle)
    try:
        yield noticed
    finally:
        for number, handler in usual.items():
            signal.signal(number, handler)

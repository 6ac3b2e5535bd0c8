"""Tells the user's Ctrl-C from a :class:`KeyboardInterrupt` that some code raised."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass
class CtrlC:
    """Whether the user has *pressed* it."""

    pressed: bool = False


@contextmanager
def noticing_ctrl_c() -> Iterator[CtrlC]:
    """Note the signal of Ctrl-C before it is handled as usual. In a thread, which gets no signals, nothing is noted."""
    noticed = CtrlC()
    if threading.current_thread() is not threading.main_thread():
        yield noticed
        return
    usual = signal.getsignal(signal.SIGINT)

    def handle(number: int, frame: FrameType | None) -> None:
        noticed.pressed = True
        if callable(usual):
            usual(number, frame)

    if not callable(usual):  # ignored, or handled outside Python
        yield noticed
        return
    signal.signal(signal.SIGINT, handle)
    try:
        yield noticed
    finally:
        signal.signal(signal.SIGINT, usual)

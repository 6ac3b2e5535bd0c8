"""What reaches the user's own code: warnings that point at the user's line, and errors of one kind."""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

from ..errors import FlowerablateError

_NOT_THE_USER = (f"{Path(__file__).parents[1]}{os.sep}", contextlib.__file__)


def warn_caller(text: str) -> None:
    """Warn of *text* at the innermost line of the call stack that is the user's."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_NOT_THE_USER):
        frame, level = frame.f_back, level + 1
    warnings.warn(text, stacklevel=level)


@contextlib.contextmanager
def files_in_one_line() -> Iterator[None]:
    """Turn an error of the system about a file into a :class:`FlowerablateError` that names both."""
    try:
        yield
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        what = f"{where}{error.strerror or error}; check the path, its permissions and the disk"
        raise FlowerablateError(what) from error

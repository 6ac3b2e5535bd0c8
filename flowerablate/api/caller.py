"""Warnings that point at the line of the user, however deep in flowerablate they arise."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

_HERE = f"{Path(__file__).parents[1]}{os.sep}"


def warn_caller(text: str) -> None:
    """Warn of *text* at the innermost line of the call stack that is not in flowerablate."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_HERE):
        frame, level = frame.f_back, level + 1
    warnings.warn(text, stacklevel=level)

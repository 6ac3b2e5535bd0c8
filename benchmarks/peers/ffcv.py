"""FFCV has no operation that can be called on a batch outside its loader; it takes part in the chains only.

Its source distribution builds only where OpenCV's and libjpeg-turbo's development files are installed beside it.
"""

from __future__ import annotations

from collections.abc import Callable

import ffcv  # noqa: F401 (a missing one is found out here)

from . import Ready

DISTRIBUTIONS = ("ffcv",)
OPERATIONS: dict[str, Callable[..., Ready]] = {}

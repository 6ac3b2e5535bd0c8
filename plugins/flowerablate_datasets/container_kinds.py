"""Tells containers of images from folders and archives of them."""

from __future__ import annotations

from pathlib import Path

from .arrays import reads_arrays
from .idx import reads_idx


def is_container(path: Path) -> bool:
    """Whether another data set reads the container *path*, so that ``folder`` does not."""
    return reads_arrays(path) or reads_idx(path)

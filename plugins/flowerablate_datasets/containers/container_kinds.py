"""Tells containers of images from folders and archives of them."""

from __future__ import annotations

from pathlib import Path

from .arrays import reads_arrays
from .arrow import reads_arrow
from .idx import reads_idx
from .tar_samples import reads_samples


def is_container(path: Path) -> bool:
    """Whether another data set reads the container *path*, so that ``folder`` does not."""
    return any(reads(path) for reads in (reads_arrays, reads_idx, reads_arrow, reads_samples))

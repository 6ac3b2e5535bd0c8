"""The folder in which data sets and packed images are kept, and an assembler that uses it."""

from __future__ import annotations

import os
from pathlib import Path

from ..registry import Registry
from .assemble import Assembler


def cache_folder() -> Path:
    """Return the folder of data sets and packed stores: ``$FLOWERABLATE_CACHE``, or the platform's cache folder."""
    from platformdirs import user_cache_path

    home = os.environ.get("FLOWERABLATE_CACHE")
    return Path(home) if home else user_cache_path("flowerablate")


def make_assembler(registry: Registry, folder: Path) -> Assembler:
    """Return an assembler with the user's cache; *folder*: where relative paths of the study begin."""
    return Assembler(registry, folder, cache_folder())

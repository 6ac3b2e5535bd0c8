"""The user's cache folder of data sets and packed images."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Return the folder of data sets and packed stores: ``$FLOWERABLATE_CACHE``, or the platform's cache folder."""
    from platformdirs import user_cache_path

    home = os.environ.get("FLOWERABLATE_CACHE")
    return Path(home) if home else user_cache_path("flowerablate")

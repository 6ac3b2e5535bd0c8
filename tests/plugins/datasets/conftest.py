from __future__ import annotations

import os
from pathlib import Path

import pytest

from flowerablate import DataContext


@pytest.fixture
def context(tmp_path: Path) -> DataContext:
    """A context whose cache and root are fresh folders."""
    cache, root = tmp_path / "cache", tmp_path / "study"
    cache.mkdir()
    root.mkdir()
    return DataContext(cache=cache, root=root)


@pytest.fixture
def photographs() -> Path:
    """The folder of real data sets, where there is one."""
    here = Path(os.environ.get("FLOWERABLATE_DATA") or Path(__file__).parents[3].parent / "shared" / "data")
    if not here.is_dir():
        pytest.skip("no folder of real photographs (set FLOWERABLATE_DATA)")
    return here

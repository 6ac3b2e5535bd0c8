"""The bench on which variants are compared before training."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from probing import Bench


@pytest.fixture(scope="module")
def bench(tmp_path_factory, make_images):
    folder = tmp_path_factory.mktemp("bench")
    return Bench(folder, make_images(folder / "images"))

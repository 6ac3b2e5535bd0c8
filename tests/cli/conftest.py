"""Runs the command line as a user does: a process of its own, in a folder of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

TINY = """
[input]
image_size = 16
[steps.resize]
use = "resize"
size = 20
removable = false
[steps.morphology]
use = "morphology"
[steps.crop]
use = "random_resized_crop"
[steps.flip]
use = "horizontal_flip"
[steps.rotation]
use = "rotate"
[steps.light]
use = "brightness_contrast"
[train]
epochs = 2
batch_size = 4
[ablation]
seeds = 2
"""
"""A study that trains in a moment."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder in which commands run, with a small study file."""
    here = tmp_path / "here"
    here.mkdir()
    (here / "tiny.toml").write_text(TINY)
    return here


@pytest.fixture
def command(folder: Path) -> Run:
    """Run ``flowerablate`` with the given words in the folder."""

    def run(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "flowerablate", *map(str, words)],
            cwd=folder,
            env={**os.environ, "COLUMNS": "80", **environment},
            capture_output=True,
            text=True,
            timeout=300,
        )

    return run

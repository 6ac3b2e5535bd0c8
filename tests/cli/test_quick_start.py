"""Commands load what they need: whoever asks for the results of a finished study does not wait for torch."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
import sys
from flowerablate.cli import main
try:
    code = main()
except SystemExit as leaving:
    code = leaving.code
heavy = ("torch", "torchvision", "matplotlib", "sklearn", "scipy", "PIL", "jinja2", "numpy")
print(code, *(name for name in heavy if name in sys.modules), file=sys.stderr)
"""


def loaded(folder: Path, *words: str) -> tuple[str, set[str]]:
    """Run a command in a process of its own: what it printed, and which of the large libraries it had loaded."""
    done = subprocess.run([sys.executable, "-c", CODE, *words], cwd=folder, capture_output=True, text=True, check=True)
    code, *names = done.stderr.splitlines()[-1].split()
    assert code in ("None", "0"), done.stderr
    return done.stdout, set(names)


@pytest.fixture
def finished(flip_study, tmp_path, tiny_study):
    shutil.copytree(flip_study / "runs", tmp_path / "runs")
    shutil.copytree(flip_study / "images", tmp_path / "images")
    (tmp_path / "tiny.toml").write_text(tiny_study())
    return tmp_path


ASKED = ("run", "tiny.toml", "--data", "images", "--disable", "morphology", "--disable", "flip")


def test_the_status_loads_no_library_for_numbers_or_images(finished):
    said, names = loaded(finished, "status")
    assert said == "tiny, latest run: 6 of 6 trials done\n"
    assert names <= {"numpy"}


@pytest.mark.parametrize("words", [("report",), ASKED], ids=["report", "run"])
def test_the_table_of_a_finished_study_needs_neither_torch_nor_matplotlib(finished, words):
    said, names = loaded(finished, *words, "--executor", "processes") if words[0] == "run" else loaded(finished, *words)
    assert "-morphology" in said
    assert names <= {"numpy", "scipy", "PIL"}


@pytest.mark.slow  # it waits for the fork server
def test_a_run_with_a_trial_to_train_leaves_torch_to_the_processes_that_train(finished):
    trial = next((finished / "runs" / "tiny" / "trials").iterdir())
    (trial / "result.json").unlink()
    said, names = loaded(finished, *ASKED, "--executor", "processes")
    assert (trial / "result.json").is_file()
    assert "-morphology" in said
    assert names <= {"numpy", "scipy", "PIL"}

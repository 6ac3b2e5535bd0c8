"""Runs the command line in a folder of its own."""

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from flowerablate.cli import main

Run = Callable[..., CompletedProcess[str]]


@pytest.fixture
def folder(tmp_path: Path, tiny_study: Callable[..., str]) -> Path:
    """The folder in which commands run, with a small study file."""
    here = tmp_path / "here"
    here.mkdir()
    (here / "tiny.toml").write_text(tiny_study())
    return here


@pytest.fixture
def command(folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run ``flowerablate`` with the given words in the folder, in this process, which has loaded torch already."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "80")

    def run(*words: object) -> CompletedProcess[str]:
        arguments = ["flowerablate", *map(str, words)]
        monkeypatch.setattr(sys, "argv", arguments)
        capfd.readouterr()
        try:
            code = main()
        except SystemExit as leaving:
            code = leaving.code if isinstance(leaving.code, int) else 1
        told = capfd.readouterr()
        return CompletedProcess(arguments, code, told.out, told.err)

    return run


@pytest.fixture(scope="session")
def flip_study(
    tmp_path_factory: pytest.TempPathFactory,
    make_images: Callable[..., Path],
    tiny_study: Callable[..., str],
    train_study: Callable[..., Path],
) -> Path:
    """A folder with ``images`` and, in ``runs``, the study that asks for morphology and flip, two replicates each."""
    here = tmp_path_factory.mktemp("flip")
    make_images(here / "images")
    train_study(here, tiny_study(), "--disable=morphology", "--disable=flip")
    return here


@pytest.fixture
def finished_study(flip_study: Path, folder: Path) -> Path:
    """A copy of its ledger in the folder in which commands run; gives the images, which are for reading only."""
    shutil.copytree(flip_study / "runs", folder / "runs")
    return flip_study / "images"


@pytest.fixture
def bare_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Callable[..., tuple[int, str, str]]]:
    """Run ``flowerablate`` in an empty folder and a pipe; gives (exit code, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["flowerablate", *words])
        try:
            code = main()
        except SystemExit as stop:
            code = stop.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    yield run
    sys.modules.pop("flowerablate_local", None)

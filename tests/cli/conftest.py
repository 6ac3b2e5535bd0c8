"""Runs the command line in a folder of its own."""

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

"""The benchmarks say what was measured, and every case of theirs is an op that the core takes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from flowerablate import _native

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], cwd=BENCHMARKS, capture_output=True, text=True)


def test_the_tables_of_the_readme_are_those_of_the_results():
    done = run("report.py", "--check")
    assert done.returncode == 0, done.stderr


def test_every_case_is_taken_by_the_core(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    cases = pytest.importorskip("cases")
    assert len(cases.CASES) > 40
    for case in cases.CASES:
        _native.Chain([(case.op, case.params, 1)], 3)

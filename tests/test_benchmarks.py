"""The benchmarks say what was measured, the documents say it as well, and every case is an op that the core takes."""

from __future__ import annotations

import runpy
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


def test_the_tables_of_the_evidence_are_those_of_the_results():
    done = run("coverage/report.py", "--check")
    assert done.returncode == 0, done.stderr


def test_the_tables_of_scaling_are_those_of_the_results():
    done = run("scaling/report.py", "--check")
    assert done.returncode == 0, done.stderr


def test_a_figure_of_the_evidence_that_no_result_has_is_noticed(monkeypatch, tmp_path):
    script = runpy.run_path(str(BENCHMARKS / "coverage" / "report.py"))
    document = script["DOCUMENT"].read_text(encoding="utf-8")
    begin = document.index("<!-- images: written by")
    changed = document[:begin] + document[begin:].replace("| 95.", "| 94.", 1)
    assert changed != document
    (tmp_path / "evidence.md").write_text(changed, encoding="utf-8")
    monkeypatch.setitem(script["main"].__globals__, "DOCUMENT", tmp_path / "evidence.md")
    monkeypatch.setattr(sys, "argv", ["report.py", "--check"])
    with pytest.raises(SystemExit, match="does not show the results"):
        script["main"]()
    assert (tmp_path / "evidence.md").read_text(encoding="utf-8") == changed


def test_every_case_is_taken_by_the_core(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    cases = pytest.importorskip("cases")
    assert len(cases.CASES) > 40
    for case in cases.CASES:
        _native.Chain([(case.op, case.params, 1)], 3)

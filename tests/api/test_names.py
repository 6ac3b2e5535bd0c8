"""What ``import flowerablate as fa`` has, and when it is loaded."""

import inspect
import pydoc
import subprocess
import sys

import pytest

import flowerablate as fa
from flowerablate.api import running


@pytest.mark.parametrize("name", fa.__all__)
def test_every_public_name_is_there(name):
    assert getattr(fa, name).__doc__
    assert name in dir(fa)


def test_help_on_report_is_that_of_the_verb():
    assert inspect.getdoc(fa.report) == inspect.getdoc(running.report)
    assert fa.report.__doc__.startswith("Return the table of a study")
    assert "Return the table of a study" in pydoc.render_doc(fa.report)
    assert inspect.signature(fa.report) == inspect.signature(running.report)


def test_a_name_that_there_is_not_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'stduy'"):
        _ = fa.stduy


@pytest.mark.parametrize(
    "first",
    [
        "fa.report",
        "import flowerablate.report",
        pytest.param("from flowerablate.report import Column", marks=pytest.mark.slow),
        pytest.param("from flowerablate.report.table import Report", marks=pytest.mark.slow),
        pytest.param("from flowerablate import report", marks=pytest.mark.slow),
        pytest.param("import flowerablate.api.result", marks=pytest.mark.slow),
    ],
)
def test_report_is_a_verb_and_a_room_whatever_is_imported_first(first, tmp_path):
    code = (
        f"import flowerablate as fa\n{first}\nimport flowerablate.report as room\n"
        "assert room is fa.report and room.Column\n"
        "try: fa.report('nothing')\n"
        "except fa.LedgerError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout == "no study 'nothing' in runs; there is none to choose from\n"

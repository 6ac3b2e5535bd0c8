"""Every verdict has a sign and a mark of its own kind, in the docs as in the code."""

import json
import typing
from pathlib import Path

import pytest

from flowerablate.report.figures.marks import mark_of
from flowerablate.report.signs import sign_of
from flowerablate.stats import Verdict

ROOT = Path(__file__).parents[2]
VERDICTS = typing.get_args(Verdict)


@pytest.mark.parametrize("verdict", VERDICTS)
def test_each_verdict_has_a_sign_and_only_an_open_one_the_open_mark(verdict):
    assert sign_of(verdict).strip()
    assert (mark_of(verdict) == mark_of(None)) == (verdict == "undecided")


def test_a_control_that_changes_nothing_looks_unlike_one_of_which_nobody_knows():
    assert sign_of("unchanged") == "="
    assert mark_of("unchanged") not in [mark_of(other) for other in VERDICTS if other != "unchanged"]


@pytest.mark.parametrize("name", ["report", "comparison"])
def test_the_schema_knows_all_verdicts(name):
    schema = (ROOT / "docs" / f"{name}.schema.json").read_text()
    listed = []
    json.loads(schema, object_hook=lambda part: listed.append(part["verdict"]) if "verdict" in part else part)
    assert all(each["enum"] == [*VERDICTS, None] for each in listed if each and "enum" in each)
    assert any(each and "enum" in each for each in listed)


@pytest.mark.parametrize("page", ["docs/reference/report.md", "docs/explanation/statistics.md"])
def test_the_docs_explain_all_verdicts(page):
    rows = [line for line in (ROOT / page).read_text().splitlines() if line.startswith("|")]
    for verdict in VERDICTS:
        assert any(verdict in row for row in rows), verdict

"""The studies under examples/ are ones that this version runs, and their reports are of the studies beside them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flowerablate.discovery import discover
from flowerablate.study.designs import design
from flowerablate.study.read import read_study
from flowerablate.study.resolve import resolve
from flowerablate.study.templates import default_study

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
STUDIES = sorted(EXAMPLES.glob("*/*.toml"))
REPORTS = sorted(EXAMPLES.glob("*/*.json"))
REGISTRY = discover().registry


def lookup(slot, name, where):
    return REGISTRY.find(slot, name, where).spec


def contrasts_of(path):
    study = read_study(default_study(), path)
    return design(resolve(study, lookup), lookup, study.ablation).contrasts


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_a_study_asks_something_that_can_be_asked(path):
    assert contrasts_of(path)


@pytest.mark.parametrize("path", REPORTS, ids=lambda path: path.stem)
def test_a_report_answers_what_the_study_beside_it_asks(path):
    (study,) = path.parent.glob("*.toml")
    document = json.loads(path.read_text(encoding="utf-8"))
    assert [row["label"] for row in document["rows"]] == [contrast.label for contrast in contrasts_of(study)]
    assert all(row["n"] >= 5 for row in document["rows"])
    assert document["metric"] == read_study(default_study(), study).metrics.primary


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*/*.html")), ids=lambda path: path.stem)
def test_a_page_that_is_given_away_shows_no_image_of_the_data(path):
    assert "data:image" not in path.read_text(encoding="utf-8")

"""A pipeline written as TOML is the study that it came from."""

import sys
from dataclasses import replace

import pytest

from flowerablate.contracts import Choice, Rules
from flowerablate.study.designs import design
from flowerablate.study.resolve import resolve, rules_of
from flowerablate.study.schema import parse
from flowerablate.study.toml import to_toml

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@pytest.mark.parametrize("margin", [None, 0.02])
def test_reading_it_gives_the_same_pipeline_and_rules(base, tables, lookup, margin):
    rules = Rules(metric="loss", level=0.9, margin=margin)
    written = tomllib.loads(to_toml(base, "again", rules, ["accuracy"], range(7)))
    written["ablation"] = {**tables["ablation"], **written["ablation"]}
    again = parse(written, "test")
    assert resolve(again, lookup) == base
    assert rules_of(again) == replace(rules, futility=again.ablation.futility)
    assert (again.name, again.ablation.seeds, again.metrics.secondary) == ("again", 7, ["accuracy"])


@pytest.mark.parametrize("text", ['quo"te', "back\\slash", "new\nline", "tab\t\x7f\x00", "ümläut 薔薇", "#", "'''"])
def test_any_text_comes_back(base, text):
    odd = Choice("images", {"path": text, "shares": (0.5, 1.0), "on": True})
    strange = replace(base, components={**base.components, "dataset": odd})
    written = tomllib.loads(to_toml(strange, "x", Rules(), [], []))
    assert written["dataset"] == {"use": "images", "path": text, "shares": [0.5, 1.0], "on": True}


def test_a_step_that_a_variant_removed_is_left_out(base):
    steps = tuple(replace(step, enabled=step.name != "clean") for step in base.steps)
    written = tomllib.loads(to_toml(replace(base, steps=steps), "x", Rules(), [], []))
    assert list(written["steps"]) == ["resize", "flip"]


def test_a_search_on_validation_is_written_too(base, tables, lookup, ablation):
    asked = ["optimizer.lr=0.1,0.03", "clean.size=3,5"]
    (tuned, *_) = design(base, lookup, ablation(retune=asked)).variants
    written = tomllib.loads(to_toml(tuned.pipeline, "again", Rules(), [], range(7)))
    assert written["ablation"]["retune"] == asked

"""Two studies side by side."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from rich.cells import cell_len

from flowerablate.contracts import Contrast
from flowerablate.errors import StudyError
from flowerablate.report import COMPARISON_FORMATS, Side, compare, render_comparison
from flowerablate.report.__main__ import all_kinds, two_studies
from flowerablate.stats import EffectDifference, summarise
from flowerablate.stats.resolution import LARGEST_CLASS

SPLIT = {"method": "auto", "validation": 0.15, "test": 0.2}


@pytest.fixture
def sides(study):
    """Two studies of the same images with three seeds each, and one question that only the first asks."""
    first = study({"": [0.9, 0.8, 0.85], "-x": [0.8, 0.72, 0.76], "-y": [0.7, 0.7, 0.8]})
    second = study({"": [0.7, 0.6, 0.68], "-x": [0.69, 0.57, 0.66]})
    return Side("one", first, "same", SPLIT), Side("two", second, "same", SPLIT)


def test_rows_are_matched_by_label(sides) -> None:
    matches = compare(*sides).matches
    assert [match.label for match in matches] == ["-x", "-y"]
    assert matches[0].first is not None
    assert matches[0].second is not None
    assert matches[1].second is None
    assert matches[1].difference is None


def test_studies_of_the_same_images_split_and_seeds_are_paired(sides) -> None:
    comparison = compare(*sides)
    assert comparison.is_paired
    difference = comparison.matches[0].difference
    assert difference is not None
    assert (difference.pairs, difference.df) == (3, 2)
    assert difference.mean == pytest.approx((0.1 + 0.08 + 0.09 - 0.01 - 0.03 - 0.02) / 3)
    assert "Paired: the same images, split and seeds, 3 in common." in render_comparison(comparison)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"data": "other"}, "different images"),
        ({"split": {**SPLIT, "test": 0.3}}, "different splits (test 0.2 and 0.3)"),
        ({"data": ""}, "the ledger of two does not record its images and split"),
    ],
)
def test_studies_that_differ_in_what_a_seed_means_are_not_paired_and_the_reason_is_said(sides, change, reason) -> None:
    first, second = sides
    comparison = compare(first, replace(second, **change))
    assert comparison.obstacles == (reason,)
    difference = comparison.matches[0].difference
    assert difference is not None
    assert not difference.is_paired
    assert difference.low is not None
    text = " ".join(render_comparison(comparison).split())
    assert f"Not paired: {reason}. The studies are treated as independent." in text
    assert "Welch's t interval" in text


@pytest.mark.parametrize("data", ["same", "other"])
def test_equal_differences_say_no_less_than_differences_that_vary_a_little(study, data) -> None:
    plain = Side("two", study({"": [0.9] * 5, "-x": [0.89] * 5, "-y": [0.7] * 5}), data, SPLIT)

    def difference(points: list[float]) -> EffectDifference:
        losses = {"": [0.9] * 5, "-x": [0.9 - 0.01 * lost for lost in points], "-y": [0.71, 0.72, 0.71, 0.72, 0.71]}
        found = compare(Side("one", study(losses), "same", SPLIT), plain).matches[0].difference
        assert found is not None
        return found

    equal, varying = difference([3, 3, 3, 3, 3]), difference([3, 3, 3, 3, 4])
    assert equal.is_paired == varying.is_paired == (data == "same")
    assert equal.low is not None
    assert equal.high is not None
    assert equal.low > 0
    assert equal.high - equal.low < varying.high - varying.low


def test_other_seeds_are_said(sides) -> None:
    first, second = sides
    rows = tuple(replace(row, seeds=(7, 8, 10)) for row in second.summary.rows)
    base = replace(second.summary.base, seeds=(7, 8, 10))
    moved = replace(second, summary=replace(second.summary, base=base, rows=rows))
    assert compare(first, moved).obstacles == ("no seed in common (0-2 and 7-8, 10)",)


def test_only_common_seeds_are_paired() -> None:
    difference = two_studies().matches[0].difference
    assert difference is not None
    assert difference.pairs == 6


def test_studies_of_different_metrics_are_refused_with_the_cure(sides, study) -> None:
    losses = study({"": [0.9, 0.8], "-x": [0.8, 0.7]}, metric="loss")
    with pytest.raises(StudyError, match=r"one measures accuracy, two measures loss; choose a common metric$"):
        compare(sides[0], Side("two", losses))


def test_the_table_shows_both_effects_verdicts_and_the_difference(sides) -> None:
    text = render_comparison(compare(*sides), width=120)
    (line,) = (line for line in text.splitlines() if line.startswith("-x"))
    assert re.search(r"-x +\+9\.0 .*▲ helps +\+2\.0 .*· undecided +\+7\.0 \[", line)
    (lonely,) = (line for line in text.splitlines() if line.startswith("-y"))
    assert lonely.count("—") == 3
    assert "Asked in A only, not in B: -y." in text


@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_it_fits_and_no_figure_is_broken(width) -> None:
    text = render_comparison(two_studies(), width=width)
    assert max(map(cell_len, text.splitlines())) <= width
    assert "+2.8 [+1.9, +3.7]" in text
    assert "+0.3 [-0.6, +1.2]" in text
    assert not [line for line in text.splitlines() if line.endswith(" ")]


def test_signs_that_stand_alone_are_explained() -> None:
    legend = "▲ for, ▼ against, ≈ negligible, = unchanged, · undecided"
    assert legend in render_comparison(two_studies(), width=80)
    assert legend not in render_comparison(two_studies(), width=120)


def test_other_margins_and_levels_are_told() -> None:
    first, second = all_kinds(6), all_kinds(6, margin=None)
    second = replace(second, level=0.9)
    text = " ".join(render_comparison(compare(Side("a", first), Side("b", second))).split())
    assert "The margins differ, and with them what counts as negligible: A 0.005, B none." in text
    assert "The intervals of A are at 95 %, those of B at 90 %." in text


def test_csv_and_json_hold_every_figure_unrounded(sides) -> None:
    comparison = compare(*sides)
    match = comparison.matches[0]
    assert match.first is not None
    assert match.first.effect is not None
    assert match.difference is not None
    row = next(csv.DictReader(io.StringIO(render_comparison(comparison, "csv"))))
    assert float(row["a_effect"]) == match.first.effect.mean
    assert float(row["difference_low"]) == match.difference.low
    assert (row["paired"], row["pairs"]) == ("True", "3")
    document = json.loads(render_comparison(comparison, "json"))
    assert document["rows"][0]["difference"]["mean"] == match.difference.mean
    assert document["a"]["split_plan"] == SPLIT


def test_json_keeps_to_its_schema(sides) -> None:
    path = Path(__file__).resolve().parents[2] / "docs" / "comparison.schema.json"
    schema = json.loads(path.read_text())
    Draft202012Validator.check_schema(schema)
    unknown = compare(sides[0], replace(sides[1], data="", split={}))
    for comparison in (compare(*sides), two_studies(), unknown):
        Draft202012Validator(schema).validate(json.loads(render_comparison(comparison, "json")))


def test_markdown_is_a_table_with_inactive_names(study) -> None:
    summary = study({"": [0.5, 0.6], "-a|b`": [0.4, 0.45]})
    text = render_comparison(compare(Side("x|y", summary), Side("*z*", summary)), "md")
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in table} == {7}
    assert r"A: x\|y" in text


@pytest.mark.parametrize("format", COMPARISON_FORMATS)
def test_every_format_ends_in_one_newline(format) -> None:
    text = render_comparison(two_studies(), format)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(StudyError, match="no comparison format is called 'svg'"):
        render_comparison(two_studies(), "svg")


def test_a_broken_placebo_of_either_study_stands_above_all_else(study) -> None:
    scores = {"": [0.9, 0.8, 0.85], "-x": [0.8, None, 0.76]}
    placebo = Contrast("placebo", "control", {"": 1.0, "control=placebo": -1.0}, "placebo")
    broken = study({**scores, "control=placebo": [0.9, 0.8, 0.86]}, contrasts=[placebo])
    comparison = compare(Side("one", study(scores), "same", SPLIT), Side("two", broken, "same", SPLIT), "a remark")
    assert comparison.notes[0].startswith("B: THE PLACEBO CHANGES RESULTS: pairing is broken.")
    for name in "AB":
        assert any(note.startswith(f"{name}: Failed and left out") for note in comparison.notes[1:])


def test_a_base_that_has_learned_nothing_stands_above_all_else(trials) -> None:
    void = summarise(trials({"": [0.6, 0.6], "-x": [0.5, 0.6]}, facts={LARGEST_CLASS: 0.6}))
    fine = summarise(trials({"": [0.9, 0.8], "-x": [0.8, 0.7]}, facts={LARGEST_CLASS: 0.6}))
    for first, second, name in ((void, fine, "A"), (fine, void, "B")):
        notes = compare(Side("one", first, "same", SPLIT), Side("two", second, "same", SPLIT), "a remark").notes
        assert notes[0].startswith(f"{name}: THE BASE HAS LEARNED NOTHING")


def test_failed_trials_are_said_of_their_study(study) -> None:
    first = Side("one", study({"": [0.9, 0.8, 0.85], "-x": [0.8, None, 0.76]}), "same", SPLIT)
    notes = compare(first, first).notes
    assert notes[0].startswith("A: Failed and left out: 1 of 3 trials of -x")
    assert notes[1].startswith("B: Failed and left out")

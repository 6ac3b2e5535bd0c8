"""What other programs read."""

from __future__ import annotations

import csv
import io
import json
import re
import typing
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator

from flowerablate.contracts import ContrastKind
from flowerablate.errors import StudyError
from flowerablate.report import FORMATS, format_of, render
from flowerablate.report.standard import default_columns
from flowerablate.stats import Verdict

DOCS = Path(__file__).resolve().parents[2] / "docs"


def table_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def cells_of(line: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def test_csv_holds_every_figure_unrounded(demo) -> None:
    rows = table_of(render(demo, "csv"))
    assert [row["label"] for row in rows] == ["base", *(row.label for row in demo.rows)]
    for read, row in zip(rows[1:], demo.rows, strict=True):
        assert row.effect is not None
        numbers = {
            "effect": row.effect.mean,
            "effect_low": row.effect.low,
            "effect_high": row.effect.high,
            "effect_sd": row.effect.sd,
            "p_t": row.effect.t_p,
            "p_sign_flip": row.effect.sign_flip_p,
            "p_adjusted": row.adjusted_p,
            "minimum_detectable": row.effect.mde,
            "base_mean": row.base_mean,
            "variant_mean": row.variant_mean,
            "seconds": row.costs["seconds"],
            "parameters": row.costs["parameters"],
            "n": row.n,
            "failed": row.tally.failed,
            "collapsed": row.tally.collapsed,
        }
        assert {name: float(read[name]) for name in numbers} == numbers
        assert read["verdict"] == row.verdict


def test_csv_leaves_empty_what_is_not_known(study) -> None:
    base, x, y = table_of(render(study({"": [0.5], "-x": [0.4], "-y": [None]}), "csv"))
    assert base["effect"] == base["verdict"] == ""
    assert (x["effect"], x["effect_low"], x["p_adjusted"]) == (repr(0.5 - 0.4), "", "")
    assert (y["n"], y["failed"], y["effect"], y["seconds"]) == ("0", "1", "", "")


@pytest.mark.parametrize("cost", ["median", "iqm_low", "effect_sd", "log_loss_effect", "label"])
def test_in_csv_a_cost_never_takes_the_column_of_another_value(kinds, cost) -> None:
    named = replace(kinds, base=replace(kinds.base, costs={**kinds.base.costs, cost: 7.0}))
    before, after = table_of(render(kinds, "csv"))[0], table_of(render(named, "csv"))[0]
    assert after[cost] == before[cost]
    assert after[f"cost_{cost}"] == "7.0"


@pytest.mark.parametrize(
    "name", ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-cmd|' /C calc'!A0", '-HYPERLINK("x")', "\t=1"]
)
def test_csv_text_that_a_spreadsheet_could_run_gets_an_apostrophe(study, name) -> None:
    row = table_of(render(study({"": [0.5], name: [0.4]}), "csv"))[1]
    assert row["label"] == row["change"] == "'" + name


@pytest.mark.parametrize("name", ["-morphology", "-morphology -flip", "-model.skip", "model=resnet34"])
def test_csv_keeps_plain_names_as_they_are(study, name) -> None:
    assert table_of(render(study({"": [0.5], name: [0.4]}), "csv"))[1]["label"] == name


def test_json_is_the_summary(demo) -> None:
    document = json.loads(render(demo, "json", title="mine"))
    assert document["schema"] == "flowerablate.report/3"
    assert (document["title"], document["metric"], document["split"]) == ("mine", "accuracy", "test")
    assert (document["level"], document["comparisons"], document["lower_is_better"]) == (0.95, 10, False)
    assert document["notes"] == list(demo.notes)
    assert document["base"]["base_mean"] == demo.base.base_mean
    for read, row in zip(document["rows"], demo.rows, strict=True):
        assert row.effect is not None
        assert read["label"] == row.label
        assert read["effect"]["differences"] == list(row.effect.differences)
        assert (read["effect"]["low"], read["effect"]["high"]) == (row.effect.low, row.effect.high)
        assert (read["p_adjusted"], read["verdict"], read["reason"]) == (row.adjusted_p, row.verdict, row.reason)


def test_json_has_the_same_keys_in_every_row_and_null_for_what_is_missing(study) -> None:
    document = json.loads(render(study({"": [0.5], "-x": [0.4], "-y": [None]}), "json"))
    rows = [document["base"], *document["rows"]]
    assert len({tuple(row) for row in rows}) == 1
    assert rows[0]["effect"] is rows[2]["effect"] is rows[2]["costs"]["seconds"] is None
    assert rows[1]["effect"]["low"] is None


def test_csv_has_the_secondary_metrics_and_the_middle_of_the_differences(kinds) -> None:
    row = table_of(render(kinds, "csv"))[1]
    effect = kinds.rows[0].effect
    assert float(row["log_loss_effect"]) == kinds.secondary[0].effects[0].mean
    assert float(row["median"]) == effect.robust.median.value
    assert (float(row["equivalence_p"]), row["kind"]) == (kinds.rows[0].evidence.equivalence_p, "removal")


def validator(name: str) -> Draft202012Validator:
    schema = json.loads((DOCS / f"{name}.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def test_json_keeps_to_its_schema(demo, kinds, study) -> None:
    sparse = study({"": [0.5, 0.6], "-x": [0.4, None], "-y": [None, None], "model=z": [0.5, 0.6]})
    for summary in (demo, kinds, sparse, study({"": [0.5]}), study({"": [0.5, 0.4], "-x": [0.4, 0.1]}, metric="loss")):
        validator("report").validate(json.loads(render(summary, "json", title="any")))


def test_the_schema_knows_no_field_that_is_never_written_and_none_more(demo) -> None:
    document = json.loads(render(demo, "json"))
    document["rows"][0]["surprise"] = 1
    assert not validator("report").is_valid(document)
    del document["rows"][0]["surprise"]
    del document["rows"][0]["effect"]["differences"]
    assert not validator("report").is_valid(document)


@pytest.mark.parametrize("name", ["report", "comparison"])
def test_the_schema_describes_what_is_not_plain(name) -> None:
    row = validator(name).schema["$defs"]["row"]["properties"]
    assert row["p_adjusted"]["description"]
    assert set(row["verdict"]["enum"]) == {*typing.get_args(Verdict), None}
    assert set(row["kind"]["enum"]) == {*typing.get_args(ContrastKind), "base"}


def test_markdown_has_a_line_above_each_kind(kinds) -> None:
    text = render(kinds, "md")
    table = [cells_of(line) for line in text.splitlines() if line.startswith("|")]
    assert len({len(line) for line in table}) == 1
    headings = [line[0] for line in table if line[0].startswith("*") and not any(line[1:])]
    assert headings[:2] == ["*left out: base − without*", "*added to the bare pipeline: with − without*"]
    assert "●" not in text


def test_markdown_is_a_github_table(demo) -> None:
    lines = render(demo, "md", title="my *study*").splitlines()
    assert lines[0] == r"### my \*study\*"
    table = [cells_of(line) for line in lines if line.startswith("|")]
    assert {len(line) for line in table} == {7}
    assert len(table) == 2 + 11 + 2
    assert table[1] == ["---", "---", "---", "---:", "---", "---:", "---:"]
    assert table[4][:2] == ["`-random_resized_crop`", "88.9 → 82.0"]
    assert any(line.startswith("- Collapsed trials") for line in lines)


def test_markdown_keeps_foreign_text_inactive(study) -> None:
    text = render(study({"": [0.5], "model=a|b`c<script>": [0.4], "-x[l](u)": [None]}), "md")
    row = next(line for line in text.splitlines() if "script" in line)
    assert cells_of(row)[0] == r"`` model=a\|b`c<script> ``"
    assert len(cells_of(row)) == 7
    notes = "\n".join(line for line in text.splitlines() if line.startswith("- "))
    assert r"model=a\|b\`c\<script\>" in notes
    assert r"-x\[l\](u)" in notes


def test_svg_is_well_formed_and_needs_no_network(demo) -> None:
    svg = render(demo, "svg", title="<study> & more")
    root = ElementTree.fromstring(svg)
    assert root.tag.endswith("svg")
    text = "".join(root.itertext()).replace("\xa0", " ")
    assert "-random_resized_crop" in text
    assert "+7.0 [+5.8,  +8.2]" in text
    assert "●" in text
    assert "<study> & more" in text
    assert re.findall(r"https?://[^\"\s]+", svg) == ["http://www.w3.org/2000/svg"]
    assert svg == render(demo, "svg", title="<study> & more")


def test_svg_has_the_plot_of_the_terminal_with_thick_and_thin_intervals_and_where_they_are_cut(demo) -> None:
    width, text = columns_and_text(render(demo, "svg"))
    plots = re.findall("[◂╌├─┼●┤▸│]*[├┤][◂╌├─┼●┤▸│]*", render(demo, "rich", width=round(width)))
    assert len(plots) > 5
    assert {sign for plot in plots for sign in plot} >= set("◂╌├●┤▸")
    assert re.findall("[◂╌├─┼●┤▸│]*[├┤][◂╌├─┼●┤▸│]*", text) == plots


def columns_and_text(svg: str) -> tuple[float, str]:
    """Return the cells that the image of a terminal is wide, and its text."""
    root = ElementTree.fromstring(svg)
    width = float(root.attrib["viewBox"].split()[2])
    return (width - 18) / 12.2, "".join(root.itertext()).replace("\xa0", " ")


def test_svg_is_as_wide_as_its_columns_need(demo, study) -> None:
    small, _ = columns_and_text(render(study({"": [0.9, 0.8], "x": [0.7, 0.7]}), "svg"))
    wide, text = columns_and_text(render(demo, "svg"))
    assert 80 <= round(small) <= 100
    assert 80 < round(wide) <= 120
    assert "Columns that do not fit at this width" in render(demo, width=80)
    assert "Columns that do not fit at this width" not in text


def test_svg_is_never_wider_than_a_page_shows(demo) -> None:
    # Twice the columns: what does not fit is left out, and said so.
    wide, text = columns_and_text(render(demo, "svg", columns=(*default_columns(demo), *default_columns(demo))))
    assert round(wide) == 120
    assert "Columns that do not fit at this width: " in text


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_ends_in_one_newline(demo, format) -> None:
    text = render(demo, format)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


def test_an_unknown_format_is_refused_with_the_nearest_one(demo) -> None:
    with pytest.raises(StudyError, match="did you mean 'json'"):
        render(demo, "jsn")


@pytest.mark.parametrize(
    ("name", "format"), [("a.tex", "latex"), ("b.MD", "md"), ("c.txt", "rich"), ("d.json", "json")]
)
def test_the_ending_of_a_file_names_its_format(name, format) -> None:
    assert format_of(Path(name)) == format


def test_an_unknown_ending_is_refused_with_the_cure(demo) -> None:
    with pytest.raises(StudyError, match=r"\.docx has no suffix of a report .*; name the format as well"):
        format_of(Path("table.docx"))

"""The result of a study: rows by label, records, files, and how it shows itself."""

import csv
import io
import sys
from dataclasses import replace

import pytest
from rich.console import Console

import flowerablate as fa
from flowerablate.report import render


def test_a_row_is_found_by_its_label_and_has_plain_values(result):
    row = result["-flip"]
    effect = row.row.effect
    assert row.effect == effect.mean == sum(row.differences) / 2
    assert row.interval == (None if effect.low is None else (effect.low, effect.high))
    assert row.p_adjusted == row.row.adjusted_p
    assert row.verdict == "undecided"
    assert row.base_mean - row.variant_mean == pytest.approx(row.effect)
    assert (row.n, row.seeds, row.question.label) == (2, (0, 1), "-flip")
    assert set(row.secondary) == {"roc_auc", "macro_f1"}
    assert "-flip" in result
    assert "-flop" not in result


def test_the_base_is_a_row_without_an_answer(result):
    base = result["base"]
    assert base is result.base
    assert (base.effect, base.interval, base.p, base.p_adjusted, base.verdict, base.question) == (None,) * 6
    assert base.differences == ()
    assert base.n == 2


def test_a_label_that_there_is_not_names_the_nearest_one(result):
    with pytest.raises(fa.StudyError, match="the table has no row 'flip'; did you mean '-flip'"):
        result["flip"]


def test_iteration_goes_over_the_questions(result):
    assert [row.label for row in result] == [row.label for row in result.rows] == ["-flip"]
    assert len(result) == 1


def test_records_are_the_lines_of_the_csv(result):
    lines = list(csv.DictReader(io.StringIO(render(result.summary, "csv"))))
    records = result.to_records()
    assert [list(record) for record in records] == [list(line) for line in lines]
    assert float(lines[1]["effect"]) == records[1]["effect"] == result["-flip"].effect
    assert records[0]["p_adjusted"] is None


def test_a_frame_needs_pandas_and_says_so(result, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(fa.FlowerablateError, match="to_frame needs pandas; install it: pip install pandas"):
        result.to_frame()


def test_a_frame_is_indexed_by_label(result):
    pytest.importorskip("pandas")
    frame = result.to_frame()
    assert list(frame.index) == ["base", "-flip"]
    assert frame.loc["-flip", "effect"] == result["-flip"].effect
    assert frame["p_adjusted"].dtype == float


@pytest.mark.parametrize("name", ["t.txt", "t.md", "t.tex", "t.csv", "t.json", "t.svg"])
def test_a_file_holds_what_the_command_writes(result, name):
    formats = {"txt": "rich", "tex": "latex"}
    ending = name.partition(".")[2]
    format = formats.get(ending, ending)
    assert result.save(name).read_text() == render(result.summary, format, title="tiny")


def test_columns_are_chosen_for_a_file_or_for_the_result(trained_study, result):
    narrow = fa.report("tiny", runs=trained_study.runs, columns="variant,effect")
    assert narrow.render("md") == result.render("md", "variant,effect")
    assert "verdict" not in narrow.render("md").splitlines()[2]
    with pytest.raises(fa.StudyError, match="csv contains every value"):
        result.save("t.csv", columns="variant")
    with pytest.raises(fa.StudyError, match="has no suffix of a report"):
        result.save("t.doc")


def test_the_page_shows_images_unless_that_is_not_wanted(result):
    assert "data:image" in result.page("with.html").read_text()
    assert "data:image" not in result.page("without.html", images=False).read_text()
    assert result.save("saved.html").read_text() == result.page("with.html").read_text()


def test_curves_and_a_sheet_of_images_are_drawn(result):
    assert result.curves("curves.svg", variants="-flip").read_text().lstrip().startswith("<?xml")
    with pytest.raises(fa.StudyError, match=r"use curves\.png"):
        result.curves("curves.doc")
    assert result.images_sheet("sheet.png", of="-flip").read_bytes()[:4] == b"\x89PNG"
    assert [images.contrast.label for images in result.images()] == ["-flip"]


def test_in_a_terminal_it_is_the_table_in_its_width(result, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert repr(result) + "\n" == render(result.summary, "rich", title="tiny", width=80)
    printed = io.StringIO()
    Console(file=printed, width=100).print(result)
    assert printed.getvalue() == render(result.summary, "rich", title="tiny", width=100)


def test_in_a_notebook_it_is_a_table_in_html_with_nothing_to_run(result):
    row = replace(result.summary.rows[0], label="<script>alert(1)</script>")
    summary = replace(result.summary, rows=(row,), notes=("<b>bold</b>",))
    html = replace(result, summary=summary)._repr_html_()
    assert "<table" in html
    assert "&lt;script&gt;" in html
    assert "<script" not in html
    assert "<b>bold" not in html
    assert len(html) < 5000


def test_columns_are_a_text_or_several(trained_study, result):
    names = ["variant", "forest,width=30", "effect"]
    assert repr(fa.report("tiny", runs=trained_study.runs, columns=names)) == repr(
        fa.report("tiny", runs=trained_study.runs, columns=",".join(names))
    )
    assert result.render("md", iter(names)) == result.render("md", ",".join(names))
    with pytest.raises(fa.StudyError, match="columns: give a string, or a list of strings, not 3"):
        result.render("md", 3)
    with pytest.raises(fa.StudyError, match=r"^columns: no column is called 'varianteffect'"):
        result.render("md", "varianteffect")


def test_a_file_that_cannot_be_written_is_an_error_of_ours(result, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(fa.FlowerablateError, match=r"choose another folder, or change its permissions$"):
        result.save(tmp_path / "file" / "table.tex")

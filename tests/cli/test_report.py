"""``flowerablate report``: columns, files, two studies."""

import json
import re

import pytest


@pytest.fixture
def ran(command, finished_study):
    """The command line, after a study of two replicates."""
    return command


def test_a_finished_study_is_reported_in_any_columns_and_to_files(ran, folder):
    done = ran("report", "--columns", "variant,effect,forest,width=20,p,verdict")
    assert done.returncode == 0, done.stderr
    assert re.search(r"variant +\[95 % interval\] .* adjusted +verdict", done.stdout)
    assert re.search(r"^-morphology ", done.stdout, re.MULTILINE)

    assert ran("report", "--out", "t.tex").stdout == ""
    assert r"\begin{tabular}" in (folder / "t.tex").read_text(encoding="utf-8")
    assert ran("report", "--out", "t.json").returncode == 0
    assert json.loads((folder / "t.json").read_text(encoding="utf-8"))["schema"] == "flowerablate.report/3"
    assert ran("report", "--out", "table", "--format", "md").returncode == 0
    assert "| variant |" in (folder / "table").read_text(encoding="utf-8")

    def error(*words):
        refused = ran("report", *words)
        assert refused.returncode == 1
        assert refused.stdout == ""
        assert refused.stderr.count("\n") == 1
        return refused.stderr

    assert "no column is called 'verdicts'; did you mean 'verdict'?" in error("--columns", "variant,verdicts")
    assert "'n' is given twice" in error("--columns", "n,variant,n")
    assert "no column comes before it" in error("--columns", "width=20,variant")
    assert "wide" in error("--columns", "forest,wide=20")
    assert "csv contains every value; leave out --columns" in error("--columns", "n", "--format", "csv")
    assert "has no suffix of a report" in error("--out", "table.docx")
    assert "--columns does not go with --compare" in error("--columns", "n", "--compare", "tiny")
    assert "--of does not go with a table; add --images" in error("--of", "-flip")
    assert "--top does not go with a table" in error("--top", "3")


def test_two_studies_are_set_side_by_side_and_it_is_said_whether_they_are_paired(ran, finished_study, folder):
    words = ("--data", finished_study, "--disable", "flip", "--set", "train.epochs=1")
    assert ran("run", "tiny.toml", *words, "--set", "name=shorter").returncode == 0
    done = ran("report", "tiny", "--compare", "shorter")
    assert done.returncode == 0, done.stderr
    text = " ".join(done.stdout.split())
    assert "Paired: the same images, split and seeds, 2 in common." in text
    assert "Asked in A only, not in B: -morphology." in text

    assert ran("run", "tiny.toml", *words, "--set", "name=other", "--set", "split.test=0.3").returncode == 0
    done = ran("report", "tiny", "--compare", "runs/other")
    assert "Not paired: different splits" in " ".join(done.stdout.split())
    assert ran("report", "tiny", "--compare", "other", "--out", "both.json").returncode == 0
    assert json.loads((folder / "both.json").read_text(encoding="utf-8"))["paired"] is False
    refused = ran("report", "tiny", "--compare", "other", "--format", "svg")
    assert "no comparison format is called 'svg'" in refused.stderr

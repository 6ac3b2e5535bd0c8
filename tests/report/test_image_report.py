import csv
import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from flowerablate.contracts import Contrast
from flowerablate.report.image_report import (
    ContrastImages,
    arm_names,
    images_to_csv,
    images_to_json,
    side_titles,
    to_tables,
)
from flowerablate.stats.image_wins import ImageCount, ImageWins

COUNT = ImageCount("=rose/1.png", "rose", 4, 4, 1, 3, 0, 0.25, "rose", "[red]daisy")
FOUND = ImageWins((COUNT, COUNT), (), 9, 4, 36, 6, 0)
ROW = ContrastImages(Contrast("-flip", "removal", {"": 1.0, "-flip": -1.0}), FOUND)


def printed(top: int, width: int = 100, row: ContrastImages = ROW) -> str:
    console = Console(file=io.StringIO(), width=width)
    for part in to_tables(row, top):
        console.print(part, crop=False)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_the_table_says_what_each_arm_answered_and_how_often_it_was_right():
    text = printed(5)
    assert "rose, 4 of 4 right" in text
    assert "[red]daisy, 1 of 4 right" in text
    assert "flip: 2 images right more often with it than without it" in text
    assert "flip: 0 images right more often without it than with it" in text


@pytest.mark.parametrize("width", [20, 40, 80, 120])
def test_no_name_of_a_file_is_broken_or_cut(width):
    name = "a class with a long name/2023-05-06 a photograph of a rose.png"
    found = replace(FOUND, wins=(replace(COUNT, key=name), COUNT))
    lines = [line.rstrip() for line in printed(5, width, replace(ROW, found=found)).splitlines()]
    assert sum(line.startswith(name) for line in lines) == 1
    assert all(len(line) <= width for line in lines if not line.startswith(name))
    assert "Δ p(true) +0.25" in " ".join(" ".join(lines).split()) or width == 120


def test_what_is_not_shown_is_counted():
    assert "and 1 more" in printed(1)
    assert "more;" not in printed(2)


def test_json_holds_all_images_and_their_totals():
    row = json.loads(images_to_json([ROW], "study"))["rows"][0]
    assert (row["row"], row["arms"], row["answers"], len(row["wins"])) == ("-flip", ["with", "without"], 36, 2)
    assert row["wins"][0]["consistency"] == 0.5


def test_csv_has_a_line_for_each_image_and_runs_no_formula():
    lines = list(csv.DictReader(io.StringIO(images_to_csv([ROW]))))
    assert [(line["row"], line["side"], line["key"]) for line in lines] == [("-flip", "won", "'=rose/1.png")] * 2


def test_arms_of_a_swap_are_the_base_and_the_new_one():
    contrast = Contrast("model=x", "swap", {"": 1.0, "model=x": -1.0})
    assert arm_names(contrast) == ("base", "new")
    won, lost = side_titles(ContrastImages(contrast, FOUND))
    assert won == "model=x: 2 images right more often in the base than in the new one"
    assert lost == "model=x: 0 images right more often in the new one than in the base"

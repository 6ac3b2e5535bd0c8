"""What the figures say, read from their text."""

import re

import pytest

from flowerablate.contracts import Contrast, Rules
from flowerablate.report.figures import draw_accuracy, draw_costs, draw_forest, draw_losses
from flowerablate.report.figures.svg_canvas import short
from flowerablate.report.html.document import SeedCurve, VariantCurves

ARMS = {"": [0.9, 0.91, 0.93], "-flip": [0.8, 0.82, 0.81], "+dilate": [0.9, 0.9, 0.95]}
CONTRASTS = [
    Contrast("-flip", "removal", {"": 1.0, "-flip": -1.0}),
    Contrast("+dilate", "addition", {"+dilate": 1.0, "-flip": -1.0}),
]


def texts(svg: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def test_the_forest_names_rows_below_their_kinds_with_figures_and_verdicts(study):
    said = texts(draw_forest(study(ARMS, contrasts=CONTRASTS)))
    wanted = ["left out", "-flip", "+10.3", "added to the bare pipeline", "+dilate"]
    assert [text for text in said if text in wanted] == wanted
    assert "helps" in said


def test_an_interval_is_thick_and_that_of_all_comparisons_thin_each_to_its_ends(study):
    summary = study(ARMS, contrasts=CONTRASTS)
    lines = re.findall(
        r'd="M ([-\d.]+) ([-\d.]+) \nL ([-\d.]+) ([-\d.]+) ?\n?" [^>]*stroke-width: (0\.8|2\.2)', draw_forest(summary)
    )
    ys = [y1 for _, y1, _, y2, width in lines if width == "2.2" and y1 == y2]
    level = [(width, float(x2) - float(x1), float(x1)) for x1, y1, x2, y2, width in lines if y1 == y2 and y1 in ys]
    thin, thick = ([each[1:] for each in level if each[0] == width] for width in ("0.8", "2.2"))
    rows = summary.rows
    assert len(thin) == len(thick) == len(rows) == 2
    unit = thick[0][0] / (rows[0].effect.high - rows[0].effect.low)
    for row, (long, left), (short_, start) in zip(rows, thin, thick, strict=True):
        low, high = row.family_interval
        assert low < row.effect.low < row.effect.high < high
        assert long == pytest.approx(unit * (high - low), rel=1e-3)
        assert short_ == pytest.approx(unit * (row.effect.high - row.effect.low), rel=1e-3)
        assert start - left == pytest.approx(unit * (row.effect.low - low), rel=1e-3)


def test_the_margin_is_shaded_where_the_rules_state_one(study):
    without = draw_forest(study(ARMS, contrasts=CONTRASTS))
    with_margin = draw_forest(study(ARMS, contrasts=CONTRASTS, rules=Rules(margin=0.01)))
    assert "opacity: 0.12" in with_margin
    assert "opacity: 0.12" not in without


def test_without_effects_trainings_or_a_second_pipeline_there_is_no_figure(study):
    alone = study({"": [0.5]})
    assert draw_forest(alone) == draw_costs((), alone) == draw_accuracy(()) == draw_losses(()) == ""


def test_a_training_of_one_epoch_and_one_without_finite_losses_are_drawn():
    one = VariantCurves("", "base", (SeedCurve(0, (0.5,), (0.6,), (0.7,), 1),))
    burst = VariantCurves("-x", "-x", (SeedCurve(0, (None, None), (None, None), (0.5, None), 1),))
    for svg in (draw_accuracy([one, burst]), draw_losses([one, burst])):
        assert {"base", "-x"} <= set(texts(svg))


def test_colours_come_from_the_page():
    svg = draw_accuracy([VariantCurves("", "base", (SeedCurve(0, (0.5, 1), (0.6, 1), (0.7, 1), 1),))])
    assert "var(--ink)" in svg
    assert not re.findall(r"#0[1-9a]0", svg)


def test_long_names_lose_their_middle_and_keep_both_ends():
    assert short("-" + "morphology+" * 9 + "flip", 20) == "-morphology+…gy+flip"
    assert len(short("x" * 99, 20)) == 20

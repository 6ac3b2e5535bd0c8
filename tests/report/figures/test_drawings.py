"""What the figures say, read from their text."""

import re

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

"""The plot in characters says what the figures say."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowerablate.contracts import Contrast, Rules
from flowerablate.report import ForestColumn
from flowerablate.report.forest import axis_of
from flowerablate.stats import Row, Summary, Tally, paired_effect


def summary_of(*intervals: tuple[float, float | None, float | None], margin: float | None = None) -> Summary:
    """A summary whose effects have these estimates and intervals."""
    rows = []
    for number, (mean, low, high) in enumerate(intervals):
        effect = replace(paired_effect([0.6, 0.7], [0.5, 0.5]), mean=mean, low=low, high=high)
        contrast = Contrast(f"-{number}", "removal", {"": 1.0, f"-{number}": -1.0})
        rows.append(Row(f"-{number}", f"-{number}", (0, 1), Tally(2), 0.6, 0.5, effect=effect, contrast=contrast))
    base = Row("base", "", (0, 1), Tally(2), 0.6)
    return Summary("accuracy", False, 0.95, len(rows), base, tuple(rows), rules=Rules(margin=margin), percent=True)


def drawn(summary: Summary, width: int = 25) -> list[str]:
    return ForestColumn(width).cells(summary)[1:]


def test_an_interval_is_drawn_around_its_estimate_to_scale() -> None:
    (line,) = drawn(summary_of((0.04, 0.02, 0.06)), 25)
    start, middle, end = (line.index(sign) for sign in "├●┤")
    assert middle - start == pytest.approx(end - middle, abs=1)
    axis = axis_of(summary_of((0.04, 0.02, 0.06)), 25)
    assert axis is not None
    assert [axis.cell(value) for value in (0.02, 0.04, 0.06)] == [start, middle, end]
    assert line.index("│") == axis.zero < start


def test_all_rows_share_the_scale() -> None:
    first, second = drawn(summary_of((0.01, 0.0, 0.02), (0.03, 0.02, 0.04)))
    assert first.index("┤") == second.index("├")
    assert first.index("├") == second.index("│")


finite = st.floats(-1, 1).map(lambda value: round(value, 4))
intervals = st.tuples(finite, finite, finite).map(lambda ends: (sorted(ends)[1], min(ends), max(ends)))


@settings(max_examples=200)
@given(st.lists(intervals, min_size=1, max_size=6), st.integers(17, 60))
def test_an_interval_touches_the_line_at_0_only_if_it_holds_0(given: list[tuple[float, float, float]], width) -> None:
    summary = summary_of(*given)
    axis = axis_of(summary, width)
    assert axis is not None
    for line, (_, low, high) in zip(drawn(summary, width), given, strict=True):
        assert len(line) == width
        marks = [place for place, sign in enumerate(line) if sign in "├─┤●┼◂▸"]
        if marks and low > 0:
            assert min(marks) > axis.zero
        elif marks and high < 0:
            assert max(marks) < axis.zero
        elif low < 0 < high:
            assert min(marks) < axis.zero < max(marks)


def test_the_scale_is_cut_where_one_row_would_flatten_all_others() -> None:
    small = [(0.01, 0.005, 0.015)] * 4
    *lines, far = drawn(summary_of(*small, (0.5, 0.01, 0.9)), 30)
    assert all("├" in line and "┤" in line for line in lines)
    assert far.endswith("▸")
    assert "┤" not in far
    (beyond,) = drawn(summary_of(*small, (-0.5, -0.6, -0.4)), 30)[4:]
    assert beyond.lstrip().startswith("◂")
    assert "●" not in beyond


def test_the_margin_is_a_band_around_0() -> None:
    (line,) = drawn(summary_of((0.05, 0.04, 0.06), margin=0.01), 35)
    band = re.search("░+│░+", line)
    assert band is not None
    before, after = band.group().split("│")
    assert len(before) == len(after)
    assert "░" not in drawn(summary_of((0.05, 0.04, 0.06)), 35)[0]


def test_an_effect_without_an_interval_is_a_dot() -> None:
    (line,) = drawn(summary_of((0.05, None, None)))
    assert line.count("●") == 1
    assert not set("├┤─") & set(line)


def test_effects_that_are_all_zero_lie_on_the_line() -> None:
    (line,) = drawn(summary_of((0.0, None, None)))
    assert line.strip() == "●"


def test_the_head_names_both_sides_and_round_numbers() -> None:
    head = ForestColumn(41).header(summary_of((0.02, -0.04, 0.08)))
    sides, ticks = head.split("\n")
    assert re.fullmatch(r" *hurts │ helps", sides)
    assert re.fullmatch(r" *-2 +0 +\+5", ticks.rstrip())
    assert sides.index("│") == ticks.index("0")
    less = replace(summary_of((0.02, -0.04, 0.08)), lower_is_better=True)
    assert re.fullmatch(r" *helps │ hurts", ForestColumn(41).header(less).split("\n")[0])


def test_the_base_has_no_interval() -> None:
    cells = ForestColumn(25).cells(summary_of((0.02, 0.01, 0.03)))
    assert cells[0].strip() == "│"


def test_no_effect_at_all_leaves_the_column_empty(study) -> None:
    summary = study({"": [0.5]})
    assert ForestColumn(25).cells(summary) == [""]


def test_effects_that_are_all_zero_leave_room_for_both_sides() -> None:
    axis = axis_of(summary_of((0.0, 0.0, 0.0)), 25)
    assert axis is not None
    assert axis.zero == 12


def test_the_interval_for_all_comparisons_is_thin_on_both_sides_and_on_its_side_of_0() -> None:
    summary = summary_of((0.04, 0.02, 0.06), (0.0, -0.02, 0.02))
    rows = [
        replace(row, family_interval=ends)
        for row, ends in zip(summary.rows, ((0.01, 0.07), (-0.03, 0.03)), strict=True)
    ]
    first, second = drawn(replace(summary, rows=tuple(rows)), 41)
    assert re.fullmatch(r" *│ *╌+├─*●─*┤╌+ *", first)
    assert re.fullmatch(r" *╌+├─*●─*┤╌+ *", second)
    axis = axis_of(replace(summary, rows=tuple(rows)), 41)
    assert axis is not None
    assert (first.index("╌"), first.rindex("╌")) == (axis.cell(0.01), axis.cell(0.07))


def test_a_thin_interval_that_is_much_wider_than_the_others_does_not_stretch_the_scale() -> None:
    summary = summary_of((0.04, 0.02, 0.06), (0.01, -0.01, 0.03))
    wide = replace(summary, rows=(summary.rows[0], replace(summary.rows[1], family_interval=(-0.5, 0.6))))
    assert axis_of(wide, 41) == axis_of(summary, 41)
    assert drawn(wide, 41)[1].startswith("◂")
    assert drawn(wide, 41)[1].endswith("╌▸")

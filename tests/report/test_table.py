"""What is seen on a terminal."""

from __future__ import annotations

import dataclasses
import io
import os
import re
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from flowerablate.contracts import Rules
from flowerablate.report import FORMATS, default_columns, render, show
from flowerablate.report.table import fit, wrap_label

ANSI = "\x1b"

GOLDEN = """\
accuracy on the test split, 4 to 5 replicates, base 88.9 %

                      effect, points             │ for
variant               [95 % interval]      -5    0        +10     n  verdict
────────────────────────────────────────────────────────────────────────────────
base                      —                      │                5  —
── left out: base − without ────────────────────────────────────────────────────
-random_resized_crop   +7.0 [+5.8,  +8.2]        │    ╌├●┤╌╌      5  ▲ helps
-horizontal_flip       +1.3 [+0.4,  +2.1]       ╌│●┤╌╌            4  · undecided
-rotation              -0.8 [-2.2,  +0.5]    ╌╌├●┼┤╌              5  · undecided
-brightness_contrast   +1.2 [-0.1,  +2.5]      ╌├┼●─┤╌            5  · undecided
-morphology            +3.0 [+1.6,  +4.3]        │╌├●┤╌╌          5  ▲ helps
-morphology -flip      +3.2 [+2.4,  +4.0]        │ ├●┤╌           5  ▲ helps
-model.skip            +1.8 [+0.1,  +3.4]      ╌╌│├●─┤╌           5  · undecided
-model.batchnorm      +19.4 [+4.8, +34.0]  ◂╌╌╌╌╌│╌╌╌╌├────────▸  5  · undecided
── swapped: base − new ─────────────────────────────────────────────────────────
model=resnet34         -2.4 [-3.5,  -1.3]   ╌├─●┤│                5  ▼ new wins
optimizer=adamw        +1.2 [+0.7,  +1.6]        │●┤              5  ▲ base wins

effect: see each heading, in percentage points, paired by seed; + favours the
component or the base.
verdict: paired t test at level .05, Holm over 10 comparisons; .01 of the level
is reserved for later tables with more replicates.
helps: the result is better with the component than without it.
plot: one scale for all rows; │ is 0; ╌ the interval for all comparisons
together; ◂ ▸ an interval that extends beyond the plot.
Columns that do not fit at this width: means, time, params.

· Failed and left out: 1 of 5 trials of -horizontal_flip (the disk was full;
  make room).
· Collapsed trials (one class predicted for all images, or a loss that is not
  finite), included in all numbers: -model.batchnorm 1 of 5.
· Undecided. The chance of a verdict with 12 replicates, and its range over the
  effects that are likely now: -rotation 9 % (0 to 35 %), -brightness_contrast
  29 % (1 to 61 %), -model.skip 35 % (3 to 65 %), -model.batchnorm 59 % (26 to
  79 %). Run with '--seeds 12' to add them; the error rate is kept.
  '--until-decided' may need fewer.
· Undecided: -horizontal_flip (n = 4: a verdict needs 5 replicates).
· Undecided, although the interval excludes 0: -model.skip, -model.batchnorm.
  The interval is for one comparison alone; the verdict also accounts for the 9
  other comparisons and possible later tables.
· Trials collapsed or failed more often on one side: -horizontal_flip 1 of 5,
  base 0 of 5; -model.batchnorm 1 of 5, base 0 of 5. A mean without such trials
  may be too good, and a mean with them often has an interval that is too
  narrow.
· Verdicts that only the t test can reach with so few replicates:
  -random_resized_crop, -morphology, -morphology -flip, model=resnet34,
  optimizer=adamw. It assumes differences that are roughly normal; the sign-flip
  test, which does not, cannot give a p below .0625 here. If the differences
  form two clusters, for example because some trainings fail, the t test errs
  more often than its level says.
· These comparisons change more than the component, and that may explain their
  effects: -model.skip: parameters 272k → 270k; -model.batchnorm: parameters
  272k → 271k; model=resnet34: parameters 272k → 21.3M.
"""


def lines(text: str) -> list[str]:
    return text.splitlines()


def test_the_table_at_80_columns(demo) -> None:
    assert render(demo) == GOLDEN


@pytest.mark.parametrize("width", [46, 60, 66, 72, 80, 100, 120])
def test_no_cell_is_cut_or_broken_inside(demo, width) -> None:
    text = render(demo, width=width)
    assert max(cell_len(line) for line in lines(text)) <= width
    layout = fit(default_columns(demo), demo, width)
    assert sum(layout.widths) + sum(layout.gaps) <= width
    for column in layout.cells:
        for cell in column:
            assert all(line.rstrip().strip() in text for line in cell.split("\n"))
    labels = [re.sub(r"\n  ", "", cell) for cell in layout.cells[0]]
    assert labels == ["base", *(row.label for row in demo.rows)]
    assert all("\n" not in cell for column in layout.cells[1:] for cell in column)


@settings(max_examples=40)
@given(width=st.integers(8, 130))
def test_any_width_is_kept(demo, width) -> None:
    assert max(cell_len(line) for line in lines(render(demo, width=width))) <= width


def test_columns_are_left_out_from_the_least_needed_and_the_reader_is_told(demo) -> None:
    names = [column.name for column in default_columns(demo)]
    assert [column.name for column in fit(default_columns(demo), demo, 120).columns] == names
    assert "No room" not in render(demo, width=120)
    at_80 = fit(default_columns(demo), demo, 80)
    assert [column.name for column in at_80.columns] == ["variant", "effect", "forest", "n", "verdict"]
    assert "Columns that do not fit at this width: means, time, params." in render(demo, width=80)
    narrow = fit(default_columns(demo), demo, 50)
    assert [column.name for column in narrow.columns] == ["variant", "effect", "n", "verdict"]
    assert narrow.dropped == ("means", "forest", "time", "params")
    assert fit(default_columns(demo), demo, 46).dropped == ("means", "forest", "n", "time", "params")


def test_a_long_name_continues_on_further_lines(study) -> None:
    change = "-random_resized_crop+horizontal_flip+brightness_contrast"
    text = render(study({"": [0.9, 0.8, 0.85], change: [0.5, 0.6, 0.7]}))
    first = next(index for index, line in enumerate(lines(text)) if line.startswith("-random"))
    assert re.split(r"\s+", lines(text)[first])[0] == "-random_resized_crop+"
    assert lines(text)[first + 1 : first + 4] == ["  horizontal_flip+", "  brightness_contrast", ""]


@given(st.text(min_size=1, max_size=60), st.integers(8, 30))
def test_wrapping_a_label_loses_nothing_and_keeps_the_width(label: str, width: int) -> None:
    wrapped = wrap_label(label.replace("\n", "x"), width)
    assert all(cell_len(line) <= width for line in wrapped.split("\n"))
    assert "".join(wrapped.split()) == "".join(label.replace("\n", "x").split())


def test_the_base_comes_first_and_has_no_effect(demo) -> None:
    body = [line for line in lines(render(demo)) if re.match(r"^(base  |-|\w+=)", line)]
    assert body[0].split() == ["base", "—", "│", "5", "—"]
    assert len(body) == 11


def test_output_that_is_no_terminal_has_no_colour_codes(demo) -> None:
    buffer = io.StringIO()
    show(demo, Console(file=buffer, width=80, _environ={}))
    assert ANSI not in buffer.getvalue()
    assert ANSI not in render(demo)
    assert ANSI in render(demo, color=True)


def test_colour_changes_no_character(demo) -> None:
    plain = re.sub(r"\x1b\[[0-9;]*m", "", render(demo, color=True))
    assert [line.rstrip() for line in lines(plain)] == lines(render(demo))


def test_a_terminal_that_knows_only_ascii_gets_only_ascii(demo) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    show(demo, Console(file=stream, width=80, _environ={}))
    stream.flush()
    text = raw.getvalue().decode("ascii")
    assert "-- left out: base - without ---" in text
    assert re.search(r"\+7.0 \[\+5.8,  \+8.2\] +: +~+\|-*o-*\|~+ +5  \+ helps", text)
    assert max(map(len, lines(text))) <= 80


def test_text_from_a_study_is_data(study) -> None:
    hostile = "-[red]x[/red]:smile:\x1b[31m\u202e"
    text = render(study({"": [0.9, 0.8], hostile: [0.5, None]}), color=True, title="[bold]my\nstudy")
    assert "[red]x[/red]:smile:�[31m�" in text
    assert "\x1b[31m�" not in text
    assert "[bold]my�study" in text


def test_one_pair_and_equal_differences_are_put_in_words(study) -> None:
    assert "+10.0 (one pair)" in render(study({"": [0.5], "-x": [0.4]}))
    assert "0.0 (sd 0)" in render(study({"": [0.5, 0.5], "-x": [0.5, 0.5]}))


def test_a_difference_that_rounds_to_zero_has_no_sign(study) -> None:
    text = render(study({"": [0.5000, 0.6000], "-x": [0.5001, 0.6003]}))
    assert re.search(r" 0\.0 \[", text)


def test_a_variant_that_failed_altogether_shows_dashes(study) -> None:
    (line,) = (line for line in lines(render(study({"": [0.5], "-x": [None]}), width=48)) if line.startswith("-x"))
    assert line.split() == ["-x", "—", "0", "·", "undecided"]


def test_a_loss_is_shown_as_it_is(study) -> None:
    text = render(study({"": [0.5, 0.62], "-x": [0.4, 0.5]}, metric="loss"), width=100)
    assert re.search(r"0\.440 → 0\.550 +-0\.110", text)
    assert "lower is better: − favours the component" in text
    assert "%" not in text.partition("Undecided. The chance")[0].replace("95 % interval", "")


def test_the_caption_names_metric_split_family_and_effect(demo, study) -> None:
    text = render(demo)
    assert "accuracy on the test split, 4 to 5 replicates, base 88.9 %" in text
    assert "effect: see each heading, in percentage points, paired by seed;" in " ".join(text.split())
    assert "paired t test at level .05, Holm over 10 comparisons; .01 of the level" in " ".join(text.split())
    one = render(study({"": [0.5, 0.6], "-x": [0.4, 0.5]}))
    one = " ".join(one.split())
    assert "at level .05, 1 comparison;" in one
    assert "effect: base − without in percentage points, paired by seed; + favours the component." in one
    assert "helps, hurts" not in render(study({"": [0.5, 0.6], "model=x": [0.4, 0.5]}))


def test_a_base_alone_is_a_table_too(study) -> None:
    text = render(study({"": [0.5, 0.6]}))
    assert "55.0" in text
    assert "comparisons" not in text


def test_kinds_stand_in_groups_with_what_is_subtracted_from_what(kinds) -> None:
    headings = [re.sub(r"─+ ?", "", line).strip() for line in lines(render(kinds)) if line.startswith("── ")]
    assert headings == [
        "left out: base − without",
        "added to the bare pipeline: with − without",
        "interactions: effect of one with the other − effect without it",
        "main effects: with − without",
        "Shapley values: part of full − bare",
        "swapped: base − new",
        "other settings: base − new",
        "controls: base − control",
    ]


def test_questions_of_one_kind_have_no_heading_and_the_head_names_the_arms(study) -> None:
    removal = render(study({"": [0.5, 0.6], "-x": [0.4, 0.45]}), width=100)
    assert "──" not in removal.splitlines()[5]
    assert "base → without" in removal
    assert "base → new" in render(study({"": [0.5, 0.6], "model=x": [0.4, 0.45]}), width=100)


def test_the_caption_tells_margin_and_family(kinds) -> None:
    text = " ".join(render(kinds).split())
    rule = (
        "paired t test and equivalence test (TOST) with margin ±0.5 points at level .05, 9 comparisons, "
        "adjusted together (Shaffer); .01 of the level is reserved"
    )
    assert f"verdict: {rule}" in text
    assert "░ the margin" in text


def test_the_caption_tells_planned_looks(demo) -> None:
    planned = dataclasses.replace(demo, rules=Rules(looks=(3, 5, 8)))
    assert "looks planned at n = 3, 5, 8: intervals and verdicts" in render(planned)


def test_the_caption_tells_what_is_kept_after_tables_whose_pairs_have_changed_too(study) -> None:
    values = {"": [0.9, 0.91, 0.92, 0.89, 0.9], "-a": [0.88, 0.92, 0.9, 0.9, 0.87]}
    text = render(study(values, looked=(5,), judged={"-a": [(5, 3)]}))
    assert ".005 of the level is reserved for later tables" in " ".join(text.split())
    assert "reserved" not in render(study(values, looked=(5,), rules=Rules(reserve=0.0)))


def test_verdicts_read_without_colour(kinds) -> None:
    text = render(kinds)
    assert re.search(r"-morphology .*▲ helps\n", text)
    assert re.search(r"model=resnet34 .*▼ new wins\n", text)
    assert re.search(r"-flip .*≈ negligible\n", text)
    assert re.search(r"flip x morphology .*· undecided\n", text)


@pytest.mark.parametrize("format", ["rich", "md", "csv", "latex", "json", "svg"])
def test_no_line_ends_in_blanks(demo, kinds, format) -> None:
    for summary in (demo, kinds):
        assert not [line for line in render(summary, format).split("\n") if line.endswith((" ", "\t"))]
    assert set(FORMATS) == {"rich", "md", "csv", "latex", "json", "svg"}


def test_the_module_demonstrates_itself_and_says_so() -> None:
    plain = {
        name: value for name, value in os.environ.items() if name not in {"COLUMNS", "FORCE_COLOR", "TTY_COMPATIBLE"}
    }
    run = subprocess.run(
        [sys.executable, "-m", "flowerablate.report"],
        capture_output=True,
        encoding="utf-8",
        env={**plain, "PYTHONUTF8": "1"},
    )
    assert run.returncode == 0
    assert run.stdout.startswith("DEMONSTRATION with invented numbers")
    assert ANSI not in run.stdout
    assert max(map(len, lines(run.stdout))) <= 80


def test_importing_the_rooms_loads_neither_torch_nor_scipy() -> None:
    code = (
        "import sys, flowerablate.stats, flowerablate.report;"
        "print(sorted({'torch', 'torchvision', 'scipy', 'matplotlib', 'jinja2'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_a_label_is_not_broken_inside_a_number_that_fits_in_a_line() -> None:
    assert wrap_label("optimizer.lr=0.03", 16) == "optimizer.lr=\n  0.03"
    assert wrap_label("optimizer=adam,lr=0.001", 16) == "optimizer=adam,\n  lr=0.001"


def test_a_label_breaks_between_its_parts_and_a_sign_stays_with_its_name() -> None:
    assert wrap_label("-morphology -flip -light", 13).split("\n") == ["-morphology ", "  -flip ", "  -light"]
    assert wrap_label("-random-crop", 9).split("\n") == ["-random-", "  crop"]


def test_the_lines_below_explain_only_marks_and_words_that_occur(study) -> None:
    plain = render(study({"": [0.50, 0.61, 0.72, 0.83, 0.94], "-x": [0.51, 0.61, 0.71, 0.83, 0.94]}))
    assert "plot: one scale for all rows; │ is 0." in plain
    assert not any(mark in plain for mark in "◂▸╌░")


def test_the_effects_of_several_kinds_in_no_unit_are_explained_without_a_gap(study) -> None:
    text = render(study({"": [0.5, 0.6], "-x": [0.4, 0.5], "model=y": [0.4, 0.5]}, metric="loss"))
    assert "effect: see each heading, paired by seed;" in text

"""What is seen on a terminal."""

from __future__ import annotations

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

from flowerablate.report import default_columns, render, show
from flowerablate.report.table import fit, wrap_label

ANSI = "\x1b"

GOLDEN = """\
accuracy on the test split, 4 to 5 replicates

                      mean, %      effect, points
variant               base → new   [95 % interval]      n  verdict   time params
────────────────────────────────────────────────────────────────────────────────
base                  88.9             —                5  —          41s   272k
-random_resized_crop  88.9 → 82.0   +7.0 [+5.8,  +8.2]  5  helps      38s   272k
-horizontal_flip      88.6 → 87.3   +1.3 [+0.4,  +2.1]  4  undecided  40s   272k
-rotation             88.9 → 89.8   -0.8 [-2.2,  +0.5]  5  undecided  37s   272k
-brightness_contrast  88.9 → 87.8   +1.2 [-0.1,  +2.5]  5  undecided  40s   272k
-morphology           88.9 → 86.0   +3.0 [+1.6,  +4.3]  5  helps      36s   272k
-morphology+flip      88.9 → 85.4   +3.6 [+2.5,  +4.6]  5  helps      35s   272k
-model.skip           88.9 → 87.2   +1.8 [+0.1,  +3.4]  5  undecided  39s   270k
-model.batchnorm      88.9 → 69.5  +19.4 [+4.8, +34.0]  5  undecided  34s   271k
model=resnet34        88.9 → 91.3   -2.4 [-3.5,  -1.3]  5  swap wins 3.1m  21.3M
optimizer=adamw       88.9 → 87.8   +1.2 [+0.7,  +1.6]  5  base wins  43s   272k

effect: base − new in points, paired by seed; + speaks for the base.
verdict: paired t test at .05, Holm over 10 comparisons.
helps, hurts: said of what was removed. time: per trial.

· Failed and left out: 1 of 5 trials of -horizontal_flip (the disk was full;
  make room).
· Collapsed runs, kept in all figures: -model.batchnorm 1 of 5.
· Undecided. About how many more replicates would decide, if effect and spread
  stay (power .8): -horizontal_flip 2, -rotation 11, -brightness_contrast 5,
  -model.skip 4, -model.batchnorm 3.
· The interval excludes 0 but the verdict allows for 10 comparisons:
  -horizontal_flip, -model.skip, -model.batchnorm.
· 5 replicates: the smallest possible exact sign-flip p is .0625 (6 replicates
  could reach .05), so the verdicts rest on the paired t test, which takes the
  differences to be normal.
"""


def lines(text: str) -> list[str]:
    return text.splitlines()


def test_the_table_at_80_columns(demo) -> None:
    assert render(demo) == GOLDEN


@pytest.mark.parametrize("width", [46, 60, 66, 72, 80, 100, 120])
def test_no_cell_is_cut_or_broken_inside(demo, width) -> None:
    text = render(demo, width=width)
    assert max(cell_len(line) for line in lines(text)) <= width
    layout = fit(default_columns(), demo, width)
    assert sum(layout.widths) + sum(layout.gaps) <= width
    for column in layout.cells:
        for cell in column:
            assert all(line.strip() in text for line in cell.split("\n"))
    labels = [re.sub(r"\n  ", "", cell) for cell in layout.cells[0]]
    assert labels == ["base", *(row.label for row in demo.rows)]
    assert all("\n" not in cell for column in layout.cells[1:] for cell in column)


@settings(max_examples=40)
@given(width=st.integers(8, 130))
def test_any_width_is_kept(demo, width) -> None:
    assert max(cell_len(line) for line in lines(render(demo, width=width))) <= width


def test_columns_are_left_out_from_the_least_needed_and_the_reader_is_told(demo) -> None:
    assert "No room" not in render(demo, width=80)
    assert "No room for: time, params." in render(demo, width=60)
    narrow = fit(default_columns(), demo, 50)
    assert [column.name for column in narrow.columns] == ["variant", "effect", "n", "verdict"]
    assert narrow.dropped == ("means", "time", "params")


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
    assert body[0].split() == ["base", "88.9", "—", "5", "—", "41s", "272k"]
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
    assert "88.9 -> 82.0" in text
    assert max(map(len, lines(text))) <= 80


def test_text_from_a_study_is_data(study) -> None:
    hostile = "-[red]x[/red]:smile:\x1b[31m\u202e"
    text = render(study({"": [0.9, 0.8], hostile: [0.5, None]}), color=True, title="[bold]my\nstudy")
    assert "[red]x[/red]:smile:�[31m�" in text
    assert "\x1b[31m�" not in text
    assert "[bold]my�study" in text


def test_one_pair_and_equal_differences_are_put_in_words(study) -> None:
    assert "+10.0 (one pair)" in render(study({"": [0.5], "-x": [0.4]}))
    assert "+10.0 (no spread)" in render(study({"": [0.5, 0.6], "-x": [0.4, 0.5]}))


def test_a_difference_that_rounds_to_zero_has_no_sign(study) -> None:
    text = render(study({"": [0.5000, 0.6000], "-x": [0.5001, 0.6003]}))
    assert re.search(r" 0\.0 \[", text)


def test_a_variant_that_failed_altogether_shows_dashes(study) -> None:
    (line,) = (line for line in lines(render(study({"": [0.5], "-x": [None]}))) if line.startswith("-x"))
    assert line.split() == ["-x", "—", "—", "0", "undecided", "—", "—"]


def test_a_loss_is_shown_as_it_is(study) -> None:
    text = render(study({"": [0.5, 0.62], "-x": [0.4, 0.5]}, metric="loss"))
    assert "0.440 → 0.550  -0.110" in text
    assert "lower is better" in text
    assert "%" not in text.replace("95 % interval", "")


def test_the_caption_names_metric_split_family_and_effect(demo, study) -> None:
    text = render(demo)
    assert "accuracy on the test split, 4 to 5 replicates" in text
    assert "effect: base − new in points, paired by seed; + speaks for the base." in text
    assert "paired t test at .05, Holm over 10 comparisons." in text
    assert "1 comparison." in render(study({"": [0.5, 0.6], "-x": [0.4, 0.5]}))
    assert "helps, hurts" not in render(study({"": [0.5, 0.6], "model=x": [0.4, 0.5]}))


def test_a_base_alone_is_a_table_too(study) -> None:
    text = render(study({"": [0.5, 0.6]}))
    assert "55.0" in text
    assert "comparisons" not in text


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
    assert run.stdout.startswith("DEMONSTRATION with invented figures")
    assert ANSI not in run.stdout
    assert max(map(len, lines(run.stdout))) <= 80


def test_importing_the_rooms_loads_neither_torch_nor_scipy() -> None:
    code = (
        "import sys, flowerablate.stats, flowerablate.report;"
        "print(sorted({'torch', 'torchvision', 'scipy', 'numpy'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"

"""LaTeX that compiles: checked by its structure, and by an engine where there is one."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowerablate.report import render
from flowerablate.report.latex import escape

ENGINE = next((name for name in ("pdflatex", "xelatex", "lualatex", "tectonic") if shutil.which(name)), None)


def body_of(text: str) -> list[str]:
    """The lines of the tabular that hold cells."""
    inside = text.split(r"\toprule")[1].split(r"\bottomrule")[0]
    return [line for line in inside.splitlines() if line.endswith(r"\\")]


def columns_in(line: str) -> int:
    """How many columns of the tabular a line fills."""
    wide = [int(number) for number in re.findall(r"\\multicolumn\{(\d+)\}", line)]
    return 1 + len(re.findall(r"(?<!\\)&", line)) + sum(number - 1 for number in wide)


def check(text: str) -> None:
    """Environments nest, braces and dollars close, every line of the table has as many cells as it has columns."""
    stack = []
    for kind, name in re.findall(r"\\(begin|end)\{(\w+)\}", text):
        if kind == "begin":
            stack.append(name)
        else:
            assert stack.pop() == name
    assert not stack
    bare = re.sub(r"\\.", "", re.sub(r"%.*", "", text.replace(r"\\", "").replace(r"\%", "")))
    depth = 0
    for sign in bare:
        depth += (sign == "{") - (sign == "}")
        assert depth >= 0
    assert depth == 0
    assert bare.count("$") % 2 == 0
    spec = re.search(r"\\begin\{tabular\}\{(.*)\}\n", text)
    assert spec is not None
    wanted = len(re.findall("[lrc]", re.sub(r"@\{[^}]*\}", "", spec.group(1))))
    lines = body_of(text)
    assert lines
    for line in lines:
        assert columns_in(line) == wanted, line
    assert text.isascii() or not re.search(r"[^\x00-\xff]", text)


def test_the_tables_are_well_formed(demo, kinds, study) -> None:
    for summary in (demo, kinds, study({"": [0.5]}), study({"": [0.5], "-x": [None]})):
        check(render(summary, "latex", title="my_study & more"))


def test_foreign_text_is_set_and_does_nothing(study) -> None:
    hostile = r"-\input{/etc/passwd}%$x_1^2$&#~<>|{" + "\u202eé漢"
    text = render(study({"": [0.9, 0.8], hostile: [0.5, None]}), "latex", title=hostile)
    check(text)
    assert r"\input" not in text
    assert r"{-}\textbackslash{}input\{/etc/passwd\}\%\$x\_1\textasciicircum{}2\$\&\#" in text


SAFE = re.compile(r"(\\[a-z]+(\{\})?|\\[{}$&#%_]|\{[-\[\]]\}|\$(-|\\[a-z]+)\$|---|``|''|[^\\{}$&#%_^~<>|\[\]])*")


@given(st.text())
def test_escaped_text_holds_only_known_commands(text: str) -> None:
    assert SAFE.fullmatch(escape(text))


def test_bold_stands_for_what_was_decided_and_nothing_else(demo) -> None:
    lines = {line.split(" & ")[0]: line for line in body_of(render(demo, "latex"))}
    for row in demo.rows:
        line = lines[escape(row.label)]
        assert (r"\textbf" in line) == (row.verdict != "undecided")
    assert r"\textbf" not in lines["base"]
    assert "Bold: decided." in render(demo, "latex")


def test_a_control_that_differs_in_nothing_is_no_decision(kinds) -> None:
    unchanged = [row.label for row in kinds.rows if row.verdict == "unchanged"]
    assert unchanged
    lines = {line.split(" & ")[0]: line for line in body_of(render(kinds, "latex"))}
    assert not any(r"\textbf" in lines[escape(label)] for label in unchanged)


def test_the_caption_has_the_rules_and_the_notes_stand_below(demo) -> None:
    text = render(demo, "latex", title="flowers")
    caption = re.search(r"\\caption\{(.*)\}\n", text)
    assert caption is not None
    assert "flowers: accuracy on the test split" in caption.group(1)
    assert (
        "Verdict: paired t test at level .05, Holm over 10 comparisons; .01 of the level is reserved for later tables "
        "with more replicates." in caption.group(1)
    )
    assert text.index(r"\end{tabular}") < text.index("Collapsed trials (one class predicted for all")
    assert r"\label{tab:flowers}" in text


def test_effect_and_interval_are_columns_of_their_own(demo) -> None:
    (line,) = (line for line in body_of(render(demo, "latex")) if line.startswith("{-}rotation"))
    assert r" & $-0.8$ & {[}$-2.2$, $+0.5${]} & $5$ & undecided" in line


def test_verdicts_carry_no_signs_that_need_another_package(kinds) -> None:
    text = render(kinds, "latex")
    assert not re.search("[▲▼≈·●]", text)
    assert re.findall(r"\\usepackage\{(\w+)\}", text) == ["booktabs"]


@pytest.mark.skipif(ENGINE is None, reason="no LaTeX engine here")
def test_an_engine_sets_it(demo, kinds, tmp_path: Path) -> None:
    tables = "\n".join(render(summary, "latex", title="a_b & c") for summary in (demo, kinds))
    document = "\\documentclass{article}\n\\usepackage{booktabs}\n\\begin{document}\n" + tables + "\\end{document}\n"
    (tmp_path / "table.tex").write_text(document, encoding="utf-8")
    options = [] if ENGINE == "tectonic" else ["-interaction=nonstopmode", "-halt-on-error"]
    done = subprocess.run([str(ENGINE), *options, "table.tex"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]
    assert (tmp_path / "table.pdf").stat().st_size > 1000

r"""LaTeX: a floating table for a paper, using only booktabs.

Bold marks decided rows only. The document needs ``\usepackage{booktabs}``. Characters outside
Latin-1 are written as commands or as ``?``, so pdfLaTeX and XeLaTeX both work.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ..errors import in_one_line
from ..stats import Row, Summary
from .caption import caption, headline
from .column import Column
from .phrases import printable
from .row_groups import groups_of, heading, order_of
from .standard import (
    EffectColumn,
    ParametersColumn,
    SecondaryColumn,
    TimeColumn,
    VariantColumn,
    VerdictColumn,
    default_columns,
)

_COMMANDS = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "-": "{-}",
    "[": "{[}",
    "]": "{]}",
    "—": "---",
    "−": "$-$",
    "±": r"$\pm$",
    "·": r"$\cdot$",
    "×": r"$\times$",
    "→": r"$\rightarrow$",
    "≈": r"$\approx$",
    "≠": r"$\neq$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "«": "``",
    "»": "''",
}
_TOO_WIDE = (SecondaryColumn, TimeColumn, ParametersColumn)
_NUMBER = re.compile(r"(?<![\w.])[+-]?\d+(\.\d+)?(?![\w.])")


def to_latex(summary: Summary, title: str = "", columns: Sequence[Column] = ()) -> str:
    """Return a ``table`` environment: caption with the rules, rows by kind, notes in small print below.

    Without *columns*, the table has those that fit a one-column page: no costs and no secondary metrics.
    """
    chosen = columns or [column for column in default_columns(summary) if not isinstance(column, _TOO_WIDE)]
    parts = [_Part(column, summary) for column in chosen if not column.is_drawing]
    lines = [
        r"% needs \usepackage{booktabs}",
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{_caption(summary, title, [part.column for part in parts])}}}",
        rf"\label{{tab:{re.sub(r'[^a-z0-9]+', '-', (title or summary.metric).lower()).strip('-')}}}",
        rf"\begin{{tabular}}{{@{{}}{''.join(part.spec for part in parts)}@{{}}}}",
        r"\toprule",
        *_heads(parts),
        r"\midrule",
        _line(parts, 0, bold=False),
        *_rows(parts, summary),
        r"\bottomrule",
        r"\end{tabular}",
        *_notes(summary.notes),
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


class _Part:
    """A column as one LaTeX column, or as two: effects and their intervals are aligned separately."""

    def __init__(self, column: Column, summary: Summary) -> None:
        self.column = column
        self.is_split = isinstance(column, (EffectColumn, SecondaryColumn))
        self.spec = "r@{ }r" if self.is_split else column.justify[0]
        self.heads = column.header(summary).split("\n")
        cells = column.cells(summary)
        if isinstance(column, VerdictColumn):  # bold replaces the sign
            cells = [cell.partition(" ")[2] or cell for cell in cells]
        self.cells = cells

    def cell(self, position: int, *, bold: bool) -> str:
        text = self.cells[position]
        if isinstance(self.column, VariantColumn):
            return escape(text)  # digits in a name are not numbers
        if not self.is_split:
            return _set(text, bold=bold)
        value, _, interval = text.strip().partition(" ")
        return f"{_set(value, bold=bold)} & {_set(in_one_line(interval), bold=bold)}"


def _heads(parts: Sequence[_Part]) -> Iterator[str]:
    for line in (0, 1):
        heads = []
        for part in parts:
            text = escape(([""] * (2 - len(part.heads)) + part.heads)[line])
            heads.append(rf"\multicolumn{{2}}{{c}}{{{text}}}" if part.is_split else text)
        if any(heads):
            yield f"{' & '.join(heads)} \\\\"


def _rows(parts: Sequence[_Part], summary: Summary) -> Iterator[str]:
    groups = groups_of(summary)
    if len(groups) == 1:
        yield r"\addlinespace"
        for position in order_of(summary):
            yield _row(parts, position, summary.rows[position])
        return
    width = sum(1 + part.is_split for part in parts)
    for group in groups:
        yield r"\addlinespace"
        yield rf"\multicolumn{{{width}}}{{@{{}}l}}{{\textit{{{escape(heading(group))}}}}} \\"
        for position in group.positions:
            yield _row(parts, position, summary.rows[position])


def _row(parts: Sequence[_Part], position: int, row: Row) -> str:
    return _line(parts, 1 + position, bold=row.verdict not in (None, "undecided", "unchanged"))


def _line(parts: Sequence[_Part], position: int, *, bold: bool) -> str:
    # Only the effect and the verdict turn bold: bold names or durations would carry no information.
    cells = [
        part.cell(position, bold=bold and isinstance(part.column, (EffectColumn, VerdictColumn))) for part in parts
    ]
    return f"{' & '.join(cells)} \\\\"


def _set(text: str, *, bold: bool) -> str:
    if not text.strip():
        return ""
    padding = len(text) - len(text.lstrip())
    body = _numbers(text.strip())
    return r"\phantom{0}" * padding + (rf"\textbf{{\boldmath {body}}}" if bold else body)


def _numbers(text: str) -> str:
    """Escape *text*, with its numbers in math mode, which sets a proper minus."""
    parts, start = [], 0
    for match in _NUMBER.finditer(text):
        parts += [escape(text[start : match.start()]), f"${match.group()}$"]
        start = match.end()
    return "".join([*parts, escape(text[start:])])


def _caption(summary: Summary, title: str, columns: Sequence[Column]) -> str:
    lines = [f"{headline(summary)}.", *caption(summary, columns)]
    sentences = [line[0].upper() + line[1:] for line in lines]
    if title:
        sentences[0] = f"{title}: {lines[0]}"
    if summary.comparisons:
        sentences.append("Bold: decided.")
    return " ".join(escape(sentence) for sentence in sentences)


def _notes(notes: Sequence[str]) -> Iterator[str]:
    if notes:
        yield r"\par\smallskip"
        yield r"\begin{minipage}{\linewidth}\footnotesize\raggedright"
        for note in notes:
            yield rf"{escape(note)}\par"
        yield r"\end{minipage}"


def escape(text: str) -> str:
    """Return *text* as LaTeX without active characters."""
    return "".join(_COMMANDS.get(sign, sign if sign <= "ÿ" else "?") for sign in printable(text))

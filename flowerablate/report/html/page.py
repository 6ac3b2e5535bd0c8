"""Writes a :class:`~.document.Document` as one HTML file.

The template engine escapes every text from a study, its data or a plugin, and invisible characters become ``�``. The
page loads and runs nothing; its content security policy enforces that in the browser.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...stats import Row, Summary
from ..caption import caption, headline
from ..column import Column
from ..figures.marks import mark_of
from ..phrases import MISSING, printable, scale_of
from ..row_groups import groups_of, heading
from ..signs import sign_of
from ..standard import VariantColumn, VerdictColumn, default_columns
from .document import Confusion, Document, Frame

if TYPE_CHECKING:
    from jinja2 import Environment

MAX_MATRIX_CLASSES = 15
"""Maximum number of classes for a confusion matrix; with more, the most frequent mistakes are listed."""

_MISTAKES = 12
_FIGURE_SPACE = " "
_MEDIA_TYPES = ("image/png", "image/jpeg")


def to_html(document: Document, columns: Sequence[Column] = ()) -> str:
    """Return the page; equal documents give equal text. *columns* are those of the table (default: standard)."""
    from ..figures import draw_accuracy, draw_costs, draw_forest, draw_losses

    summary = document.summary
    columns = [column for column in columns or default_columns(summary) if not column.is_drawing]
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            document=document,
            summary=summary,
            headline=headline(summary),
            caption=caption(summary, columns),
            tally=_tally(summary),
            table=_table(summary, columns),
            evidence=[_evidence(row, summary) for row in summary.rows if row.effect is not None],
            points=scale_of(summary).points,
            figures={
                "forest": _markup(draw_forest(summary)),
                "costs": _markup(draw_costs(document.costs, summary)),
                "accuracy": _markup(draw_accuracy(document.curves)),
                "losses": _markup(draw_losses(document.curves)),
            },
            matrices=[_matrix(confusion) for confusion in document.confusions],
            study=document.study.splitlines(),
        )
    )


def table_to_html(summary: Summary, title: str, columns: Sequence[Column] = ()) -> str:
    """Return the table of *summary* with its caption and notes as an HTML fragment, for a notebook.

    *title* is its heading; *columns* are those of the table, by default the standard ones. All text is escaped.
    """
    columns = [column for column in columns or default_columns(summary) if not column.is_drawing]
    return (
        _environment()
        .get_template("fragment.html.j2")
        .render(
            title=title,
            summary=summary,
            headline=headline(summary),
            caption=caption(summary, columns),
            table=_table(summary, columns),
        )
    )


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("flowerablate.report.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_visible,
    )
    environment.filters["data_uri"] = _data_uri
    environment.filters["prose"] = _prose
    environment.filters["mark"] = sign_of
    environment.filters["tone"] = lambda verdict: mark_of(verdict).tone
    return environment


def _visible(value: Any) -> Any:
    """Return *value* as a template writes it: text without invisible characters, trusted markup unchanged."""
    return printable(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _markup(svg: str) -> Any:
    from markupsafe import Markup

    return Markup(svg)  # our own drawing; the drawing library has escaped all text


def _prose(text: str) -> Any:
    """Return *text* without line breaks after the hyphen of names such as ``-flip``; ``->`` becomes an arrow."""
    from markupsafe import Markup, escape

    text = text.replace(" -> ", " → ")
    return Markup(re.sub(r"(?<![\w-])-(?=[^\W\d])", "-\N{WORD JOINER}", str(escape(printable(text)))))


def _data_uri(frame: Frame) -> str:
    if frame.media_type not in _MEDIA_TYPES:
        raise ValueError(f"an image of type {frame.media_type!r} cannot be embedded in a page")
    return f"data:{frame.media_type};base64,{base64.b64encode(frame.content).decode()}"


@dataclass(frozen=True)
class _Cell:
    """*kind*: ``name``, ``verdict`` with its *tone*, or ``number``."""

    text: str
    side: str
    kind: str
    tone: str = ""


@dataclass(frozen=True)
class _Block:
    """Rows of one kind below their *heading*; the base is a block without heading."""

    heading: str
    rows: tuple[tuple[_Cell, ...], ...]


@dataclass(frozen=True)
class _Table:
    heads: tuple[tuple[tuple[str, ...], str], ...]
    """Lines and side of each."""
    blocks: tuple[_Block, ...]


def _table(summary: Summary, columns: Sequence[Column]) -> _Table:
    texts = [column.cells(summary) for column in columns]
    rows = (summary.base, *summary.rows)

    def line(place: int) -> tuple[_Cell, ...]:
        return tuple(_cell(column, text[place], rows[place]) for column, text in zip(columns, texts, strict=True))

    groups = groups_of(summary)
    blocks = [
        _Block(heading(group) if len(groups) > 1 else "", tuple(line(1 + position) for position in group.positions))
        for group in groups
    ]
    heads = tuple((tuple(column.header(summary).split("\n")), column.justify) for column in columns)
    return _Table(heads, (_Block("", (line(0),)), *blocks))


def _cell(column: Column, text: str, row: Row) -> _Cell:
    if isinstance(column, VariantColumn):
        return _Cell(text, column.justify, "name")
    if isinstance(column, VerdictColumn):
        return _Cell(text, column.justify, "verdict", mark_of(row.verdict).tone if row.verdict else "open")
    return _Cell(_number(text), column.justify, "number")


def _number(text: str) -> str:
    """Return *text* aligned as on a terminal: blanks as wide as digits, minus signs as wide as plus signs."""
    inner = text.lstrip(" ")
    padded = _FIGURE_SPACE * (len(text) - len(inner)) + inner
    padded = padded.replace(", ", ",\0").replace("  ", _FIGURE_SPACE * 2)
    padded = padded.replace("[ ", "[" + _FIGURE_SPACE).replace("\0 ", " " + _FIGURE_SPACE).replace("\0", " ")
    return padded.replace("-", "−") if any(character.isdigit() for character in padded) else padded


def _evidence(row: Row, summary: Summary) -> dict[str, str]:
    effect = row.effect
    assert effect is not None
    scale = scale_of(summary)
    return {
        "label": row.label,
        "pairs": str(row.n),
        "p": _p(row.adjusted_p),
        "sign_flip": _p(effect.sign_flip_p),
        "mde": MISSING if effect.mde is None else scale.value(effect.mde),
        "correlation": MISSING if effect.correlation is None else f"{effect.correlation:.2f}".replace("-", "−"),
        "reason": row.reason,
    }


def _p(p: float | None) -> str:
    if p is None:
        return MISSING
    return "< .001" if p < 0.001 else f"{p:.3f}".removeprefix("0") if p < 0.9995 else "1.000"


def _tally(summary: Summary) -> list[tuple[int, str]]:
    verdicts = [row.verdict for row in summary.rows if row.verdict]
    return [(verdicts.count(verdict), str(verdict)) for verdict in dict.fromkeys(verdicts)]


@dataclass(frozen=True)
class _Matrix:
    """A confusion matrix for the template: *rows* of (count, percent of the class, tint), or *mistakes*."""

    label: str
    classes: tuple[str, ...]
    trials: int
    accuracy: str
    rows: tuple[tuple[tuple[int, str, str], ...], ...]
    mistakes: tuple[tuple[str, str, int, str], ...]


def _whole_percent(fraction: float) -> str:
    """Return *fraction* in whole percent; 0 and 100 stand for none and all, not for a few and nearly all."""
    rounded = f"{100 * fraction:.0f}"
    if rounded == "0" and fraction > 0:
        return "< 1"
    return "> 99" if rounded == "100" and fraction < 1 else rounded


def _matrix(confusion: Confusion) -> _Matrix:
    total = sum(map(sum, confusion.counts))
    right = sum(row[place] for place, row in enumerate(confusion.counts))
    rows, mistakes = [], []
    for place, (name, row) in enumerate(zip(confusion.classes, confusion.counts, strict=True)):
        whole = sum(row)
        fractions = [count / whole if whole else 0.0 for count in row]
        rows.append(tuple((count, _whole_percent(f), f"{f:.2f}") for count, f in zip(row, fractions, strict=True)))
        for other, count in enumerate(row):
            if count and other != place:
                mistakes.append((name, confusion.classes[other], count, f"{100 * fractions[other]:.1f}"))
    mistakes.sort(key=lambda mistake: (-mistake[2], mistake[:2]))
    small = len(confusion.classes) <= MAX_MATRIX_CLASSES
    return _Matrix(
        confusion.label,
        confusion.classes,
        confusion.trials,
        f"{100 * right / total:.1f}" if total else MISSING,
        tuple(rows) if small else (),
        () if small else tuple(mistakes[:_MISTAKES]),
    )

"""A comparison of two studies for the terminal, as Markdown, CSV and JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from ..errors import StudyError, in_one_line, nearest
from ..stats import Effect, EffectDifference, Row
from .caption import headline
from .comparison import Comparison, Match, Side, basis, explanation
from .formats import as_text
from .json_csv import csv_of, document_of, dumps, row_record
from .markdown import code_text, escape, table_line
from .phrases import MISSING, Scale, ascii_only, printable, scale_of
from .signs import UNTESTED, legend, sign_of, style_of
from .standard import effect_cells, interval_cells
from .table import ASCII_RULE, MIN_LABEL, RULE, bullet, trimmed, wrap_label

FORMATS = ("rich", "md", "csv", "json")
SCHEMA = "flowerablate.comparison/2"

TITLE = "Two studies side by side"


def show_comparison(comparison: Comparison, console: Console) -> None:
    """Print *comparison* on *console*, in its width, encoding and colours."""
    console.print(SideBySide(comparison))


def render_comparison(comparison: Comparison, format: str = "rich", *, width: int = 80, color: bool = False) -> str:
    """Return *comparison* as text in one of ``FORMATS``, ending in a newline; or raise :class:`StudyError`."""
    if format == "rich":
        return as_text(SideBySide(comparison), width, color)
    if format == "md":
        return _markdown(comparison)
    if format == "csv":
        return csv_of(_csv_line(match) for match in comparison.matches)
    if format == "json":
        return dumps(_document(comparison))
    raise StudyError(f"no comparison format is called {format!r}; {nearest(format, FORMATS)}")


@dataclass(frozen=True)
class SideBySide:
    """A rich renderable of *comparison*: the studies side by side, or one below the other if the width is too small."""

    comparison: Comparison

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for part in self._parts(options):
            yield from trimmed(part, console, options)

    def _parts(self, options: ConsoleOptions) -> Iterator[RenderableType]:
        safe: Callable[[str], str] = ascii_only if options.ascii_only else str
        yield Text(TITLE, style="bold")
        for name, side in _sides(self.comparison):
            yield Text(safe(f"{name}: {printable(side.title)}, {headline(side.summary)}"))
        yield Text(safe(printable(basis(self.comparison))))
        yield Text()
        grid = _fitting(self.comparison, options.max_width, safe)
        yield _table(grid, options)
        yield Text()
        if grid.legend:
            yield Text(safe(grid.legend), style="dim")
        for line in explanation(self.comparison):
            yield Text(safe(line), style="dim")
        if self.comparison.notes:
            yield Text()
        for note in self.comparison.notes:
            yield bullet(safe(printable(note)), options)


@dataclass(frozen=True)
class _Grid:
    """Heads and lines of cells with their *styles*; *legend* explains the signs if they stand without words."""

    heads: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]
    styles: tuple[tuple[str, ...], ...]
    legend: str = ""

    def widths(self) -> list[int]:
        columns = zip(self.heads, *self.lines, strict=True)
        return [max(cell_len(line) for cell in column for line in cell.split("\n")) for column in columns]


def _fitting(comparison: Comparison, width: int, safe: Callable[[str], str]) -> _Grid:
    grids = [_side_by_side(comparison, words=True), _side_by_side(comparison, words=False), _stacked(comparison)]
    for grid in grids:
        widths = grid.widths()
        rest = sum(widths[1:]) + 2 * (len(widths) - 1)
        room = max(MIN_LABEL, width - rest)
        lines = tuple((wrap_label(safe(line[0]), room), *map(safe, line[1:])) for line in grid.lines)
        fitted = _Grid(tuple(map(safe, grid.heads)), lines, grid.styles, grid.legend)
        if sum(fitted.widths()) + 2 * (len(widths) - 1) <= width:
            return fitted
    return fitted


def _side_by_side(comparison: Comparison, *, words: bool) -> _Grid:
    """Both studies on one line; the verdict in words, or only as a sign before the effect."""
    scale = scale_of(comparison.first.summary)
    sides = [_side_cells([match.first for match in comparison.matches], scale, words=words)]
    sides.append(_side_cells([match.second for match in comparison.matches], scale, words=words))
    differences = _difference_cells(comparison, scale)
    unit = f", {scale.points}" if scale.points else ""
    interval = f"[{comparison.first.summary.level * 100:g} % interval]"
    heads = ["variant"]
    for name in "AB":
        heads += [f"{name}: effect{unit}\n{'' if words else '  '}{interval}"] + (["verdict"] if words else [])
    lines, styles = [], []
    for match, first, second, difference in zip(comparison.matches, *sides, differences, strict=True):
        lines.append((match.label, *first, *second, difference))
        plain = [""] if words else []
        styles.append(("", *plain, _style(match.first), *plain, _style(match.second), ""))
    shown = [row.verdict for match in comparison.matches for row in (match.first, match.second) if row]
    return _Grid((*heads, f"A − B{unit}\n{interval}"), tuple(lines), tuple(styles), "" if words else legend(shown))


def _stacked(comparison: Comparison) -> _Grid:
    """Three lines for each contrast: A, B, and their difference."""
    scale = scale_of(comparison.first.summary)
    effects: list[tuple[float, float | None, float | None] | None] = []
    for match in comparison.matches:
        effects += [_interval(match.first), _interval(match.second), _difference_interval(match.difference)]
    cells = interval_cells(effects, scale)
    unit = f", {scale.points}" if scale.points else ""
    lines, styles = [], []
    for number, match in enumerate(comparison.matches):
        for offset, (name, row) in enumerate((("A", match.first), ("B", match.second))):
            label = match.label if offset == 0 else ""
            lines.append((label, name, cells[3 * number + offset], _verdict(row)))
            styles.append(("", "", "", _style(row)))
        lines.append(("", "A − B", cells[3 * number + 2], ""))
        styles.append(("", "", "", ""))
    interval = f"[{comparison.first.summary.level * 100:g} % interval]"
    return _Grid(("variant", "study", f"effect{unit}\n{interval}", "verdict"), tuple(lines), tuple(styles))


def _side_cells(rows: Sequence[Row | None], scale: Scale, *, words: bool) -> list[tuple[str, ...]]:
    effects: list[Effect | None] = [row.effect if row else None for row in rows]
    cells = effect_cells(effects, scale)
    if words:
        return [(cell, _verdict(row)) for cell, row in zip(cells, rows, strict=True)]
    return [(f"{sign_of(row.verdict if row else None)} {cell}",) for cell, row in zip(cells, rows, strict=True)]


def _difference_cells(comparison: Comparison, scale: Scale) -> list[str]:
    return interval_cells([_difference_interval(match.difference) for match in comparison.matches], scale)


def _interval(row: Row | None) -> tuple[float, float | None, float | None] | None:
    return (row.effect.mean, row.effect.low, row.effect.high) if row and row.effect else None


def _difference_interval(difference: EffectDifference | None) -> tuple[float, float | None, float | None] | None:
    return (difference.mean, difference.low, difference.high) if difference else None


def _verdict(row: Row | None) -> str:
    return f"{sign_of(row.verdict)} {row.verdict or UNTESTED}" if row else MISSING


def _style(row: Row | None) -> str:
    return style_of(row) if row else "dim"


def _table(grid: _Grid, options: ConsoleOptions) -> Table:
    table = Table(box=ASCII_RULE if options.ascii_only else RULE, show_edge=False, pad_edge=False, padding=0)
    widths = grid.widths()
    for index, (head, width) in enumerate(zip(grid.heads, widths, strict=True)):
        table.add_column(Text(head, style="bold"), width=width + (index + 1 < len(widths)), overflow="fold")
    for cells, styles in zip(grid.lines, grid.styles, strict=True):
        table.add_row(*(Text(cell, style=style) for cell, style in zip(cells, styles, strict=True)))
    return table


def _sides(comparison: Comparison) -> tuple[tuple[str, Side], ...]:
    return (("A", comparison.first), ("B", comparison.second))


def _markdown(comparison: Comparison) -> str:
    grid = _side_by_side(comparison, words=True)
    lines = [f"### {TITLE}", ""]
    lines += [f"- {name}: {escape(side.title)}, {escape(headline(side.summary))}" for name, side in _sides(comparison)]
    lines += ["", escape(basis(comparison)), ""]
    lines.append(table_line([escape(in_one_line(head)) for head in grid.heads]))
    lines.append(table_line(["---"] * len(grid.heads)))
    lines += [table_line([code_text(line[0]), *(in_one_line(cell) for cell in line[1:])]) for line in grid.lines]
    lines += ["", " ".join(escape(line) for line in explanation(comparison))]
    if comparison.notes:
        lines += ["", *(f"- {escape(note)}" for note in comparison.notes)]
    return "\n".join(lines) + "\n"


def _csv_line(match: Match) -> dict[str, object]:
    line: dict[str, object] = {"label": match.label, "kind": match.kind}
    for name, row in (("a", match.first), ("b", match.second)):
        effect = row.effect if row else None
        line |= {
            f"{name}_n": row.n if row else None,
            f"{name}_effect": effect.mean if effect else None,
            f"{name}_low": effect.low if effect else None,
            f"{name}_high": effect.high if effect else None,
            f"{name}_p_adjusted": row.adjusted_p if row else None,
            f"{name}_verdict": row.verdict if row else None,
        }
    difference = match.difference
    return line | {
        "difference": difference.mean if difference else None,
        "difference_low": difference.low if difference else None,
        "difference_high": difference.high if difference else None,
        "paired": difference.is_paired if difference else None,
        "pairs": difference.pairs if difference else None,
        "df": difference.df if difference else None,
    }


def _document(comparison: Comparison) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "paired": comparison.is_paired,
        "obstacles": list(comparison.obstacles),
        "notes": list(comparison.notes),
        "a": _study(comparison.first),
        "b": _study(comparison.second),
        "rows": [
            {
                "label": match.label,
                "kind": match.kind,
                "a": row_record(match.first, {}) if match.first else None,
                "b": row_record(match.second, {}) if match.second else None,
                "difference": asdict(match.difference) if match.difference else None,
            }
            for match in comparison.matches
        ],
    }


def _study(side: Side) -> dict[str, Any]:
    document = document_of(side.summary)
    del document["rows"], document["secondary"]
    return {"title": side.title, "data": side.data, "split_plan": dict(side.split), **document}

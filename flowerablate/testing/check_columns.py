"""Check of columns, on the tables of made-up studies."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..contracts import ColumnContext, ColumnSpec, TrialFailure, TrialResult, Value
from ..errors import one_line
from .check_settings import build, each_setting, named

if TYPE_CHECKING:
    from ..report import Column
    from ..stats import Summary

_ODD_NAME = "-[red]bold[/red]\x1b[31m<b>&amp;"
"""A name that a terminal or an HTML page could interpret as markup."""


def check_column(spec: ColumnSpec, *, params: Mapping[str, Value] | None = None) -> None:
    """Fill the column of *spec* for several made-up tables: with its defaults, each feature off and each choice.

    Checks that the column has a name and a header of one or two lines; that it has one cell for the base and one for
    each row, even for a failed trial, a single replicate or no variants; that each cell is one line of printable
    characters and the same each time; that rich knows its style; and that a printed table shows the cells unchanged.
    """
    for when, chosen in each_setting(spec, params):
        from ..report import Column

        column = build(spec, ColumnContext(Path()), chosen, when)
        what = f"{named(spec)}{when}"
        assert isinstance(column, Column), (
            f"{what}: build must return a flowerablate.report.Column, not {type(column).__name__}"
        )
        _check_traits(column, what)
        for case, summary in _summaries().items():
            _check_text(column, summary, f"{what}, for {case}")
        _check_printed(column, _summaries()["an ordinary table"], what)


def _check_traits(column: Column, what: str) -> None:
    name = getattr(column, "name", "")
    assert isinstance(name, str) and name.strip(), f"{what}: the column must have a name"  # noqa: PT018
    assert column.justify in ("left", "right"), f"{what}: justify must be left or right, not {column.justify!r}"
    assert column.drop_order is None or isinstance(column.drop_order, int), (
        f"{what}: drop_order must be an integer, or None for a column that always stays"
    )


def _check_text(column: Column, summary: Summary, what: str) -> None:
    from rich.errors import StyleSyntaxError
    from rich.style import Style

    try:
        head, cells = column.header(summary), column.cells(summary)
    except Exception as error:
        raise AssertionError(f"{what}: it fails with {one_line(error)}; any field of a row may be missing") from error
    assert isinstance(head, str), f"{what}: header must return a str, not {type(head).__name__}"
    lines = head.split("\n")
    assert len(lines) <= 2, f"{what}: header must have one or two lines, not {len(lines)}"
    assert all(line.isprintable() for line in lines), f"{what}: header has unprintable characters: {head!r}"
    rows = (summary.base, *summary.rows)
    assert len(cells) == len(rows), f"{what}: cells must return {len(rows)} strings, the base's first, not {len(cells)}"
    for cell in cells:
        assert isinstance(cell, str), f"{what}: a cell must be a str, not {type(cell).__name__}"
        assert cell.isprintable(), (
            f"{what}: a cell has unprintable characters: {cell!r}; use flowerablate.report.phrases.printable"
        )
    assert cells == column.cells(summary), f"{what}: cells returns something else the second time"
    for row in rows:
        style = column.style(row)
        try:
            Style.parse(style)
        except (StyleSyntaxError, AttributeError) as error:
            raise AssertionError(f"{what}: {style!r} is not a style that rich knows: {error}") from error


def _check_printed(column: Column, summary: Summary, what: str) -> None:
    if column.is_drawing:  # the table chooses its width
        return
    from rich.console import Console

    from ..report import Report

    out = io.StringIO()
    console = Console(file=out, width=1000, force_terminal=False, force_jupyter=False)
    console.print(Report(summary, columns=(column,)))
    printed = out.getvalue()
    shown = column if column.min_width is None else column.resized(column.max_width)
    for cell in shown.cells(summary):
        assert cell.strip() in printed, f"{what}: the printed table does not show {cell!r}"


def _summaries() -> dict[str, Summary]:
    from ..stats import summarise

    base, variant, swap = _trials("", 0.90), _trials("-flip", 0.85), _trials("model=other", 0.90)
    failed = [TrialFailure("id", "base", "-flip", seed, "the disk was full") for seed in range(4)]
    return {
        "an ordinary table": summarise([*base, *variant, *swap]),
        "a base without variants": summarise(base),
        "a single replicate": summarise([*base[:1], *variant[:1]]),
        "trials that failed": summarise([*base, *failed]),
        "a variant without a base": summarise([*variant]),
        "a metric for which lower is better": summarise([*base, *variant], metric="loss"),
        "a name that looks like markup": summarise([*base, *_trials(_ODD_NAME, 0.8)]),
    }


def _trials(change: str, level: float) -> list[TrialResult]:
    """Four replicates of a variant whose accuracy is about *level*."""
    return [
        TrialResult(
            trial_id=f"{change} {seed}",
            base_id="base",
            change=change,
            seed=seed,
            metrics={"accuracy": level + 0.01 * math.sin(1 + seed + len(change)), "loss": 9 * (1 - level) + 0.1 * seed},
            validation={},
            best_epoch=3,
            epochs=4,
            collapsed=False,
            costs={"seconds": 12.5, "images_per_second": 1234.5, "parameters": 272_474},
        )
        for seed in range(4)
    ]

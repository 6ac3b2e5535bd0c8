"""The suite finds what it promises to find: each fault below is one that a plugin author could make."""

from __future__ import annotations

import itertools

import pytest

import flowerablate as fa
from flowerablate.report import Column
from flowerablate.testing import check_column


def column(cells=lambda summary: ["base", *(str(row.n) for row in summary.rows)], head="pairs", **traits):
    """A spec of a column with these cells and class attributes."""

    class Made(Column):
        name = traits.get("name", "pairs")

        def header(self, summary):
            return head

    Made.cells = staticmethod(cells)
    for trait, value in traits.items():
        setattr(Made, trait, value)
    Made.__abstractmethods__ = frozenset()
    return fa.ColumnSpec("odd", "Odd.", build=lambda context: Made())


COUNTER = itertools.count()


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (fa.ColumnSpec("odd", "Odd.", build=lambda context: {}), "must return a flowerablate.report.Column, not dict"),
        (column(name=" "), "must have a name"),
        (column(justify="middle"), "justify must be left or right, not 'middle'"),
        (column(drop_order="first"), "drop_order must be an integer, or None"),
        (column(lambda summary: ["base"]), "cells must return 3 strings, the base's first, not 1"),
        (column(lambda summary: [row.n for row in (summary.base, *summary.rows)]), "a cell must be a str, not int"),
        (column(lambda summary: [row.label for row in (summary.base, *summary.rows)]), "unprintable characters: .*x1b"),
        (column(lambda summary: [f"{next(COUNTER)}" for _ in (0, *summary.rows)]), "something else the second time"),
        (column(lambda summary: ["", *(f"{row.effect.mean}" for row in summary.rows)]), "fails .*AttributeError"),
        (column(head="one\ntwo\nthree"), "header must have one or two lines, not 3"),
        (column(head="\x1b[1m"), "header has unprintable characters"),
        (column(head=7), "header must return a str, not int"),
        (column(style=staticmethod(lambda row: "no such style at all")), "is not a style that rich knows"),
    ],
)
def test_a_faulty_column_is_reported_with_its_fix(spec, message):
    with pytest.raises(AssertionError, match=message):
        check_column(spec)


def test_a_good_column_passes():
    check_column(column(justify="left", drop_order=2, head="number\nof pairs", style=staticmethod(lambda row: "bold")))


def test_markup_in_a_cell_is_shown_as_it_stands():
    check_column(column(lambda summary: ["[red]base[/red]", *("[b]&<i>" for _ in summary.rows)]))

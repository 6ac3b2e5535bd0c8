"""Builds the columns of a report that are named, in the given order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ..contracts import Choice, ColumnContext, ColumnSpec, CostInfo
from ..errors import PluginError, StudyError, nearest
from ..study.named_settings import read_several
from ..study.resolve import check_params
from .measured_costs import cost_infos

if TYPE_CHECKING:
    from ..report import Column
    from .assemble import Assembler


def choose_columns(text: str, assembler: Assembler, noted: Iterable[CostInfo] = ()) -> tuple[Column, ...]:
    """Build the columns that *text* names, such as ``variant,effect,forest,width=30,p``.

    An item with an equals sign is a parameter of the column before it. A name that is no registered column may be a
    cost: of an installed measure, or one of those *noted* in the ledger. An unknown name, or a column given twice,
    raises :class:`StudyError`; a plugin that builds something else raises :class:`PluginError`.
    """
    costs = {info.name: info for info in cost_infos(assembler, noted)}
    asked = read_several(text, "columns", ColumnSpec.slot)
    columns = [_build(wanted.name, wanted.params, assembler, costs) for wanted in asked]
    names = [column.name for column in columns]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise StudyError(f"columns: {twice!r} is given twice; name each column once")
    return tuple(columns)


def _build(name: str, given: dict[str, object], assembler: Assembler, costs: Mapping[str, CostInfo]) -> Column:
    from ..report import Column, CostColumn

    installed = assembler.registry.slot(ColumnSpec.slot)
    if name in costs and name not in installed:
        if given:
            raise StudyError(f"columns: the column of the cost {name!r} has no parameter {next(iter(given))!r}")
        return CostColumn(costs[name])
    if name not in installed:
        raise StudyError(f"columns: no column is called {name!r}; {nearest(name, [*installed, *costs])}")
    params = check_params(assembler.lookup(ColumnSpec.slot, name, "columns"), given, f"columns: {name}")
    column = assembler.build(ColumnSpec.slot, Choice(name, params), ColumnContext(assembler.root))
    if not isinstance(column, Column):
        owner = assembler.owner(ColumnSpec.slot, name)
        raise PluginError(
            f"column {name!r} of {owner} built a {type(column).__name__}, not a flowerablate.report.Column"
        )
    return column

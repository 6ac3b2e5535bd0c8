"""What ``report --columns`` names: columns of the registry, built in the order given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..contracts import Choice
from ..errors import PluginError, StudyError
from ..study.named_settings import read_several
from ..study.resolve import check_params

if TYPE_CHECKING:
    from ..report import Column
    from .assemble import Assembler


def choose_columns(text: str, assembler: Assembler) -> tuple[Column, ...]:
    """Build the columns that *text* names, such as ``variant,effect,forest,width=30,p``.

    What has an equals sign is a parameter of the column before it. An unknown name, or a column given twice, raises
    :class:`StudyError`; a plugin that does not build a column, :class:`PluginError`.
    """
    columns = [_build(wanted.name, wanted.params, assembler) for wanted in read_several(text, "--columns", "column")]
    names = [column.name for column in columns]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise StudyError(f"--columns: {twice!r} is given twice")
    return tuple(columns)


def _build(name: str, given: dict[str, object], assembler: Assembler) -> Column:
    from ..report import Column

    params = check_params(assembler.lookup("column", name, "--columns"), given, f"--columns: {name}")
    column = assembler.build("column", Choice(name, params))
    if not isinstance(column, Column):
        owner = assembler.provenance("column", name)
        raise PluginError(
            f"column {name!r} of {owner} built a {type(column).__name__}, not a flowerablate.report.Column"
        )
    return column

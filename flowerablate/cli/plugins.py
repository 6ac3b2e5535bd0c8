"""``flowerablate plugins``: what was found, what failed, and which names are claimed twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from .echo import echo
from .listing import Format, FormatOption, LocalOption, indented, show, study_folder

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ..discovery import Catalogue, Failure


def list_plugins(local: LocalOption = Path(), form: FormatOption = Format.table) -> None:
    """List the plugins, what they provide, and those that cannot be used, with the reason.

    A plugin that fails to load does not affect the others. Two that claim one name are an error (exit code 1), because
    it would not be clear which of them a study means.

    \b
    Examples:
      flowerablate plugins
      flowerablate plugins --local studies/roses.toml
      flowerablate plugins --format json
    """
    from ..discovery import discover

    catalogue = discover(study_folder(local), strict=False)
    if form is Format.json:
        echo(json.dumps(_record(catalogue), indent=2))
    else:
        show(_parts(catalogue))
    if catalogue.clashes:
        raise typer.Exit(1)


def _parts(catalogue: Catalogue) -> Iterator[RenderableType]:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("plugin", "from", "version"):
        table.add_column(column, no_wrap=True)
    table.add_column("components")
    for plugin in catalogue.plugins:
        owner = plugin.owner
        brought = [f"{slot} {len(names)}: {', '.join(names)}" for slot, names in plugin.components.items()]
        version = " ".join(filter(None, (owner.version, owner.digest[:12])))
        table.add_row(owner.plugin, owner.distribution, version, "\n".join(brought) or "none")
    yield table
    yield from _troubles("failed to load", catalogue.failures)
    yield from _troubles("clashes", catalogue.clashes)


def _troubles(title: str, troubles: tuple[Failure, ...]) -> Iterator[RenderableType]:
    from rich.text import Text

    if troubles:
        yield Text(f"\n{title}", style="bold red")
    for trouble in troubles:
        known = str(trouble.owner) in trouble.reason
        yield indented(trouble.reason if known else f"{trouble.owner}: {trouble.reason}")


def _record(catalogue: Catalogue) -> dict[str, Any]:
    def owner(each: Any) -> dict[str, str]:
        found = vars(each.owner)
        return {key: value for key, value in found.items() if value}

    return {
        "plugins": [owner(plugin) | {"components": plugin.components} for plugin in catalogue.plugins],
        "failures": [owner(failure) | {"reason": failure.reason} for failure in catalogue.failures],
        "clashes": [owner(clash) | {"reason": clash.reason} for clash in catalogue.clashes],
    }

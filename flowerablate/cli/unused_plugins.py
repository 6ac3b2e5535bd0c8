"""Says which plugins a command does not use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from ..visible import printable

if TYPE_CHECKING:
    from ..discovery import Catalogue


def warn(catalogue: Catalogue) -> None:
    """Report on standard error which plugins are not used; ``flowerablate plugins`` has the details."""
    for text in catalogue.unusable:
        typer.echo(f"{typer.style('warning', fg=typer.colors.YELLOW)}: {printable(text)}", err=True)

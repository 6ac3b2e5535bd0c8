"""Lines of plain text that a command prints."""

from __future__ import annotations

import typer

from ..visible import visible


def echo(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Print *text*, made :func:`~flowerablate.visible.visible`, on standard output or, *err*, on standard error."""
    typer.echo(visible(text), err=err, nl=nl)

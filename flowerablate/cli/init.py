"""``flowerablate init``: write a commented study file to start from."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from ..errors import StudyError
from ..study.templates import default_study


def init(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write.")] = Path("study.toml"),
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write a commented study file: the default pipeline, ready to be changed.

    \b
    Examples:
      flowerablate init
      flowerablate init flowers.toml
      flowerablate run flowers.toml --disable morphology
    """
    from ..study.read import study_name

    target = path / "study.toml" if path.is_dir() else path
    if target.exists() and not force:
        raise StudyError(f"{target} exists already; choose another name, or --force to replace it")
    text = default_study().replace('name = "default"', f'name = "{study_name(target.stem)}"', 1)
    target.write_text(text, encoding="utf-8")
    typer.echo(f"wrote {target}; next: flowerablate run {shlex.quote(str(target))} --disable morphology")

"""``flowerablate init``: write a commented study file to start from."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from ..errors import StudyError, nearest
from ..study.templates import KINDS, default_study, study_for
from ..visible import printable
from .echo import echo


def complete_kinds(incomplete: str) -> list[str]:
    """Complete the kind of images that a study is for."""
    return [kind for kind in KINDS if kind.startswith(incomplete)]


def init(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write.")] = Path("study.toml"),
    images: Annotated[
        str | None,
        typer.Option(
            "--for",
            metavar="|".join(KINDS),
            help="Write a study for images of your own of this kind. Without it: the default study.",
            autocompletion=complete_kinds,
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write a commented study file, ready to be changed; nothing is asked.

    \b
    Examples:
      flowerablate init
      flowerablate init flowers.toml
      flowerablate run flowers.toml --disable morphology
      flowerablate init roses.toml --for photographs
      flowerablate run roses.toml --data photographs
    """
    from ..study.read import study_name

    target = path / "study.toml" if path.is_dir() else path
    if target.exists() and not force:
        raise StudyError(f"{target} exists already; choose another name, or --force to replace it")
    if images is not None and images not in KINDS:
        raise StudyError(
            f"--for names a kind of images, not their folder, and {images!r} is none; {nearest(images, KINDS)}"
        )
    text = default_study() if images is None else study_for(images)
    named = text.replace('name = "default"', f'name = "{study_name(target.stem)}"', 1)
    itself = "study.toml" if images is None else f"{images}.toml"
    target.write_text(named.replace(f" {itself} ", f" {shlex.quote(str(target))} "), encoding="utf-8")
    further = "--disable morphology" if images is None else "--data FOLDER"
    taken = ", which commands in this folder take from now on" if str(target) == "study.toml" else ""
    echo(printable(f"wrote {target}{taken}; next: flowerablate run {shlex.quote(str(target))} {further}"))

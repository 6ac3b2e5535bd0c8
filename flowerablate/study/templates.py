"""Finds the text templates: inside the package when installed, next to it in a checkout."""

from __future__ import annotations

from pathlib import Path

KINDS = ("photographs", "x-rays")
"""The kinds of images for which there is a study to start from."""

_PACKAGE = Path(__file__).resolve().parents[1]


def template(name: str) -> Path:
    """Return the path of the template *name*, a file or a folder."""
    for home in (_PACKAGE / "templates", _PACKAGE.parent / "templates"):
        if (home / name).exists():
            return home / name
    raise FileNotFoundError(f"template {name!r} is missing from the installation")


def study_for(images: str) -> str:
    """Return the text of a study for a kind of *images*, one of :data:`KINDS`, TOML."""
    return template(f"study-{images}.toml").read_text(encoding="utf-8")


def default_study() -> str:
    """Return the text of the default study, TOML."""
    return template("study.toml").read_text(encoding="utf-8")

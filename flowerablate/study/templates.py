"""Finds the text templates: inside the package when installed, next to it in a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def template(name: str) -> Path:
    """Return the path of the template *name*, a file or a folder."""
    for home in (_PACKAGE / "templates", _PACKAGE.parent / "templates"):
        if (home / name).exists():
            return home / name
    raise FileNotFoundError(f"template {name!r} is missing from the installation")


def default_study() -> str:
    """Return the text of the default study, TOML."""
    return template("study.toml").read_text(encoding="utf-8")

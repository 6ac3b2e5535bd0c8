"""Reads a study: the defaults, the file on top of them, the command line on top of both."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..errors import StudyError, nearest
from .schema import StudyFile, parse

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_WHOLE = frozenset({"dataset", "steps", "model", "optimizer", "scheduler", "loss"})
"""Tables that a study replaces as a whole: another model's parameters must not linger. Others merge key by key."""


def read_study(defaults: str, path: Path | None, overrides: Iterable[str] = ()) -> StudyFile:
    """Return the study in the file *path* (or the *defaults* alone), with ``KEY=VALUE`` *overrides* applied last."""
    tables = tomllib.loads(defaults)
    source = "command line"
    if path is not None:
        source = str(path)
        written = load_toml(path)
        written.setdefault("name", path.stem)
        tables = merge(tables, written)
    for override in overrides:
        apply_override(tables, override)
    return parse(tables, source)


def load_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file; a missing file or a syntax error raises :class:`StudyError`."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StudyError(f"no study file {path}; 'flowerablate init' writes one") from None
    except IsADirectoryError:
        raise StudyError(f"{path} is a folder; name the study file, or a data folder with --data") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StudyError(f"{path} is not valid TOML: {error}") from None


def merge(defaults: Mapping[str, Any], written: Mapping[str, Any]) -> dict[str, Any]:
    """Lay *written* over *defaults*: component tables are replaced as a whole, the core's tables key by key."""
    merged = dict(defaults)
    for key, value in written.items():
        below = merged.get(key)
        if isinstance(below, dict) and isinstance(value, dict) and key not in _WHOLE:
            value = {**below, **value}
        merged[key] = value
    return merged


def apply_override(tables: dict[str, Any], override: str) -> None:
    """Set one ``dotted.key=value`` in *tables*; the value is read as TOML, or as a text where it is not TOML."""
    key, equals, text = override.partition("=")
    parts = [part.strip() for part in key.split(".")]
    if not equals or not all(parts):
        raise StudyError(f"{override!r} is not of the form key=value, such as train.epochs=3")
    if parts[0] not in StudyFile.model_fields:
        raise StudyError(f"unknown key {key!r}; {nearest(parts[0], StudyFile.model_fields)}")
    if parts[0] == "steps" and len(parts) > 2 and parts[2] != "use" and parts[1] not in tables["steps"]:
        raise StudyError(f"no step is called {parts[1]!r}; {nearest(parts[1], tables['steps'])}")
    table = tables
    for depth, part in enumerate(parts[:-1], start=1):
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise StudyError(f"{'.'.join(parts[:depth])} is a value, not a table, so {key!r} cannot be set")
    table[parts[-1]] = read_value(text)


def read_value(text: str) -> Any:
    """Read *text* as a TOML value; what is not TOML is a plain text, so that ``shape=cross`` needs no quotes."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text.strip()

"""Reads a study: the file overrides the defaults, and the command line overrides both."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..errors import StudyError, nearest
from .schema import StudyFile, component_tables, parse, study_model

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def read_study(
    defaults: str,
    path: Path | None,
    overrides: Iterable[str | tuple[str, object]] = (),
    options: Mapping[str, Any] | None = None,
    *,
    source: str = "command line",
) -> StudyFile:
    """Return the study in the file *path* (without one: the *defaults*).

    *options* (dotted keys and their values) override it, and *overrides*, as ``KEY=VALUE`` or as pairs, override both.
    *source*: the name in messages if there is no file.
    """
    tables = tomllib.loads(defaults)
    if path is not None:
        source = str(path)
        written = load_toml(path)
        written.setdefault("name", study_name(path.stem))
        tables = merge(tables, written)
    for key, value in (options or {}).items():
        set_key(tables, key, value)
    # Choose a component before setting its parameters, whatever the order of the overrides.
    pairs = (parse_override(each) if isinstance(each, str) else each for each in overrides)
    for key, value in sorted(pairs, key=lambda pair: not pair[0].endswith(".use")):
        set_key(tables, key, value)
    return parse(tables, source)


def study_name(text: str) -> str:
    """Return a valid study name made from *text*, such as the name of a file or folder."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")[:80] or "study"


def load_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file; a missing file or a syntax error raises :class:`StudyError`."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StudyError(f"no study file {path}; create one with 'flowerablate init'") from None
    except IsADirectoryError:
        raise StudyError(f"{path} is a folder; give the study file, or name the folder as the data") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StudyError(f"{path} is not valid TOML: {error}") from None


def merge(defaults: Mapping[str, Any], written: Mapping[str, Any]) -> dict[str, Any]:
    """Merge *written* into *defaults*: component tables are replaced as a whole, the core's tables key by key.

    Parameters of the default component must not apply to another one.
    """
    merged, whole = dict(defaults), component_tables()
    for key, value in written.items():
        below = merged.get(key)
        if isinstance(below, dict) and isinstance(value, dict) and key not in whole:
            value = {**below, **value}
        merged[key] = value
    return merged


def parse_override(override: str) -> tuple[str, Any]:
    """Read ``dotted.key=value``; the value is TOML, or a plain string if it is not valid TOML."""
    key, equals, text = override.partition("=")
    if not equals or not all(part.strip() for part in key.split(".")):
        raise StudyError(f"{override!r} is not of the form key=value, such as train.epochs=3")
    return key.strip(), read_value(text)


def set_key(tables: dict[str, Any], key: str, value: Any) -> None:
    """Set the dotted *key* in *tables*. A new component in ``use`` starts with its own default parameters."""
    *path, last = (part.strip() for part in key.split("."))
    first = path[0] if path else last
    known = study_model().model_fields
    if first not in known:
        raise StudyError(f"unknown key {key!r}; {nearest(first, known)}")
    if first == "steps" and len(path) > 1 and last != "use" and path[1] not in tables["steps"]:
        raise StudyError(f"no step is called {path[1]!r}; {nearest(path[1], tables['steps'])}")
    table = tables
    for depth, part in enumerate(path, start=1):
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise StudyError(f"{key!r} cannot be set: {'.'.join(path[:depth])} is a value, not a table")
    if last == "use" and table.get("use") != value:
        for stale in set(table) - {"removable"}:
            del table[stale]
    table[last] = value


def read_value(text: str) -> Any:
    """Read *text* as a TOML value; invalid TOML is a plain string, so ``shape=cross`` needs no quotes."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text.strip()

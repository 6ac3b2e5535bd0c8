"""Reads a study: the file overrides the defaults, and the command line overrides both."""

from __future__ import annotations

import codecs
import contextlib
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..contracts import DatasetSpec
from ..errors import StudyError, nearest
from ..files import content_of
from .origin import Origin
from .schema import StudyFile, component_tables, parse, study_model

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MOST_BYTES = 2_000_000
"""Size of a study file, at most: reading takes a second for each 3 MB, and what is larger was named by mistake."""


_WORD = re.compile(r"(?<![\w.])(?:True|False|(\d*)\.(?=\d|(?<=\d\.))(\d*)((?:[eE][+-]?\d+)?))(?![\w.])")
_IN_TOML = {"True": "true", "False": "false"}


def read_study(
    defaults: str,
    path: Path | None,
    overrides: Iterable[str | tuple[str, object]] = (),
    options: Mapping[str, Any] | None = None,
    *,
    source: str = "command line",
    with_data: bool = True,
) -> StudyFile:
    """Return the study in the file *path* (without one: the *defaults*).

    *options* (dotted keys and their values) override it, and *overrides*, as ``KEY=VALUE`` or as pairs, override both.
    *source*: what messages call those who give these. Raises :class:`StudyError` for the first fault, and for a
    file whose data nobody names, unless it is asked for without (*with_data* is false).
    """
    tables = tomllib.loads(defaults)
    pairs = [*(options or {}).items(), *_components_first(overrides)]
    asked = dict.fromkeys((key for key, _ in pairs), source)
    written = {} if path is None else load_toml(path)
    if path is not None:
        tables = merge(tables, {"name": study_name(path.stem), **written})
    for key, value in pairs:
        if key == DatasetSpec.slot and isinstance(value, Mapping):  # other data, of which the lists may still speak
            lists = {name: text for name, text in tables.get(key, {}).items() if name in ("groups", "exclude")}
            value = {**lists, **value}
        set_key(tables, key, value)
    study = parse(tables, source if path is None else str(path), asked)
    study = study.from_file(Origin("" if path is None else str(path), frozenset(asked)))
    if (
        path is not None
        and with_data
        and not any(key.partition(".")[0] == DatasetSpec.slot for key in (*written, *asked))
    ):
        raise StudyError(f"{path} names no data: add a table [{DatasetSpec.slot}] to it, or give the data as well")
    return study


def _components_first(overrides: Iterable[str | tuple[str, object]]) -> list[tuple[str, object]]:
    """Return *overrides* as pairs, so that a component is chosen before its parameters are set."""
    pairs = (parse_override(each) if isinstance(each, str) else each for each in overrides)
    return sorted(pairs, key=lambda pair: not pair[0].endswith(".use"))


def study_name(text: str) -> str:
    """Return a valid study name made from *text*, such as the name of a file or folder."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")[:80] or "study"


def load_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file; a missing file or a syntax error raises :class:`StudyError`."""
    text = ""
    try:
        content = content_of(path)
        if len(content) > MOST_BYTES:
            raise StudyError(
                f"{path} has {len(content) / 1e6:,.0f} MB, which is no study file (at most {MOST_BYTES / 1e6:.0f} MB); "
                "name images as the data"
            )
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise StudyError(f"{path} is in UTF-16; save it in UTF-8")
        text = content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n") + "\n"
        return tomllib.loads(text)
    except FileNotFoundError:
        raise StudyError(f"no study file {path}; create one with 'flowerablate init'") from None
    except IsADirectoryError:
        raise StudyError(f"{path} is a folder; give the study file, or name the folder as the data") from None
    except RecursionError:
        raise StudyError(f"{path} has values that are nested too deeply for a study; check its brackets") from None
    except UnicodeDecodeError as error:
        raise StudyError(f"{path} is not in UTF-8 ({error.reason} at byte {error.start}); save it in UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise StudyError(f"{path} is not valid TOML: {_in_the_line(str(error), text)}") from None


def _in_the_line(message: str, text: str) -> str:
    """Return the *message* of the parser with the line of *text* that it speaks of, and what it means by it."""
    place = re.search(r"at line (\d+)", message)
    if place is None:
        return message
    lines = text.split("\n")
    line = lines[int(place[1]) - 1].strip()
    key = re.match(r"[A-Za-z0-9_-]+(?=\s*=)", line)
    above = lines[: int(place[1]) - 1]
    table = max((number for number, each in enumerate(above) if each.lstrip().startswith("[")), default=-1)
    same = key and any(re.match(rf"\s*{key[0]}\s*=", each) for each in above[table + 1 :])
    if key and same and message.startswith("Cannot overwrite a value"):
        return f"{key[0]!r} is given twice, the second time in line {place[1]}"
    return f"{message}: {line}"


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
    """Read *text* as a TOML value; invalid TOML is a plain string, so ``shape=cross`` needs no quotes.

    Numbers and booleans may be written as in Python, too: ``.01``, ``1.``, ``True``.
    """
    try:
        for each in (text, _as_toml(text)):
            with contextlib.suppress(tomllib.TOMLDecodeError):
                return tomllib.loads(f"value = {each}")["value"]
    except RecursionError:
        raise StudyError(f"{text[:20]}... is nested too deeply for a value; check its brackets") from None
    return text.strip()


def _as_toml(text: str) -> str:
    """Return *text* with the numbers and booleans of Python in it as TOML writes them."""
    return _WORD.sub(lambda found: _IN_TOML.get(found[0]) or f"{found[1] or 0}.{found[2] or 0}{found[3]}", text)

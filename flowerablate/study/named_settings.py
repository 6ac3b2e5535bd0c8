"""Reads ``name,key=value,...``, the one-line form of metrics, swaps, trackers and columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..errors import StudyError
from .read import read_value

_OPENING = "[{"
_CLOSING = "]}"


@dataclass(frozen=True)
class Named:
    """A component's *name* and the parameters written after it, read as TOML."""

    name: str
    params: dict[str, Any] = field(default_factory=dict)


def read_named(text: str, where: str) -> Named:
    """Read one component, such as ``calibration_error,bins=20`` or ``normalize,mean=[0.5,0.5,0.5]``.

    Error messages begin with *where*. Raises :class:`StudyError` if a part after the name has no equals sign.
    """
    name, *settings = split_values(text)
    found = Named(name.strip())
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or not key.strip():
            raise StudyError(f"{where}: {setting.strip()!r} in {text!r} is not of the form parameter=value")
        found.params[key.strip()] = read_value(value)
    return found


def read_several(text: str, where: str, kind: str = "name") -> list[Named]:
    """Read several components, such as ``variant,forest,width=30,p``: a part without an equals sign starts a new one.

    Raises :class:`StudyError` if a parameter comes before the first name; *kind* is what messages call a component.
    """
    found: list[Named] = []
    for part in split_values(text):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals:
            found.append(Named(key))
        elif not found:
            raise StudyError(f"{where}: {part.strip()!r} is a parameter, but no {kind} comes before it")
        else:
            found[-1].params[key] = read_value(value)
    return found


def split_values(text: str) -> list[str]:
    """Split *text* at its commas, except within brackets or quotes; one left open raises :class:`StudyError`."""
    parts = [""]
    depth, quote, before = 0, "", ","
    for character in text:
        if quote:
            quote = "" if character == quote and not (quote == '"' and before == "\\") else quote
        elif character in "\"'" and before in ",=[{":
            quote = character
        elif character in _OPENING:
            depth += 1
        elif character in _CLOSING:
            depth = max(0, depth - 1)
        if character == "," and not depth and not quote:
            parts.append("")
        else:
            parts[-1] += character
        if quote or not character.isspace():
            before = character
    if quote or depth:
        raise StudyError(f"{text!r}: a quote or bracket is not closed; close it, or leave it out")
    return parts

"""Durations as users write and read them."""

from __future__ import annotations

import re

from .errors import StudyError

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0}
_WRITTEN = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?")


def seconds_of(text: str) -> float:
    """Return the seconds of a duration such as ``2h``, ``90m``, ``1h30m`` or ``45s``, or raise :class:`StudyError`."""
    found = _WRITTEN.fullmatch(text.strip())
    parts = found.groups() if found else ()
    seconds = sum(float(part) * unit for part, unit in zip(parts, _UNITS.values(), strict=bool(parts)) if part)
    if seconds <= 0:
        raise StudyError(f"{text!r} is not a duration; write one such as 2h, 90m, 1h30m or 45s")
    return seconds


def in_units(seconds: float) -> str:
    """Return *seconds*, 0 or more, in the two largest units, such as ``1 h 5 min``, ``2 h`` or ``0.5 s``."""
    if seconds < 1:
        return f"{seconds:.1g} s"
    hours, rest = divmod(round(seconds), 3600)
    minutes, rest = divmod(rest, 60)
    parts = [(hours, "h"), (minutes, "min"), (0 if hours else rest, "s")]
    return " ".join(f"{amount} {unit}" for amount, unit in parts if amount)

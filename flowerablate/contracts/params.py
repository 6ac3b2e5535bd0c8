"""The typed parameters of components."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from ..errors import StudyError, nearest

Value: TypeAlias = "bool | int | float | str | tuple[int | float | str, ...]"
"""The type of a parameter's value; TOML can express all of them."""


@dataclass(frozen=True)
class Param:
    """A typed parameter of a component; its type is the type of *default*.

    ``low`` and ``high`` are inclusive bounds (of each element, for a tuple); ``log``: a search should be logarithmic.
    ``off`` makes the parameter a *feature*: it is the value that switches this part of the component off. ``file``: the
    string names a file, absolute or relative to the study's folder (empty: none); the content of the file enters the
    id of a trial.
    """

    name: str
    default: Value
    summary: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    log: bool = False
    off: Value | None = None
    file: bool = False

    @classmethod
    def probability(cls, default: float = 1.0, *, random: bool = True) -> Param:
        """Return the parameter of a step that sets the fraction of the images that it changes.

        A step that is not *random* becomes random if the fraction is below 1; the summary then says so.
        """
        further = "" if random else "; below 1 it acts in training only"
        return cls("probability", default, f"fraction of the images that are changed{further}", low=0.0, high=1.0)

    @property
    def type_name(self) -> str:
        """The type as shown to users: ``bool``, ``int``, ``float``, ``str`` or ``list``."""
        return "list" if isinstance(self.default, tuple) else type(self.default).__name__

    @property
    def range_text(self) -> str:
        """The allowed values as shown to users, or an empty string."""
        if self.choices:
            return " | ".join(self.choices)
        if self.low is None and self.high is None:
            return ""
        low = "" if self.low is None else f"{self.low:g}"
        high = "" if self.high is None else f"{self.high:g}"
        return f"{low} to {high}" if low and high else f">= {low}" if low else f"<= {high}"

    def check(self, value: object, where: str) -> Value:
        """Return *value* converted to the parameter's type, or raise :class:`StudyError` that names *where* it is."""
        checked = self._coerce(value)
        if checked is None or not self._allowed(checked):
            if self.choices and isinstance(value, str):
                raise StudyError(f"{where}: unknown value {value!r}; {nearest(value, self.choices)}")
            allowed = f" ({self.range_text})" if self.range_text else ""
            raise StudyError(f"{where} must be {_WANTED[self.type_name]}{allowed}, not {value!r}")
        return checked

    def _coerce(self, value: object) -> Value | None:
        default = self.default
        if isinstance(default, bool):
            return value if isinstance(value, bool) else None
        if isinstance(default, str):
            return value if isinstance(value, str) else None
        if isinstance(default, tuple):
            if isinstance(value, bool | int | float):
                value = (value,)
            if isinstance(value, str) or not isinstance(value, Sequence):
                return None
            return self._coerce_items(tuple(value))
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return None
        if isinstance(default, int):
            return value if isinstance(value, int) else None
        return float(value)

    def _coerce_items(self, items: tuple[Any, ...]) -> Value | None:
        assert isinstance(self.default, tuple)
        wanted: type = type(self.default[0]) if self.default else str
        numbers = (int, float) if wanted is float else wanted
        if not all(isinstance(item, numbers) and not isinstance(item, bool) for item in items):
            return None
        return tuple(wanted(item) for item in items)

    def _allowed(self, value: Value) -> bool:
        for item in value if isinstance(value, tuple) else (value,):
            if self.choices and item not in self.choices:
                return False
            if isinstance(item, str):
                continue
            if (self.low is not None and item < self.low) or (self.high is not None and item > self.high):
                return False
        return True


def low_and_high(where: str, values: tuple[float, ...]) -> tuple[float, float]:
    """Return the two *values* of a range parameter.

    Raises :class:`StudyError` that names *where* they are unless there are two, the lower one first.
    """
    if len(values) != 2 or values[0] > values[1]:
        raise StudyError(f"{where} must be two numbers, the lower one first, not {list(values)}")
    return values[0], values[1]


def component_in(text: str) -> str:
    """Return the component that *text* names, such as ``calibration_error`` in ``calibration_error,bins=20``."""
    return text.partition(",")[0].strip()


_WANTED = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "str": "a string",
    "list": "a list",
}

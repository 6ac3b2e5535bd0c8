"""The order of classes whose names are all that is known of them."""

from __future__ import annotations

from collections.abc import Iterable


def in_number_order(names: Iterable[str]) -> tuple[str, ...]:
    """Return the different *names*, sorted: by value if they are whole numbers, of any length; texts count as 0."""
    return tuple(sorted(set(names), key=_value_and_name))


def _value_and_name(name: str) -> tuple[int, str, str]:
    digits = name.lstrip("0") if name.isascii() and name.isdecimal() else ""
    return len(digits), digits, name

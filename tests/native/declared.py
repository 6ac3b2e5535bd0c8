"""Parameters of any op, drawn from what the op declares."""

from __future__ import annotations

import random
from typing import Any

from flowerablate import _native

MAX_WHOLE = 80
"""Of whole numbers: sizes beyond it take long and find nothing more."""


def any_params(name: str, channels: int, dtype: str, choose: random.Random, *, optional: float = 0.5) -> dict[str, Any]:
    """Values of all parameters that must be given and of the fraction *optional* of the others, each in its range.

    What the op asks of several together, besides order and conditions, is not heeded: it may still refuse them.
    """
    declared = _native.op_params(name, channels, dtype)["params"]
    values: dict[str, Any] = {}
    for param in sorted(declared, key=lambda param: param["type"] != "str"):  # conditions name choices
        left_out = param["default"] is not None and choose.random() >= optional
        if not left_out and _met(param["when"], values, declared):
            values[param["name"]] = any_value(param, _met(param["count_when"], values, declared), choose)
    for param in declared:
        low, high = param["name"], param["below"] or param["not_above"]
        if high in values and low in values and values[low] > values[high]:
            values[low], values[high] = values[high], values[low]
        if param["below"] and values.get(low) == values.get(high):
            values[low] = param["min"]
    return values


def any_value(param: _native.ParamDeclaration, each_channel: bool, choose: random.Random) -> Any:
    """A value of the declared type and range."""
    low, high = param["min"], param["max"]
    if param["type"] == "bool":
        return choose.random() < 0.5
    if param["type"] == "str":
        return choose.choice(param["choices"])
    if param["type"] == "int":
        value = choose.randint(low, max(low, min(high, MAX_WHOLE)))
        return value - 1 if param["odd"] and value % 2 == 0 and value else value
    numbers = [choose.choice([low, high, choose.uniform(low, high)]) for _ in range(param["count"] or 1)]
    if param["type"] == "float":
        return numbers[0]
    return tuple(numbers if each_channel else numbers[:1])


def _met(condition: tuple[str, tuple[str, ...]] | None, values: dict[str, Any], declared: Any) -> bool:
    if condition is None:
        return True
    name, choices = condition
    default = next(param["default"] for param in declared if param["name"] == name)
    return values.get(name, default) in choices

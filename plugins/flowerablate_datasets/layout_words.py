"""How layouts of folders are told: names, and the options that choose a reading."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

_SHOWN = 4


def listed(names: Sequence[str]) -> str:
    """Return the first of *names*, with commas between them."""
    shown = ", ".join(names[:_SHOWN])
    return f"{shown} ..." if len(names) > _SHOWN else shown


def options_of(made: Any, given: Any) -> str:
    """Return the options in which the choice *made* differs from that *given*, as a study file has them."""
    changed = [each.name for each in fields(made) if getattr(made, each.name) != getattr(given, each.name)]
    return " and ".join(f"dataset.{name} = {_as_toml(getattr(made, name))}" for name in changed)


def _as_toml(value: int | str | tuple[str, ...]) -> str:
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)

"""Names that a package exports and that are loaded when they are first used, as PEP 562 has it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any


def lazy_names(
    package: str, homes: Mapping[str, Sequence[str]]
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return ``__getattr__``, ``__dir__`` and ``__all__`` of *package*.

    *homes*: the names that it exports, by the module in which they are, as in ``from .costs import CostInfo``. Type
    checkers see nothing of this; give them the imports.
    """
    home_of = {name: home for home, names in homes.items() for name in names}
    kept = vars(sys.modules[package])

    def load(name: str) -> Any:
        if name not in home_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        found = getattr(import_module(home_of[name], package), name)
        kept[name] = found
        return found

    def names() -> list[str]:
        return sorted({*kept, *home_of})

    return load, names, sorted(home_of)

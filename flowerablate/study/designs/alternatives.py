"""Swaps and settings: is the base better than with another component in a place, or another value of a setting?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ...contracts import Contrast
from ...errors import StudyError
from .cells import Cells
from .changes import swapped
from .naming import show_value
from .settings import check_value, parse_values, value_of, with_setting


def swaps(cells: Cells, texts: Iterable[str]) -> Iterator[Contrast]:
    """Yield one question per ``place=component``."""
    for text in texts:
        change = cells.add_new(swapped(cells.base, text, cells.lookup), text)
        yield Contrast.with_base(change, "swap", text.partition("=")[0])


def settings(cells: Cells, texts: Iterable[str]) -> Iterator[Contrast]:
    """Yield one question per value in ``key=value,value`` that differs from the base's value."""
    for text in texts:
        key, values = parse_values(text, "vary")
        checked = dict.fromkeys(check_value(cells.base, key, value, cells.lookup) for value in values)
        others = [value for value in checked if value != value_of(cells.base, key)]
        if not others:
            raise StudyError(f"vary {text!r} changes nothing: the base pipeline already has it; give another value")
        for value in others:
            change = cells.add(with_setting(cells.base, key, value))
            yield Contrast.with_base(change, "setting", key, label=f"{key}={show_value(value)}")

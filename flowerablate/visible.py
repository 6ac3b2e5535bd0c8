"""Text from files, names and plugins made harmless for a terminal, which control characters could take over."""

from __future__ import annotations

import json
import re
from typing import Any

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls but for tab and line break; ESC and the C1 set begin commands
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # marks that show text in another order than it has
    "\u2028\u2029\ud800-\udfff]"  # other line breaks; halves of characters, which no output takes
)


def printable(text: str) -> str:
    """Return *text* as one line of visible characters: control and formatting characters become ``�``."""
    return text if text.isprintable() else "".join(each if each.isprintable() else REPLACEMENT for each in text)


def visible(text: str) -> str:
    """Return *text*, of any number of lines, without what would command a terminal or reorder what it shows.

    Tabs, line breaks and all letters and blanks stay. Names should be :func:`printable` before they come into a text:
    a line break in one of them begins a line here.
    """
    return text if text.isascii() and text.isprintable() else _HIDDEN.sub(REPLACEMENT, text)


def json_text(content: Any, indent: int | None = 2) -> str:
    """Return *content* as JSON in which :func:`visible` finds nothing: such characters are escaped, none is lost.

    NaN and infinity, which JSON lacks, raise :class:`ValueError`.
    """
    text = json.dumps(content, indent=indent, ensure_ascii=False, allow_nan=False)
    return _HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)

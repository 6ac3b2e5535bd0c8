"""Markdown tables between two markers of a document, rewritten from the results."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence


def between(text: str, name: str, table: str, *, writer: str, document: str) -> str:
    """Return *text*, that of *document*, with *table* between the markers of *name*, which name the *writer* too."""
    begin, end = f"<!-- {name}: written by {writer} -->", f"<!-- end of {name} -->"
    if begin not in text or end not in text:
        sys.exit(f"error: {document} has no markers {begin!r} and {end!r}")
    inside = re.compile(f"({re.escape(begin)}).*?({re.escape(end)})", re.DOTALL)
    return inside.sub(lambda found: f"{found[1]}\n\n{table}\n\n{found[2]}", text)


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)

"""How a verdict is shown: as a sign, a word and a colour, each understandable alone."""

from __future__ import annotations

from ..stats import Row

UNTESTED = "not tested"

_SIGNS = {
    "helps": "▲",
    "base wins": "▲",
    "together more": "▲",
    "hurts": "▼",
    "new wins": "▼",
    "together less": "▼",
    "differs": "≠",
    "unchanged": "=",
    "negligible": "≈",
    "undecided": "·",
}

_STYLES = {"▲": "green", "▼": "red", "≠": "yellow", "≈": "cyan", "=": "cyan"}

LEGEND = "▲ for, ▼ against, ≈ negligible, = unchanged, · undecided"


def sign_of(verdict: str | None) -> str:
    """Return the sign of *verdict*; a space if there is none."""
    return _SIGNS.get(verdict or "", " ")


def signed_verdict(row: Row) -> str:
    """Return the verdict of *row* after its sign, such as ``▲ helps``."""
    return f"{sign_of(row.verdict)} {row.verdict or UNTESTED}"


def style_of(row: Row) -> str:
    """Return the rich style of the verdict of *row*: green for the base, red against it, dim if undecided."""
    return _STYLES.get(sign_of(row.verdict), "dim")

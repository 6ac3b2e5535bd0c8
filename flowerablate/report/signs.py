"""How a verdict is shown: as a sign, a word and a colour, each understandable alone."""

from __future__ import annotations

from collections.abc import Iterable

from ..stats import Row
from ..stats.verdicts import PROVISIONAL

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

_MEANINGS = {"▲": "for", "▼": "against", "≠": "differs", "≈": "negligible", "=": "unchanged", "·": "undecided"}


def sign_of(verdict: str | None) -> str:
    """Return the sign of *verdict*; a space if there is none."""
    return _SIGNS.get(verdict or "", " ")


def legend(verdicts: Iterable[str | None]) -> str:
    """Return what the signs of *verdicts* mean, such as ``▲ for, · undecided``; empty without any."""
    signs = {sign_of(verdict) for verdict in verdicts}
    return ", ".join(f"{sign} {meaning}" for sign, meaning in _MEANINGS.items() if sign in signs)


def signed_verdict(row: Row) -> str:
    """Return the verdict of *row* after its sign, such as ``▲ helps``; that of a row with trials to run is pending."""
    if row.verdict is not None and row.reason.startswith(PROVISIONAL):
        return f"{sign_of(row.verdict)} pending"
    return f"{sign_of(row.verdict)} {row.verdict or UNTESTED}"


def style_of(row: Row) -> str:
    """Return the rich style of the verdict of *row*: green for the base, red against it, dim if undecided."""
    return _STYLES.get(sign_of(row.verdict), "dim")

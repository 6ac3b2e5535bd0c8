"""What the tables of the evidence have in common: percentages with their errors, promises, conditions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

ALPHA = 0.05
ALLOWED = 3
"""Monte-Carlo standard errors by which a promise may be missed: of a hundred lines, two errors would fail several."""

Result = dict[str, Any]


def by_case(rows: Iterable[Result]) -> dict[tuple[str, object, object], dict[str, Result]]:
    found: dict[tuple[str, object, object], dict[str, Result]] = {}
    for row in rows:
        found.setdefault((row["case"], row["comparisons"], row["replicates"]), {})[row["procedure"]] = row
    return found


def promise(row: Result, interval: tuple[float, float] | None = None) -> str:
    """Return whether the family errs in at most 5 % and the interval covers, some Monte-Carlo errors allowed."""
    kept = row["family_error"] <= ALPHA + ALLOWED * row["family_error_se"]
    if interval is not None:
        slack = ALLOWED * row["covered_se"]
        kept &= interval[0] - slack <= row["covered"] <= interval[1] + slack
    return ("✓" if kept else "**no**") + ("" if row["model_holds"] else " (not owed)")


def percent(row: Result, key: str) -> str:
    return f"{100 * row[key]:.1f} ± {100 * row[f'{key}_se']:.1f} %"


def conditions(result: Result) -> str:
    return f"{result['studies']:,} studies per line; ± is one Monte-Carlo standard error. {versions(result)}"


def versions(result: Result) -> str:
    return ", ".join(f"{name} {number}" for name, number in result["versions"].items()) + "."

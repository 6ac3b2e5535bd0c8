"""Units of a split, single images or whole groups: ordered by a key, sorted by class, and assigned to parts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..keyed import key64


@dataclass(frozen=True)
class Unit:
    """Samples that stay together: *members* are their indices."""

    name: str
    members: tuple[int, ...]


def in_order(names: Iterable[str], *path: str | int) -> list[str]:
    """Return the distinct *names* in the random order that *path* keys; a name's rank key depends on nothing else."""
    return sorted(set(names), key=lambda name: (key64(*path, name), name))


def strata(names: Sequence[str], labels: Sequence[int], pool: Iterable[int], *path: str | int) -> list[list[Unit]]:
    """Group the samples of *pool* (indices) into units by name, and units by class, in the order that *path* keys.

    A unit with several classes counts for the one that is rarest in the pool, where balance matters most.
    """
    members: dict[str, list[int]] = {}
    count: dict[int, int] = {}
    for index in pool:
        members.setdefault(names[index], []).append(index)
        count[labels[index]] = count.get(labels[index], 0) + 1
    found: dict[int, list[Unit]] = {label: [] for label in sorted(count)}
    for name in in_order(members, *path):
        rarest = min((labels[index] for index in members[name]), key=lambda label: (count[label], label))
        found[rarest].append(Unit(name, tuple(members[name])))
    return [units for units in found.values() if units]


def deal(units: Sequence[Unit], quotas: Sequence[float]) -> list[list[Unit]]:
    """Assign *units*, in order, to one part per quota (in samples) and the rest to a last part.

    A part takes the next unit while that brings it closer to its quota. It takes at least one, and leaves one for each
    later part if there are enough.
    """
    parts: list[list[Unit]] = []
    start = 0
    for number, quota in enumerate(quotas):
        limit = len(units) - (len(quotas) - number)
        end, taken = start, 0
        while end < len(units) and (end == start or (end < limit and _closer(quota, taken, len(units[end].members)))):
            taken += len(units[end].members)
            end += 1
        parts.append(list(units[start:end]))
        start = end
    return [*parts, list(units[start:])]


def _closer(quota: float, taken: int, more: int) -> bool:
    return abs(quota - taken - more) < abs(quota - taken)

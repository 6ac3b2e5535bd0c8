"""Units of a split, single images or whole groups: in a keyed order, by class, and dealt out to parts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..keyed import key64


@dataclass(frozen=True)
class Unit:
    """What stays together: the indices of its samples, its *members*."""

    name: str
    members: tuple[int, ...]


def in_order(names: Iterable[str], *path: str | int) -> list[str]:
    """Return the different *names* in the random order that *path* keys: a name's place depends on nothing else."""
    return sorted(set(names), key=lambda name: (key64(*path, name), name))


def strata(names: Sequence[str], labels: Sequence[int], pool: Iterable[int], *path: str | int) -> list[list[Unit]]:
    """Gather the samples of *pool* (indices) to units by name, and those by class, in the order that *path* keys.

    A unit with several classes counts for the one that is rarest in the pool, where balance is dearest.
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
    """Deal *units*, in their order, to a part for each of *quotas*, in samples, and the rest to a last one.

    A part takes the next unit while that brings it nearer to its quota. It takes one at least, and leaves one for each
    part behind it where there are so many.
    """
    parts: list[list[Unit]] = []
    start = 0
    for number, quota in enumerate(quotas):
        most = len(units) - (len(quotas) - number)
        end, taken = start, 0
        while end < len(units) and (end == start or (end < most and _nearer(quota, taken, len(units[end].members)))):
            taken += len(units[end].members)
            end += 1
        parts.append(list(units[start:end]))
        start = end
    return [*parts, list(units[start:])]


def _nearer(quota: float, taken: int, more: int) -> bool:
    return abs(quota - taken - more) < abs(quota - taken)

"""The lists that a study may give with any data set: which images belong together, and which are left out.

``dataset.groups`` names a CSV with the columns ``path`` and ``group``; ``dataset.exclude`` a text with a path on each
line; ``dataset.group_from`` is a regular expression that finds the group in a path. Paths are the keys of the samples:
relative to the folder of the data set, with forward slashes.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..contracts import Samples
from ..errors import DataError, message_of
from ..files import open_text, replacing
from .identifiers import found_in_paths

_COLUMNS = ("path", "group")
_REMARK = "# "


def with_lists(
    samples: Samples, groups: Path | None = None, exclude: Path | None = None, group_from: str = ""
) -> Samples:
    """Return *samples* without those that the file *exclude* names, in the groups of the file *groups*.

    *group_from*: a regular expression whose first group, or else all that matches, is the group of an image in its
    path. Groups of the data set itself, such as patients, are joined with these wherever they share an image. A file
    without entries, as ``data check`` writes it where there is nothing to list, changes nothing. Raises
    :class:`DataError` if a file cannot be read or names none of the samples, and for an expression that is none or is
    in no path.
    """
    if exclude is not None:
        samples = _without(samples, exclude)
    if group_from:
        samples = _grouped(samples, found_in_paths(group_from, samples.keys, "dataset.group_from"))
    if groups is not None:
        named = _read_groups(groups)
        if named:
            _require_some(groups, named, samples)
        samples = _grouped(samples, named)
    return samples


def write_groups(path: Path, groups: Iterable[Sequence[str]]) -> None:
    """Write *groups* of keys as a CSV for ``dataset.groups``; each is called by its first key."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows((key, group[0]) for group in groups for key in group)
    with replacing(path) as file:
        file.write(text.getvalue().encode())


def write_exclude(path: Path, excluded: Iterable[tuple[str, str]]) -> None:
    """Write pairs of a key and the reason why it is left out, as a text for ``dataset.exclude``."""
    lines: list[str] = []
    last = ""
    for key, reason in excluded:
        if reason != last:
            lines.append(f"{_REMARK}{reason}")
            last = reason
        lines.append(f"./{key}" if key.startswith(_REMARK) else key)
    with replacing(path) as file:
        file.write("".join(f"{line}\n" for line in lines).encode())


def _without(samples: Samples, path: Path) -> Samples:
    text = _text(path, "dataset.exclude")
    lines = [line.strip() for line in text.splitlines()]
    named = {line.removeprefix("./") for line in lines if line and not line.startswith(_REMARK)}
    if not named:
        return samples
    _require_some(path, named, samples)
    kept = [place for place, key in enumerate(samples.keys) if key not in named]
    left_out = len(samples) - len(kept)
    remark = f"{left_out} {'image' if left_out == 1 else 'images'} left out by {path.name}"
    return replace(samples.only(kept), remarks=(*samples.remarks, remark) if left_out else samples.remarks)


def _grouped(samples: Samples, named: Mapping[str, str]) -> Samples:
    """Return *samples* with those in one group that *named* puts there, by their keys."""
    if not named:
        return samples
    own = samples.groups or samples.keys
    joined = _Joined()
    for key, group in zip(samples.keys, own, strict=True):
        if key in named:
            joined.join(("own", group), ("named", named[key]))
    names: dict[tuple[str, str], str] = {}
    for key, group in zip(samples.keys, own, strict=True):
        whole = joined.of(("own", group))
        name = group if samples.groups else named.get(key, group)
        names[whole] = min(names.get(whole, name), name)
    return replace(samples, groups=tuple(names[joined.of(("own", group))] for group in own))


class _Joined:
    """Things of which some are joined: :meth:`of` returns one for all that are joined with it."""

    def __init__(self) -> None:
        self._leaders: dict[tuple[str, str], tuple[str, str]] = {}

    def of(self, thing: tuple[str, str]) -> tuple[str, str]:
        path = []
        while (leader := self._leaders.get(thing, thing)) != thing:
            path.append(thing)
            thing = leader
        self._leaders.update(dict.fromkeys(path, thing))
        return thing

    def join(self, one: tuple[str, str], other: tuple[str, str]) -> None:
        first, second = self.of(one), self.of(other)
        if first != second:
            self._leaders[second] = first


def _read_groups(path: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    reader = csv.DictReader(io.StringIO(_text(path, "dataset.groups"), newline=""))
    try:
        head = list(reader.fieldnames or ())
        lacking = [column for column in _COLUMNS if column not in head]
        if lacking:
            raise DataError(f"{path} has no column {lacking[0]!r}; it has: {', '.join(head) or 'none'}")
        for row in reader:
            key, group = ((row[column] or "").strip() for column in _COLUMNS)
            where = f"{path}, line {reader.line_num}"
            if not key or not group:
                raise DataError(f"{where} lacks the {'path' if not key else 'group'}; fill it in, or remove the line")
            if found.setdefault(key, group) != group:
                raise DataError(f"{where} puts {key!r} in a second group; keep one of them")
    except csv.Error as error:
        raise DataError(f"cannot read {path} as a table: {message_of(error)}") from error
    return found


def _text(path: Path, key: str) -> str:
    try:
        with open_text(path, encoding="utf-8-sig") as file:
            return file.read()
    except FileNotFoundError:
        raise DataError(
            f"{key}: there is no file {path}; check the path (a relative path begins at the study's folder)"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{key}: cannot read {path}: {message_of(error)}") from error


def _require_some(path: Path, named: Iterable[str], samples: Samples) -> None:
    known = set(samples.keys)
    if not any(key in known for key in named):
        such = f", such as {samples.keys[0]}" if len(samples) else ""
        raise DataError(f"{path} names no image of the data set; paths begin at the data set's folder{such}")

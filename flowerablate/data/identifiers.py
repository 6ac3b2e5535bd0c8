"""Finds identifiers that file names repeat, such as those of patients, by the structure of the names.

A name is cut into fields: numbers, codes (hexadecimal, UUID) and words. An identifier is what comes before a cut, if

- its last field is a number or code with at least five values,
- several images share it, in at least three cases and for at least 5 % of the images,
- there are at least five identifiers, and two for each class, so that it is not the class,
- what comes after the cut begins anew with each identifier: few values, or dates and codes only. The counter of a
  camera goes on instead, so its values are as many as the images,
- it is no date.

After a word such as ``patient``, only the last of these counts, and that two images share a number.

So ``00000165_005.png`` has the identifier 00000165, ``CNV-1016042-3.jpeg`` of the class CNV 1016042, and
``patient00012/view1.jpg`` patient00012; ``IMG_2041.jpg``, ``20230418_101502.jpg`` and ``100080576_f52e8ee070_n.jpg``
have none. The first cut that fits counts.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from ..contracts import Samples
from ..errors import DataError, message_of

_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_CODE = r"(?=[0-9]*[a-fA-F])(?=[a-fA-F]*[0-9])[0-9a-fA-F]{8,}(?![A-Za-z0-9])"
_FIELD = re.compile(rf"(?P<code>{_UUID}|{_CODE})|(?P<number>\d+)|(?P<word>[^\W\d_]+)|(?P<mark>[\W_]+)")
_PATTERNS = {"code": r"[0-9a-fA-F-]+", "number": r"\d+", "word": r"[^\W\d_]+"}
_WORDS = frozenset({"patient", "pat", "pid", "person", "subject", "subj", "sub", "case", "animal"})
"""Words before the number of a patient."""

_MIN_IMAGES = 10
_MIN_IDENTIFIERS = 5
_MIN_REPEATED = 3
_MIN_FRACTION = 0.05
_MAX_NEW = 0.8
"""Values after the cut per image; more are a counter that goes on, or a time."""


@dataclass(frozen=True)
class Identifiers:
    """The identifiers of images by their keys, and the regular *pattern* whose first group they are in the keys."""

    pattern: str
    groups: Mapping[str, str]

    @property
    def images(self) -> int:
        """The number of images that share their identifier with others."""
        return sum(number for number in Counter(self.groups.values()).values() if number > 1)

    @property
    def most(self) -> str:
        """The identifier that most images share."""
        return Counter(self.groups.values()).most_common(1)[0][0]


def repeated_identifiers(samples: Samples) -> Identifiers | None:
    """Return the identifiers that the names of *samples* repeat, or None. The folders of classes do not count."""
    names = [_Name.of(key, samples.classes[label]) for key, label in zip(samples.keys, samples.labels, strict=True)]
    for in_folders in (True, False):
        kinds: dict[tuple[str, ...], list[_Name]] = {}
        for name in names:
            fields = name.fields if in_folders else name.own_fields
            kinds.setdefault(tuple(field.kind for field in fields), []).append(name)
        patterns = [
            pattern
            for alike in kinds.values()
            if (pattern := _pattern(alike, len(names), len(samples.classes), in_folders))
        ]
        if patterns:
            pattern = "|".join(patterns)
            return Identifiers(pattern, groups_by(pattern, samples.keys))
    return None


def groups_by(pattern: str, keys: Sequence[str]) -> dict[str, str]:
    """Return the group of each of *keys* in which *pattern* is found: its first group that matches, or all of it."""
    compiled = re.compile(pattern)
    matches = ((key, match) for key in keys if (match := compiled.search(key)))
    found = {key: next(filter(None, match.groups()), match[0]) for key, match in matches}
    return {key: group for key, group in found.items() if group}


def found_in_paths(pattern: str, keys: Sequence[str], option: str) -> dict[str, str]:
    """Return :func:`groups_by`; raise :class:`DataError` for a pattern, given as *option*, that finds nothing."""
    try:
        found = groups_by(pattern, keys)
    except re.error as error:
        raise DataError(f"{option}: {pattern!r} is no regular expression: {message_of(error)}") from error
    if not found:
        such = f", such as {keys[0]}" if keys else ""
        raise DataError(f"{option}: {pattern!r} is in the path of no image{such}")
    return found


def torn_groups(samples: Samples, groups: Sequence[str]) -> dict[str, list[int]]:
    """Return the *groups* (one per sample, empty: none) with images in two parts of the official split.

    The values are the indices of their samples.
    """
    places: dict[str, list[int]] = defaultdict(list)
    for place, name in enumerate(groups):
        if name:
            places[name].append(place)
    parts = samples.splits or ("",) * len(samples)
    return {name: group for name, group in places.items() if len({parts[place] for place in group}) > 1}


def first_lines(samples: Samples) -> Iterator[str]:
    """Yield the lines with which a run on *samples* begins: what was read, and identifiers that no group keeps."""
    yield samples.found
    if text := remark_on_identifiers(samples):
        yield text


def remark_on_identifiers(samples: Samples) -> str:
    """Return what to say before training of identifiers that no group keeps together; empty for nothing."""
    found = repeated_identifiers(samples) if samples.groups is None else None
    if found is None:
        return ""
    number = len(set(found.groups.values()))
    torn = torn_groups(samples, [found.groups.get(key, "") for key in samples.keys])
    if samples.splits and not torn:
        return ""
    where = f"{len(torn)} of {number} are in two splits" if torn else f"{found.images} images share {number} of them"
    return (
        f"file names repeat an identifier, such as {found.most}, and {where}; if these are patients or the like, "
        f"metrics are inflated: set dataset.group_from = '{found.pattern}'"
        + (' and split.method = "grouped"' if torn else "")
    )


class _Field(NamedTuple):
    """A field of a name; *kind*: code, number or word, or the *text* itself of what is between these."""

    kind: str
    text: str


class _Name(NamedTuple):
    """The fields of the path of an image below the folder of its class, and those of the name of the file alone."""

    fields: tuple[_Field, ...]
    own_fields: tuple[_Field, ...]
    label: str

    @classmethod
    def of(cls, key: str, label: str) -> _Name:
        *folders, name = key.split("/")
        stem = name.rpartition(".")[0] or name
        label, own = label.lower(), _fields(stem)
        lowered = [folder.lower() for folder in folders]
        if label in lowered:
            folders = folders[len(folders) - lowered[::-1].index(label) :]
        above = [each for folder in folders for each in _fields(f"{folder}/")]
        return cls((*above, *own), own, label)


def _fields(text: str) -> tuple[_Field, ...]:
    return tuple(
        _Field(match[0] if match.lastgroup == "mark" else str(match.lastgroup), match[0])
        for match in _FIELD.finditer(text)
    )


def _pattern(names: Sequence[_Name], images: int, classes: int, in_folders: bool) -> str:
    """Return the pattern of the identifier of *names*, whose fields are of the same kinds; empty for none."""
    are_few = len(names) < max(_MIN_IMAGES, _MIN_FRACTION * images)
    every = [name.fields if in_folders else name.own_fields for name in names]
    columns = list(zip(*every, strict=True))
    for cut in range(1, len(columns)):
        ends_folder = "/" in columns[cut][0].text and columns[cut][0].kind not in _PATTERNS
        if in_folders and not ends_folder:
            continue
        if _is_identifier(names, columns[:cut], columns[cut:], classes, are_few):
            return _written(names, columns, cut, in_folders)
    return ""


def _is_identifier(
    names: Sequence[_Name],
    columns: Sequence[Sequence[_Field]],
    rest: Sequence[Sequence[_Field]],
    classes: int,
    are_few: bool,
) -> bool:
    last = columns[-1]
    if last[0].kind not in ("number", "code") or len({field.text for field in last}) < 2:
        return False
    shown = [column for column in columns if column[0].kind in _PATTERNS and not _is_class(column, names)]
    numbers = [column for column in shown if column[0].kind == "number"]
    dates = zip(*numbers, strict=True)
    if last[0].kind == "number" and all(_is_date(tuple(field.text for field in row)) for row in dates):
        return False
    counts = Counter(tuple(field.text for field in row) for row in zip(*shown, strict=True))
    repeated = [number for number in counts.values() if number > 1]
    if _follows_a_word(columns):
        return bool(repeated) and len(counts) > 1
    if are_few or len({field.text for field in last}) < _MIN_IDENTIFIERS or len(repeated) < _MIN_REPEATED:
        return False
    if len(counts) < max(_MIN_IDENTIFIERS, 2 * classes) or sum(repeated) < _MIN_FRACTION * len(names):
        return False
    return _begins_anew(rest, len(names))


def _is_class(column: Sequence[_Field], names: Sequence[_Name]) -> bool:
    """Whether a *column* of words is the class of each image, or a part of its name."""
    return column[0].kind == "word" and all(
        field.text.lower() in name.label for field, name in zip(column, names, strict=True)
    )


def _follows_a_word(columns: Sequence[Sequence[_Field]]) -> bool:
    words = [column for column in columns if column[0].kind == "word"]
    return bool(words) and {field.text.lower() for field in words[-1]} <= _WORDS


def _begins_anew(rest: Sequence[Sequence[_Field]], images: int) -> bool:
    counted: list[Sequence[_Field]] = []
    after_date = False
    for column in rest:
        if column[0].kind not in ("number", "word"):
            continue
        is_time = column[0].kind == "number" and (_are_dates(column) or (after_date and _lengths(column) == {6}))
        after_date = is_time or (after_date and column[0].kind != "number")
        if not is_time:
            counted.append(column)
    return len({tuple(field.text for field in row) for row in zip(*counted, strict=True)}) <= _MAX_NEW * images


def _are_dates(column: Sequence[_Field]) -> bool:
    """Whether all numbers of a *column* begin with a date, such as 20230418."""
    return min(_lengths(column)) >= 8 and all(_is_date((field.text[:8],)) for field in column)


def _lengths(column: Sequence[_Field]) -> set[int]:
    return {len(field.text) for field in column}


def _is_date(numbers: tuple[str, ...]) -> bool:
    """Whether *numbers* are a year, a year and a month, or a date, and nothing else."""
    first = numbers[0]
    parts = (first[:4], first[4:6], first[6:], *numbers[1:]) if len(first) == 8 else numbers
    if len(parts[0]) != 4 or len(parts) > 3 or not "1900" <= parts[0] <= "2100":
        return False
    year, month, day = (*map(int, parts), 1, 1)[:3]
    try:
        date(year, month, day)
    except (ValueError, OverflowError):
        return False
    return True


def _written(names: Sequence[_Name], columns: Sequence[Sequence[_Field]], cut: int, in_folders: bool) -> str:
    """Return the pattern that finds the identifier, all before the *cut*, in a key; the class is not part of it."""
    parts = []
    for column in columns:
        kind, texts = column[0].kind, {field.text for field in column}
        is_one = kind not in _PATTERNS or (kind == "word" and len(texts) == 1)
        parts.append(re.escape(min(texts)) if is_one else _PATTERNS[kind])
    skipped = 0
    while _is_class(columns[skipped], names):
        skipped += 2 if columns[skipped + 1][0].kind not in _PATTERNS else 1
    before, inside, after = "".join(parts[:skipped]), "".join(parts[skipped:cut]), "".join(parts[cut:])
    return f"(?:^|/){before}({inside}){'/' if in_folders else rf'{after}(?:[.][^./]*)?$'}"

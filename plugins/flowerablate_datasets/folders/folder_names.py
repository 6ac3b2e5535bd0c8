"""What names of folders say: a part of a split, by the words that people use, or a patient or part of a download."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import NamedTuple

_PART_OF_WORD = {
    **dict.fromkeys(("train", "training", "trn"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "val"),
    **dict.fromkeys(("test", "testing", "tst"), "test"),
}
_FILLERS = frozenset({"set", "data", "dataset", "image", "images", "img", "imgs", "split", "seg", "folder", "samples"})
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_NUMBERED = re.compile(r"(?:.*[\W_])?(?P<word>[A-Za-z]+)[\W_]*\d+[A-Za-z]{0,2}")
_GROUPS = frozenset({"patient", "pat", "pid", "person", "subject", "subj", "sub", "case", "study", "series", "scan"})
_GROUPS |= {"slide", "exam", "session", "visit", "animal", "p", "s", "id"}
_GROUPS |= {"part", "batch", "fold", "chunk", "shard", "image", "images", "img"}


class PartName(NamedTuple):
    """The *part* of a split that a name speaks of, empty for none, and the *rest* of its words, joined by ``_``."""

    part: str
    rest: str


def part_name(name: str) -> PartName:
    """Read ``seg_train`` as (train, ""), ``trainA`` as (train, A), ``Final_Test`` as (test, Final), ``rose`` as none.

    A number in front of a name, as in ``1_train``, only sorts it.
    """
    words = [re.sub(r"(?<=.)(set|data)$", "", word, flags=re.IGNORECASE) for word in _WORD.findall(name)]
    if len(words) > 1 and words[0].isdecimal():
        del words[0]
    parts = [word for word in words if word.lower() in _PART_OF_WORD]
    if len(parts) != 1:
        return PartName("", "_".join(words))
    rest = [word for word in words if word not in parts and word.lower() not in _FILLERS]
    return PartName(_PART_OF_WORD[parts[0].lower()], "_".join(rest))


def part_of(name: str) -> str:
    """Return the part of a split that *name* alone stands for, such as ``seg_train``; empty for none."""
    found = part_name(name)
    return "" if found.rest else found.part


def roles_of(parts: Collection[str]) -> dict[str, str]:
    """Return what each of *parts* is in the samples: one for validation without one for tests is the one for tests."""
    return {part: "test" if part == "val" and "test" not in parts else part for part in parts}


def are_groups(names: Iterable[str]) -> bool:
    """Whether *names* are those of patients, or parts of a download: such a word, and a number."""
    matches = [_NUMBERED.fullmatch(name) for name in names]
    return all(match is not None and match["word"].lower() in _GROUPS for match in matches)

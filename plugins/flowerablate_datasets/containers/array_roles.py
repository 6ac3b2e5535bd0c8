"""What the arrays of a data set are, by the words of their names: ``train_images``, ``y_test``, ``X`` and the like."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flowerablate import DataError

from ..folders.folder_names import part_of

IMAGES, LABELS, GROUPS, NAMES = "images", "labels", "group", "class_names"

_ROLES = {
    **dict.fromkeys(("images", "image", "imgs", "img", "x", "data", "pixels"), IMAGES),
    **dict.fromkeys(("labels", "label", "y", "targets", "target"), LABELS),
    **dict.fromkeys(("group", "groups", "patient", "patients", "subject", "subjects"), GROUPS),
}
_CLASS_NAMES = frozenset({"classnames", "labelnames", "targetnames", "classes", "names"})


@dataclass(frozen=True)
class ArrayRole:
    """What an array is: its *kind* (images, labels, group, class_names), and the *part* of a split, if any."""

    kind: str
    part: str = ""


@dataclass(frozen=True)
class PartArrays:
    """The names of the arrays of one *part* of the split; *group* may be empty, the part as well."""

    part: str
    images: str
    labels: str
    group: str = ""


def role_of(name: str) -> ArrayRole | None:
    """Return what the array *name* is, as far as its words tell."""
    if re.sub(r"[\W_]+", "", name.lower()) in _CLASS_NAMES:
        return ArrayRole(NAMES)
    words = [word for word in re.split(r"[\W_]+", name.lower()) if word]
    kinds = {_ROLES[word] for word in words if word in _ROLES}
    rest = [word for word in words if word not in _ROLES]
    part = part_of(rest[0]) if len(rest) == 1 else ""
    return ArrayRole(kinds.pop(), part) if len(kinds) == 1 and bool(rest) == bool(part) else None


def parts_of(names: Iterable[str], given: Mapping[str, str], where: str) -> tuple[list[PartArrays], list[str]]:
    """Return the arrays of each part of the split, and the names that are none of them.

    *given*: the arrays that the user names, by kind. Raises :class:`DataError` that names the arrays if images have no
    labels, or if it is not clear which are meant.
    """
    names = list(names)
    given = {kind: name for kind, name in given.items() if name}
    if missing := [name for name in given.values() if name not in names]:
        raise DataError(f"{where} has no array {missing[0]!r}; it has: {_listed(names)}")
    found: dict[ArrayRole, list[str]] = {}
    for name in names:
        role = role_of(name)
        if role and role.kind != NAMES and name not in given.values():
            found.setdefault(role, []).append(name)
    if given:  # one pair, without parts; what is not given goes by the words
        found = {role: each for role, each in found.items() if not role.part and role.kind not in given}
        found |= {ArrayRole(kind): [name] for kind, name in given.items()}
    if IMAGES in given and LABELS not in given and ArrayRole(LABELS) not in found:
        raise _unclear(where, names, f"it has no labels of {given[IMAGES]!r}")
    whole = ArrayRole(IMAGES) in found
    roles = [role for role in found if role.kind == IMAGES and bool(role.part) != whole]
    parts = [
        PartArrays(
            role.part,
            _only(found, role, where, names),
            _only(found, ArrayRole(LABELS, role.part), where, names),
            _only(found, ArrayRole(GROUPS, role.part), where, names, needed=False),
        )
        for role in sorted(roles, key=lambda role: ("train", "val", "test", "").index(role.part))
    ]
    if not parts:
        raise _unclear(where, names, "no array is named like images and another like their labels")
    used = {name for each in parts for name in (each.images, each.labels, each.group)}
    return parts, [name for name in names if name not in used]


def _only(
    found: Mapping[ArrayRole, list[str]], role: ArrayRole, where: str, names: list[str], *, needed: bool = True
) -> str:
    each = found.get(role, [])
    if len(each) == 1 or (not each and not needed):
        return each[0] if each else ""
    of = f" of the part {role.part}" if role.part else ""
    raise _unclear(where, names, f"{' and '.join(map(repr, each)) or 'no array'} may be the {role.kind}{of}")


def _unclear(where: str, names: list[str], what: str) -> DataError:
    return DataError(f"{where}: {what}; name them (dataset.images, dataset.labels): {_listed(names)}")


def _listed(names: list[str]) -> str:
    return ", ".join(map(repr, names[:8])) + (" ..." if len(names) > 8 else "") or "none"

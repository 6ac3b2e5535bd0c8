"""Classes that the names of images say, such as cat in ``cat.0.jpg``, by a regular expression."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from flowerablate import DataError, Samples
from flowerablate.data.identifiers import found_in_paths, groups_by
from flowerablate.data.tree import fault_of, legible, tree_of
from flowerablate.errors import count_of

from .folder_names import part_of, roles_of

_MAX_CLASSES = 1000
_MIN_IMAGES = 2
"""Images of each class, on average, below which a word in names is not the class."""

_SHOWN = 3
_FORMS = (
    (re.compile(r".*[^\W\d_](?P<mark>[\W_]*)\d+\.\w+"), r"{word}{mark}\d+\.\w+$"),
    (re.compile(r"\d+(?P<mark>[\W_]*)[^\W\d_].*\.\w+"), r"\d+{mark}{word}\.\w+$"),
)


def scan(root: Path, label_from: str, *, within: str = "", skip_bad: bool = False, min_classes: int = 2) -> Samples:
    """List the images below *root* by path; their classes are what *label_from* finds in their paths.

    Where they lie in folders of a split, for training and another part, that is the official split; a part for
    validation without one for tests is the one for tests. Images without a class are left out. *within*: only what is
    in folders of this name counts. Raises :class:`DataError` for fewer classes than *min_classes*, and for a file that
    nothing can be read from (skipped with *skip_bad*).
    """
    if not root.is_dir():
        raise DataError(f"no folder or archive {root}; check the path (a relative path begins at the study's folder)")
    every = [f"{folder.key}/{name}".lstrip("/") for folder in tree_of(root, within).walk() for name in folder.images]
    if not every:
        raise DataError(f"no images in {root}")
    named = found_in_paths(label_from, sorted(every), "dataset.label_from")
    bad = {key: fault for key in named if (fault := fault_of(root / key, key))}
    if bad and not skip_bad:
        raise DataError(f"{next(iter(bad.values()))}; remove or rename it, or leave it out (skip-bad)")
    keys = [key for key in named if key not in bad]
    classes = tuple(sorted({named[key] for key in keys}))
    if len(classes) < min_classes:
        raise DataError(
            f"dataset.label_from: {label_from!r} finds {f'only the class {classes[0]!r}' if classes else 'no class'} "
            f"in paths such as {next(iter(named))}; a classifier needs two or more"
        )
    number = {name: place for place, name in enumerate(classes)}
    unnamed = len(every) - len(named)
    return Samples(
        classes=classes,
        keys=tuple(keys),
        paths=tuple(root / key for key in keys),
        labels=tuple(number[named[key]] for key in keys),
        splits=_parts(keys),
        skipped=tuple(map(legible, bad)),
        read_as=(f"classes by label_from = '{label_from}'",),
        left_out=(f"{count_of(unnamed, 'image')} without a class",) if unnamed else (),
    )


def _parts(keys: Sequence[str]) -> tuple[str, ...] | None:
    """Return the part of the split for each of *keys*, by the folders above them; None if they are not split."""
    folders = {str(PurePosixPath(key).parent) for key in keys}
    of_folder = {folder: next(filter(None, map(part_of, PurePosixPath(folder).parts)), "") for folder in folders}
    found = set(of_folder.values())
    if "train" not in found or len(found) == 1 or "" in found:
        return None
    roles = roles_of(found)
    return tuple(roles[of_folder[str(PurePosixPath(key).parent)]] for key in keys)


def cure_for(names: Sequence[str]) -> str:
    """Return how to read the images *names* if their names seem to say their classes; empty if they do not.

    They do if all names have the same form, a word and a number on either side of it, and the word is that of several
    images on average.
    """
    for pattern in _candidates(names):
        found = groups_by(pattern, names)
        classes = Counter(found.values())
        if len(found) == len(names) and 2 <= len(classes) <= min(_MAX_CLASSES, len(names) // _MIN_IMAGES):
            shown = ", ".join(sorted(classes)[:_SHOWN]) + (" ..." if len(classes) > _SHOWN else "")
            return f"if their names say the class ({shown}), set dataset.label_from = '{pattern}'"
    return ""


def _candidates(names: Sequence[str]) -> Iterator[str]:
    """Yield patterns for a word before the last number of a name, and after the first one."""
    for form, pattern in _FORMS:
        marks = {match["mark"] for name in names if (match := form.fullmatch(name))}
        if len(marks) == 1:
            mark = re.escape(marks.pop())
            yield pattern.format(word="([^/]+)" if mark else r"([^/\d]+)", mark=mark)

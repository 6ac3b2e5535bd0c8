"""Tells which images a model may know: those that lie beside the test images of its own study."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import islice
from pathlib import Path, PurePosixPath

_ENOUGH = 20
"""Test images that must be in a folder, or all if there are fewer, for it to be that of the study."""


def known_images(paths: Sequence[Path], test_keys: Collection[str]) -> list[Path]:
    """Return those of *paths* that are in the data set of a study, but not among its test images.

    *test_keys*: the paths of its test images, relative to the folder of the data set. That folder is recognised by
    them, so only names are compared: a copy elsewhere is not found.
    """
    tests = set(test_keys)
    depths = {len(PurePosixPath(key).parts) for key in islice(tests, _ENOUGH)}
    homes: dict[Path, bool] = {}
    known = []
    for path in paths:
        whole = path.absolute()
        for depth in depths:
            if len(whole.parts) <= depth:
                continue
            home = whole.parents[depth - 1]
            if home not in homes:
                homes[home] = all((home / key).is_file() for key in islice(tests, _ENOUGH))
            if homes[home] and whole.relative_to(home).as_posix() not in tests:
                known.append(path)
                break
    return known

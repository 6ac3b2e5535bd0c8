"""A small part of the training images, class by class."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from ...data.splits import Split
from ...errors import StudyError
from ...keyed import key64
from ..assemble import DataSet


def take(wanted: str, data: DataSet, split: Split, seed: int) -> NDArray[np.int64]:
    """Return the training images that *wanted* asks for, ascending: ``"100"`` of each class, or ``"10%"`` of each.

    Every class keeps at least one. Which images are taken depends on *seed* and their keys alone.
    """
    limit = limit_of(wanted)
    labels = data.labels[split.train]
    chosen = []
    for label in range(len(data.samples.classes)):
        pool = split.train[labels == label]
        ranks = np.array([key64(seed, "sanity subset", data.samples.keys[index]) for index in pool], dtype=np.uint64)
        count = round(limit * len(pool)) if isinstance(limit, float) else limit
        chosen.append(pool[np.argsort(ranks, kind="stable")][: max(1, count)])
    return np.sort(np.concatenate(chosen))


def limit_of(wanted: str) -> int | float:
    """Return the number of images of each class (int) or their share (float) that *wanted* says.

    Anything else than a number or a percentage raises :class:`StudyError`.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(%?)\s*", wanted)
    if match and match.group(2) and 0 < float(match.group(1)) <= 100:
        return float(match.group(1)) / 100
    if match and not match.group(2) and match.group(1).isdigit() and int(match.group(1)):
        return int(match.group(1))
    raise StudyError(
        f"a subset is a number of images for each class, such as 100, or a share such as 10%, not {wanted!r}"
    )

"""Divides samples into train, validation and test; each replicate has a split of its own, the same for all variants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..contracts import Samples, SplitPlan
from ..errors import DataError
from ..keyed import key64

PARTS = ("train", "val", "test")


@dataclass(frozen=True)
class Split:
    """Indices into the samples, int64, ascending; no sample is in two parts."""

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]


def split_samples(samples: Samples, seed: int, plan: SplitPlan) -> Split:
    """Split class by class; a sample's place depends on *seed*, its key and its class only.

    Parts that the data set brings officially are kept; the missing ones are taken from its training part, as fractions
    of that. Every class must reach every part, else :class:`DataError`.
    """
    official = samples.splits or ("train",) * len(samples)
    present = set(official)
    fractions = {
        "val": 0.0 if "val" in present else plan.validation,
        "test": 0.0 if "test" in present else plan.test,
    }
    part_of = np.array([PARTS.index(name) for name in official])
    labels = np.array(samples.labels)
    for label, name in enumerate(samples.classes):
        pool = np.flatnonzero((labels == label) & (part_of == 0))
        taken = 0
        order = _shuffled(pool, samples.keys, seed)
        for part, fraction in fractions.items():
            count = max(1, round(fraction * len(pool))) if fraction else 0
            part_of[order[taken : taken + count]] = PARTS.index(part)
            taken += count
        _require_all_parts(part_of[labels == label], name)
    train, val, held_out = (np.flatnonzero(part_of == part).astype(np.int64) for part in range(3))
    return Split(train, val, held_out)


def _shuffled(pool: NDArray[np.int64], keys: Sequence[str], seed: int) -> NDArray[np.int64]:
    """Order *pool* by a keyed hash of each sample's key, so that one image more or less moves few of the others."""
    ranks = np.array([key64(seed, "split", keys[index]) for index in pool], dtype=np.uint64)
    return pool[np.argsort(ranks, kind="stable")]


def _require_all_parts(parts: NDArray[np.int64], name: str) -> None:
    counts = {part: int(np.count_nonzero(parts == index)) for index, part in enumerate(PARTS)}
    missing = [part for part, count in counts.items() if not count]
    if missing:
        raise DataError(
            f"class {name!r} has {len(parts)} images, and none of them is left for {missing[0]}; "
            "add images or change split.validation and split.test"
        )

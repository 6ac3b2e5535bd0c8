"""Splits samples into train, validation and test; each replicate has its own split, the same for all variants.

============  ======================================================================================================
auto          official if the data set has such a split, else grouped if it has groups, else stratified
stratified    drawn class by class; groups and an official split are ignored
grouped       drawn class by class in whole groups, such as patients: no group is on two sides
official      the data set's own parts; a missing part is drawn from its training part (by groups, if it has them)
k-fold        the replicate with seed s tests on fold s modulo ``folds``; every ``folds`` seeds the folds are redrawn
============  ======================================================================================================

All methods except the official one draw from all images. They draw *units*: groups, or single images. The position of a
unit in the random order depends only on the seed and its name, so one more patient moves few others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..contracts import Samples, SplitPlan
from ..contracts.products import SPLITS
from ..errors import DataError
from .units import Unit, deal, strata

_TRAIN, _VALIDATION, _TEST = range(len(SPLITS))


@dataclass(frozen=True)
class Split:
    """Indices of the samples, int64, ascending; no sample is in two parts."""

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]


def split_samples(samples: Samples, seed: int, plan: SplitPlan) -> Split:
    """Split *samples* according to *plan* for the replicate *seed*.

    In each class the parts have the requested fractions: exact to one image without groups, otherwise as close as whole
    groups allow. Raises :class:`DataError` if a class does not reach every part, an official split is requested and is
    missing or has a group on two sides, groups are requested and are missing, or a class has too few images (or groups)
    for the folds.
    """
    method = method_of(samples, plan)
    grouped = samples.groups is not None and method != "stratified"
    names = samples.groups if grouped and samples.groups is not None else samples.keys
    if method == "k-fold":
        part_of = _folded(samples, names, seed, plan)
    else:
        official = _official(samples, grouped) if method == "official" else np.zeros(len(samples), dtype=np.int64)
        part_of = _drawn(samples, names, seed, plan, official)
    labels = np.array(samples.labels)
    for label, name in enumerate(samples.classes):
        _require_all_parts(part_of[labels == label], name, grouped)
    train, validation, test = (np.flatnonzero(part_of == part).astype(np.int64) for part in range(len(SPLITS)))
    return Split(_subset(samples, train, seed, plan), validation, test)


def method_of(samples: Samples, plan: SplitPlan) -> str:
    """Return the method that splits *samples*: what ``auto`` resolves to, or the named one.

    Raises :class:`DataError` if the data set lacks what the method needs.
    """
    if plan.method == "auto":
        return "official" if samples.splits else "grouped" if samples.groups else "stratified"
    if plan.method == "official" and samples.splits is None:
        raise DataError("split.method is 'official', but the data set has no split of its own; use 'auto'")
    if plan.method == "grouped" and samples.groups is None:
        raise DataError("split.method is 'grouped', but the data set has no groups, such as patients; use 'auto'")
    return plan.method


def split_remarks(samples: Samples, plan: SplitPlan) -> tuple[str, ...]:
    """Return what a reader of the results must know about data and split, as sentences without the full stop."""
    remarks = list(samples.remarks)
    method = method_of(samples, plan)
    if method == "stratified" and samples.groups and len(set(samples.groups)) < len(samples):
        remarks.append("The split ignores the groups of the data set: one patient may be on both sides of it")
    if method == "k-fold":
        remarks.append(
            f"Among {plan.folds} consecutive replicates no two share a test image, but they share most training images"
        )
    return tuple(remarks)


def _official(samples: Samples, grouped: bool) -> NDArray[np.int64]:
    """Return the official part of each sample, as an index into ``SPLITS``."""
    assert samples.splits is not None
    if grouped and samples.groups is not None:
        side: dict[str, str] = {}
        for group, split in zip(samples.groups, samples.splits, strict=True):
            if side.setdefault(group, split) != split:
                raise DataError(
                    f"the official split has group {group!r} in {side[group]} and in {split}; draw a split that keeps "
                    "groups together with split.method = 'grouped', or correct the data"
                )
    return np.array([SPLITS.index(name) for name in samples.splits], dtype=np.int64)


def _drawn(
    samples: Samples, names: Sequence[str], seed: int, plan: SplitPlan, official: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Draw the parts that *official* lacks from its training part, as fractions of it."""
    present = set(official.tolist())
    fractions = {_VALIDATION: plan.validation, _TEST: plan.test}
    fractions = {part: fraction for part, fraction in fractions.items() if part not in present}
    part_of = official.copy()
    for units in strata(names, samples.labels, np.flatnonzero(official == _TRAIN).tolist(), seed, "split"):
        total = sum(len(unit.members) for unit in units)
        drawn = deal(units, [fraction * total for fraction in fractions.values()])
        for part, chosen in zip(fractions, drawn, strict=False):
            _assign(part_of, chosen, part)
    return part_of


def _folded(samples: Samples, names: Sequence[str], seed: int, plan: SplitPlan) -> NDArray[np.int64]:
    """Test on one fold; draw validation, a fraction of all images, from the others."""
    if plan.validation + 1 / plan.folds >= 1:
        raise DataError(
            f"split.validation = {plan.validation:g} and 1 of {plan.folds} folds leave nothing to train on; choose a "
            "smaller split.validation or more folds"
        )
    turn, fold = divmod(seed, plan.folds)
    _require_units(samples, names, plan.folds)
    part_of = np.zeros(len(samples), dtype=np.int64)
    for units in strata(names, samples.labels, range(len(samples)), turn, "folds"):
        total = sum(len(unit.members) for unit in units)
        _assign(part_of, deal(units, [total / plan.folds] * (plan.folds - 1))[fold], _TEST)
    for units in strata(names, samples.labels, np.flatnonzero(part_of != _TEST).tolist(), seed, "split"):
        total = sum(len(unit.members) for unit in units)
        wanted = plan.validation * total * plan.folds / (plan.folds - 1)
        _assign(part_of, deal(units, [wanted])[0], _VALIDATION)
    return part_of


def _assign(part_of: NDArray[np.int64], units: Sequence[Unit], part: int) -> None:
    part_of[[index for unit in units for index in unit.members]] = part


def _require_units(samples: Samples, names: Sequence[str], folds: int) -> None:
    for label, name in enumerate(samples.classes):
        found = len({unit for unit, its in zip(names, samples.labels, strict=True) if its == label})
        if found < folds:
            what = "images" if names is samples.keys else "groups"
            raise DataError(f"class {name!r} has {found} {what}, too few for split.folds = {folds}; choose fewer folds")


def _require_all_parts(parts: NDArray[np.int64], name: str, grouped: bool) -> None:
    missing = [part for index, part in enumerate(SPLITS) if not np.any(parts == index)]
    if missing:
        whole = ", which are split in whole groups" if grouped else ""
        raise DataError(
            f"class {name!r} has {len(parts)} images{whole}, and none is left for {missing[0]}; "
            "add images or change split.validation and split.test"
        )


def _subset(samples: Samples, train: NDArray[np.int64], seed: int, plan: SplitPlan) -> NDArray[np.int64]:
    """Keep as many training images per class as the plan says; a smaller subset is a subset of a larger one."""
    if not plan.subset:
        return train
    kept: list[int] = []
    for units in strata(samples.keys, samples.labels, train.tolist(), seed, "subset"):
        kept += [unit.members[0] for unit in units[: plan.training_images(len(units))]]
    return np.sort(np.array(kept, dtype=np.int64))

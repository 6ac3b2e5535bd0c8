"""Findings about duplicate images: a wrong label across classes, a leak across splits, otherwise redundant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ...contracts import Progress, Samples
from .alike import exact_groups, joined, near_pairs
from .look import Look
from .records import Finding, Severity

_EXCLUDE = (
    "to leave copies out, set dataset.exclude to the file that "
    "'flowerablate data check PATH --write-exclude exclude.txt' writes"
)
_GROUPS = (
    "to keep copies together, set dataset.groups to the file that "
    "'flowerablate data check PATH --write-groups groups.csv' writes"
)
_SEVERITIES: dict[str, Severity] = {
    "across classes": "fault",
    "across splits": "fault",
    "within a class": "warning",
    "within a group": "fine",
}
_INFLATED = "test images have copies in training, so accuracy is inflated"


def copies(
    samples: Samples, seen: Sequence[int], looks: Sequence[Look], progress: Progress, *, drawn: bool
) -> list[Finding]:
    """Return findings about exact and near duplicates; *looks* belong to the samples with the indices *seen*.

    *drawn*: whether the split of the samples, if they have one, was drawn, so that groups can change it.
    """
    same = exact_groups([look.pixels for look in looks])
    again = {place for group in same for place in group[1:]}
    single = [place for place in range(len(looks)) if place not in again]
    near: list[tuple[int, ...]] = []
    alike: dict[int, float] = {}
    if len(single) > 1:
        labels = np.array([samples.labels[seen[place]] for place in single], np.int64)
        pairs, alike = near_pairs(np.stack([looks[place].thumbnail for place in single]), labels, progress)
        near = [tuple(single[place] for place in group) for group in joined(pairs)]
    bytewise = sum(len({looks[place].content for place in group}) == 1 for group in same)
    return [
        *_sorted_by_harm("duplicates", [tuple(seen[p] for p in g) for g in same], samples, drawn, bytewise),
        *_sorted_by_harm("near duplicates", [tuple(seen[p] for p in g) for g in near], samples, drawn),
        *_alike(samples, alike),
    ]


def _alike(samples: Samples, alike: Mapping[int, float]) -> list[Finding]:
    """Return the finding about classes whose images are so *alike* that copies are hard to tell from them."""
    if not alike:
        return []
    named = ", ".join(f"{samples.classes[label]} (cosine {alike[label]:.3f})" for label in sorted(alike))
    text = f"images of a class are alike anyway, so only closer ones count as near duplicates: {named}"
    values = {samples.classes[label]: round(value, 4) for label, value in sorted(alike.items())}
    return [Finding("alike images", "fine", text, "", (), values)]


def _sorted_by_harm(
    what: str, groups: Sequence[tuple[int, ...]], samples: Samples, drawn: bool, bytewise: int | None = None
) -> list[Finding]:
    if not groups:
        return [Finding(what, "fine", "none")]
    kinds: dict[str, list[tuple[int, ...]]] = {}
    for group in groups:
        kinds.setdefault(_kind(group, samples), []).append(group)
    findings = []
    for kind, members in kinds.items():
        images = sum(map(len, members))
        text = f"{images} images in {len(members)} group{'s' * (len(members) > 1)}"
        if bytewise is not None and len(kinds) == 1:
            text += f", {bytewise} of them byte for byte" if bytewise < len(members) else ", byte for byte"
        severity = _SEVERITIES[kind]
        files = tuple(tuple(samples.keys[place] for place in group) for group in members)
        values = {"groups": len(members), "images": images}
        findings.append(Finding(f"{what} {kind}", severity, text, _advice(kind, samples, drawn), files, values))
    return findings


def _advice(kind: str, samples: Samples, drawn: bool) -> str:
    """Return what to do about duplicates of this *kind*."""
    if kind == "across classes":
        return f"at least one label in each group is wrong: correct it; {_EXCLUDE}"
    if kind == "across splits":
        return f"{_INFLATED}; {_GROUPS}; {_EXCLUDE}" if drawn else f"{_INFLATED}; {_EXCLUDE}"
    if kind == "within a class" and not samples.splits:
        return f"where a split separates them, {_INFLATED}; {_GROUPS}; {_EXCLUDE}"
    return _EXCLUDE if kind == "within a class" else ""


def _kind(group: tuple[int, ...], samples: Samples) -> str:
    if len({samples.labels[place] for place in group}) > 1:
        return "across classes"
    if samples.splits and len({samples.splits[place] for place in group}) > 1:
        return "across splits"
    if samples.groups and len({samples.groups[place] for place in group}) == 1:
        return "within a group"
    return "within a class"

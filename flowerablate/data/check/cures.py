"""What a data set check suggests: images to keep together, and images to leave out."""

from __future__ import annotations

from itertools import pairwise

from ...contracts import SPLITS, Samples
from .alike import joined
from .records import DataReport

UNREADABLE = "unreadable files"
_DUPLICATES = ("duplicates ", "near duplicates ")


def groups_of_copies(report: DataReport, samples: Samples) -> list[tuple[str, ...]]:
    """Return the groups of keys that are copies of each other, directly or through others, each at least a pair."""
    places = {key: place for place, key in enumerate(samples.keys)}
    pairs = [
        (places[one], places[other])
        for finding in report.findings
        if finding.name.startswith(_DUPLICATES)
        for group in finding.files
        for one, other in pairwise(group)
    ]
    return [tuple(samples.keys[place] for place in group) for group in joined(pairs)]


def images_to_exclude(report: DataReport, samples: Samples) -> list[tuple[str, str]]:
    """Return the keys to leave out, each with the reason: unreadable files, and copies.

    Of copies with one class, one image stays, of the test part if one of them is there; of copies with several classes,
    none, as it is not known which label is right.
    """
    number = {key: place for place, key in enumerate(samples.keys)}
    found = [
        (key, "cannot be read")
        for finding in report.findings
        if finding.name == UNREADABLE
        for (key,) in finding.files
        if key in number
    ]
    for group in groups_of_copies(report, samples):
        places = [number[key] for key in group]
        if len({samples.labels[place] for place in places}) > 1:
            found += [(key, f"copies with different classes: {' = '.join(group)}") for key in group]
            continue
        kept = min(places, key=lambda place: (-SPLITS.index(_part(samples, place)), place))
        reason = f"a copy of {samples.keys[kept]}"
        found += [(samples.keys[place], reason) for place in places if place != kept]
    return found


def _part(samples: Samples, place: int) -> str:
    return samples.splits[place] if samples.splits else SPLITS[0]

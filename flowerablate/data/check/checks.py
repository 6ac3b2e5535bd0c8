"""Reads every file of a data set once and collects the findings of all checks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from ...contracts import Progress, Samples
from ..window import in_order
from .copies import copies
from .cures import UNREADABLE
from .hints import misleading_signs
from .look import Look, look_at
from .records import SEVERITIES, ClassFacts, DataReport, Finding
from .sets import balance, groups_of_samples
from .single_images import looks_of_images


def check_data(
    samples: Samples, progress: Progress = lambda what, done, total: None, *, drawn: bool = False
) -> DataReport:
    """Decode every image of *samples* once, on all cores, and return what to know before training.

    *drawn*: whether the split of *samples* was drawn for one replicate, and is none of the data set. Nothing is
    written. The time goes into decoding, about a millisecond for a small photograph, and comparing all
    images with each other (see :func:`.alike.near_pairs`). A file that is missing or may not be read raises
    :class:`DataError`; a file that is not an image is a finding.
    """
    looks: list[Look] = []
    seen: list[int] = []
    bad: list[tuple[str, str]] = [(key, "left out by the data set") for key in samples.skipped]
    for place, found in enumerate(in_order(look_at, samples.paths)):
        if isinstance(found, str):
            bad.append((samples.keys[place], found))
        else:
            looks.append(found)
            seen.append(place)
        progress("checking images", place + 1, len(samples))
    findings = [
        _unreadable(bad),
        *copies(samples, seen, looks, progress, drawn=drawn),
        *(Finding("remark of the data set", "warning", remark) for remark in samples.remarks),
        *groups_of_samples(samples),
        *balance(samples),
        *looks_of_images(samples, seen, looks),
        *misleading_signs(samples, seen, looks),
    ]
    findings.sort(key=lambda finding: SEVERITIES.index(finding.severity))
    return DataReport(len(samples), _class_facts(samples, seen, looks), tuple(findings))


def _unreadable(bad: Sequence[tuple[str, str]]) -> Finding:
    if not bad:
        return Finding(UNREADABLE, "fine", "every file can be read")
    key, reason = bad[0]
    return Finding(
        UNREADABLE,
        "fault",
        f"{len(bad)} cannot be read; the first, {key}: {reason}",
        "repair or remove them, or train without them (skip-bad)",
        tuple((key,) for key, _ in bad),
        {"files": len(bad)},
    )


def _class_facts(samples: Samples, seen: Sequence[int], looks: Sequence[Look]) -> tuple[ClassFacts, ...]:
    facts = []
    for label, name in enumerate(samples.classes):
        places = [place for place, other in enumerate(samples.labels) if other == label]
        mine = [look for place, look in zip(seen, looks, strict=True) if samples.labels[place] == label]
        facts.append(
            ClassFacts(
                name=name,
                images=len(places),
                splits=dict(Counter(samples.splits[place] for place in places)) if samples.splits else {},
                width=_median(look.width for look in mine),
                height=_median(look.height for look in mine),
                aspect=_median(look.width / look.height for look in mine),
                kilobytes=_median(look.file_bytes / 1000 for look in mine),
                brightness=_median(look.brightness for look in mine),
                contrast=_median(look.contrast for look in mine),
            )
        )
    return tuple(facts)


def _median(values: Iterable[float]) -> float:
    numbers = list(values)
    return float(np.median(numbers)) if numbers else 0.0

"""Findings about the whole data set: class balance, and what is in which split."""

from __future__ import annotations

import re
from collections import Counter, defaultdict

from ...contracts import Samples
from .records import Finding

_IMBALANCED = 1.5
_FEW = 20
_PERSON = re.compile(r"(?:person|patient|subject|case|pat|pid)[_-]?\d+", re.IGNORECASE)


def balance(samples: Samples) -> list[Finding]:
    """Return a finding about class balance, and one about classes that a split lacks."""
    counts = Counter(samples.labels)
    numbers = [counts[label] for label in range(len(samples.classes))]
    low, high = min(numbers), max(numbers)
    smallest, largest = (samples.classes[numbers.index(number)] for number in (low, high))
    values = dict(zip(samples.classes, numbers, strict=True))
    findings = []
    if not low:
        findings.append(Finding("class balance", "fault", f"class {smallest} has no images", "add some", (), values))
    elif high > _IMBALANCED * low:
        text = f"{largest} has {high / low:.1f} times as many images as {smallest}"
        advice = (
            f"always predicting {largest} is right for {high / len(samples):.0%}: report macro_f1 or balanced_accuracy "
            "in addition to accuracy; weight classes in the loss, or balance them with the sampler"
        )
        findings.append(Finding("class balance", "warning", text, advice, (), values))
    else:
        findings.append(Finding("class balance", "fine", f"{low} to {high} images in each class", "", (), values))
    return findings + _lacking(samples)


def _lacking(samples: Samples) -> list[Finding]:
    if not samples.splits:
        return []
    cells = Counter(zip(samples.splits, samples.labels, strict=True))
    parts = list(dict.fromkeys(samples.splits))
    few = {
        f"{part}/{name}": cells[part, label]
        for part in parts
        for label, name in enumerate(samples.classes)
        if cells[part, label] < _FEW
    }
    missing = [cell for cell, number in few.items() if not number]
    if missing:
        return [Finding("classes in splits", "fault", f"no images of {', '.join(missing)}", "add some", (), few)]
    if few:
        text = ", ".join(f"{cell} {number}" for cell, number in few.items())
        advice = "metrics on so few images are mostly chance: draw a new split, or enlarge that part"
        return [Finding("classes in splits", "warning", f"few images: {text}", advice, (), few)]
    return [Finding("classes in splits", "fine", "every class is in every split")]


def groups_in_two_splits(samples: Samples) -> list[Finding]:
    """Return a finding about groups (patients) with images in two parts of an official split.

    If the data set has no groups, file names such as ``person12_3.png`` serve as a hint.
    """
    if not samples.splits:
        return []
    given = samples.groups
    names = given or [match[0] if (match := _PERSON.search(key.rpartition("/")[2])) else "" for key in samples.keys]
    places: dict[str, list[int]] = defaultdict(list)
    for place, name in enumerate(names):
        if name:
            places[name].append(place)
    if not places:
        return []
    torn = {name: group for name, group in places.items() if len({samples.splits[place] for place in group}) > 1}
    what = "groups in two splits"
    if not torn:
        return [Finding(what, "fine", f"each of {len(places)} groups is in one split", "", (), {"groups": len(places)})]
    files = tuple(tuple(samples.keys[place] for place in group) for group in torn.values())
    values = {"groups": len(places), "in two splits": len(torn)}
    if given:
        text = f"{len(torn)} of {len(places)} groups are in two splits, such as {next(iter(torn))}"
        advice = 'split by group (split.method = "grouped"), or remove them from one side'
        return [Finding(what, "fault", text, advice, files, values)]
    text = f"file names such as {next(iter(torn))} are in two splits: {len(torn)} of {len(places)}"
    advice = "if these are patients, test metrics are inflated: split by patient, or remove them from one side"
    return [Finding(what, "warning", text, advice, files, values)]

"""Findings about the whole data set: class balance, and what is in which split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from ...contracts import Samples
from ..identifiers import repeated_identifiers, torn_groups
from .records import Finding

_IMBALANCED = 1.5
_FEW = 20
_TORN = "groups in two splits"


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


def groups_of_samples(samples: Samples) -> list[Finding]:
    """Return a finding about groups (patients) with images in two parts of an official split.

    If the data set has no groups, identifiers that the file names repeat serve as a hint; they are a finding also where
    a split is still to be drawn.
    """
    if samples.groups:
        return _torn_groups(samples, samples.groups) if samples.splits else []
    found = repeated_identifiers(samples)
    if found is None:
        return []
    number = len(set(found.groups.values()))
    advice = (
        "if these are patients or the like, test metrics are inflated: keep the images of each together with "
        f"dataset.group_from = '{found.pattern}'"
    )
    values = {"identifiers": number, "images": found.images}
    if not samples.splits:
        text = f"names repeat an identifier, such as {found.most}: {number} in {len(found.groups)} images"
        return [Finding("groups in names", "warning", text, advice, (), values)]
    torn = torn_groups(samples, [found.groups.get(key, "") for key in samples.keys])
    if not torn:
        return [Finding(_TORN, "fine", f"each of {number} identifiers in names is in one split", "", (), values)]
    text = f"{len(torn)} of {number} identifiers in names are in two splits, such as {next(iter(torn))}"
    return [Finding(_TORN, "warning", text, f'{advice} and split.method = "grouped"', _files(samples, torn), values)]


def _torn_groups(samples: Samples, groups: Sequence[str]) -> list[Finding]:
    number, torn = len(set(groups)), torn_groups(samples, groups)
    if not torn:
        return [Finding(_TORN, "fine", f"each of {number} groups is in one split", "", (), {"groups": number})]
    text = f"{len(torn)} of {number} groups are in two splits, such as {next(iter(torn))}"
    advice = 'split by group (split.method = "grouped"), or remove them from one side'
    values = {"groups": number, "in two splits": len(torn)}
    return [Finding(_TORN, "fault", text, advice, _files(samples, torn), values)]


def _files(samples: Samples, torn: Mapping[str, Sequence[int]]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(samples.keys[place] for place in group) for group in torn.values())

"""Findings about shortcuts: sizes, formats and light that predict the class, or the split, without the scene."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ...contracts import Samples
from .look import Look
from .records import Finding
from .shortcuts import separation

_MIN_AUC = 0.65
"""Minimum area under the ROC curve of a feature that is reported; chance is .5."""

_OF_THE_FILE: dict[str, Callable[[Look], float]] = {
    "width": lambda look: look.width,
    "height": lambda look: look.height,
    "aspect ratio": lambda look: look.width / look.height,
    "file size": lambda look: look.file_bytes,
    "bytes per pixel": lambda look: look.file_bytes / (look.width * look.height),
    "JPEG quality": lambda look: round(look.quality),
    "grey or colour": lambda look: look.grey,
}
_OF_ITS_BYTES = ("file size", "bytes per pixel")
_OF_THE_LIGHT: dict[str, Callable[[Look], float]] = {
    "brightness": lambda look: look.brightness,
    "contrast": lambda look: look.contrast,
}


def misleading_signs(samples: Samples, seen: Sequence[int], looks: Sequence[Look]) -> list[Finding]:
    """Return a finding for each feature of a file that predicts the class, and one for those that predict the split."""
    if not looks:
        return []
    labels = np.array([samples.labels[place] for place in seen], np.int64)
    findings = []
    weak: list[str] = []
    for name, feature in _features(looks).items():
        found = separation(np.array([feature(look) for look in looks], np.float64), labels)
        if found is None:
            continue
        if not found.surprising or found.auc < _MIN_AUC:
            weak.append(f"{name} {found.auc:.2f}")
            continue
        text = f"{name} alone tells {samples.classes[found.label]} from the rest, with AUC {found.auc:.2f}"
        if name in _OF_THE_LIGHT:
            advice = (
                "fine if the objects themselves differ; if the camera or the place does, vary the light in training"
            )
        elif name in _OF_ITS_BYTES:
            advice = "detail, noise or compression differ: is it the objects, or the device? compare some images by eye"
        else:
            advice = (
                "the classes may come from two sources, which a model can tell apart by this alone; make them alike"
            )
        findings.append(Finding(f"shortcut: {name}", "warning", text, advice, (), {"AUC": round(found.auc, 4)}))
    if weak:
        findings.append(Finding("shortcuts", "fine", f"none; AUC of the class by each alone: {', '.join(weak)}"))
    return findings + _drift(samples, seen, looks)


def _features(looks: Sequence[Look]) -> dict[str, Callable[[Look], float]]:
    """Return the features; if all images have one size, only one of the two about bytes."""
    one_size = len({(look.width, look.height) for look in looks}) == 1
    features = {**_OF_THE_FILE, **_OF_THE_LIGHT}
    return {name: feature for name, feature in features.items() if not (one_size and name == "bytes per pixel")}


def _drift(samples: Samples, seen: Sequence[int], looks: Sequence[Look]) -> list[Finding]:
    """Compare the splits by the same features within each class, so that class frequencies do not count."""
    if not samples.splits:
        return []
    parts = list(dict.fromkeys(samples.splits))
    worst: dict[str, tuple[float, str]] = {}
    for name, feature in _features(looks).items():
        for label, title in enumerate(samples.classes):
            mine = [(place, look) for place, look in zip(seen, looks, strict=True) if samples.labels[place] == label]
            if not mine:
                continue
            split = np.array([parts.index(samples.splits[place]) for place, _ in mine], np.int64)
            found = separation(np.array([feature(look) for _, look in mine], np.float64), split)
            if found and found.surprising and found.auc >= max(_MIN_AUC, worst.get(name, (0.0, ""))[0]):
                worst[name] = found.auc, f"{parts[found.label]} of {title}"
    if not worst:
        return [Finding("splits alike", "fine", "sizes, formats and light are alike in all splits")]
    text = "; ".join(f"{where} stands out by {name} (AUC {auc:.2f})" for name, (auc, where) in worst.items())
    advice = (
        "the split is not random, so test metrics describe another source of images; report that, or draw a new split"
    )
    values = {name: round(auc, 4) for name, (auc, _) in worst.items()}
    return [Finding("splits alike", "warning", text, advice, (), values)]
